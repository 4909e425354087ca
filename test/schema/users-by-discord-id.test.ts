import { beforeEach, describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { startSandbox } from '../../src/features/sandbox/server.ts';
import { createGateway, createTransport, type UserTable } from '../../src/index.ts';
import { jsonPost } from '../support/clients/json-post.ts';
import { bearer, ringOf } from '../support/clients/keys.ts';
import { useOpened, useSandbox } from '../support/gateways/fixture.ts';

const { userKey, blacklistedUserKey, endlessUserKey, discordId } = seeded;
const UNKNOWN_ID = '1';
const LITERAL = `{ usersByDiscordId(discordId: "${discordId}") { key executions } rateLimit { cost } }`;
const VARIABLE = `query ($id: ID!) { usersByDiscordId(discordId: $id) { key executions } rateLimit { cost } }`;

const read = (key: string) => `GET /users/${key}`;
const keysIn = (data: unknown) =>
  (data as { usersByDiscordId: ({ key: string } | null)[] }).usersByDiscordId.map(
    (user) => user?.key ?? null,
  );

const table = new Map<string, readonly string[]>();
beforeEach(() => {
  table.clear();
  table.set(discordId, [userKey, endlessUserKey]);
});

const keyRing = ringOf([{ name: 'all' }, { name: 'scripts-only', scopes: ['scripts:read'] }]);

describe('usersByDiscordId', () => {
  const fixture = useSandbox({
    gateway: { credentials: { heldKey: 'sandbox-key', keyRing }, users: table },
  });
  const execute = (document: string, variables: object = {}, more: Record<string, string> = {}) =>
    fixture.gateway.execute(document, variables, { ...bearer('all'), ...more });
  const costOf = (data: unknown) => (data as { rateLimit: { cost: number } }).rateLimit.cost;

  it.each([
    ['in the document', LITERAL, {}],
    ['as a variable', VARIABLE, { id: discordId }],
  ])(
    'reads each user of an id that stands %s, with one call for each key',
    async (_where, document, given) => {
      const { data, errors } = await execute(document, given);
      expect(errors).toBeUndefined();
      expect(keysIn(data)).toEqual([userKey, endlessUserKey]);
      expect(costOf(data)).toBe(2);
      expect([...fixture.lines()].sort()).toEqual([read(userKey), read(endlessUserKey)].sort());
    },
  );

  it('gives an empty list for an unknown id, for no REST call', async () => {
    const { data, errors } = await execute(VARIABLE, { id: UNKNOWN_ID });
    expect({ data, errors }).toEqual({
      data: { usersByDiscordId: [], rateLimit: { cost: 0 } },
      errors: undefined,
    });
    expect(fixture.lines()).toEqual([]);
  });

  it('shares calls with users(keys:)', async () => {
    const { data, errors } = await execute(
      `query ($id: ID!, $keys: [ID!]!) { usersByDiscordId(discordId: $id) { key } users(keys: $keys) { note } }`,
      { id: discordId, keys: [userKey, blacklistedUserKey] },
    );
    expect(errors).toBeUndefined();
    expect(keysIn(data)).toEqual([userKey, endlessUserKey]);
    expect([...fixture.lines()].sort()).toEqual(
      [userKey, endlessUserKey, blacklistedUserKey].map(read).sort(),
    );
  });

  it('is null with an error at the index of a user that cannot be read', async () => {
    table.set(discordId, ['unknown-7c1f', userKey]);
    const { data, errors } = await execute(VARIABLE, { id: discordId });
    expect(keysIn(data)).toEqual([null, userKey]);
    expect(errors).toMatchObject([expect.toBeError('FORBIDDEN', { path: ['usersByDiscordId', 0] })]);
    expect(JSON.stringify(errors)).not.toContain('7c1f');
  });

  it.each(['', 'abc', '12 34', '-1', '1'.repeat(33), '1e9'])(
    'refuses what is no Discord id: %j',
    async (id) => {
      const { data, errors } = await execute(
        'query ($id: ID!) { usersByDiscordId(discordId: $id) { key } }',
        { id },
      );
      expect(data).toEqual({ usersByDiscordId: null });
      expect(errors).toMatchObject([expect.toBeError('BAD_USER_INPUT', { path: ['usersByDiscordId'] })]);
      expect(errors?.[0]?.message).toBe('discordId: it is not a Discord id. Give 1 to 32 digits.');
      expect(fixture.lines()).toEqual([]);
    },
  );

  it.each([
    ['in the document', LITERAL, {}],
    ['as a variable', VARIABLE, { id: discordId }],
  ])('has the price of the table as it is now, if the id stands %s', async (_where, document, given) => {
    const price = async () => {
      const { extensions } = await execute(document, given, { 'x-upstream': 'plan' });
      return extensions?.upstream;
    };
    expect(await price()).toMatchObject({ price: 2 });
    table.set(discordId, [userKey]);
    expect(await price()).toMatchObject({ price: 1 });
    table.delete(discordId);
    expect(await price()).toMatchObject({ price: 0 });
    table.set(
      discordId,
      Array.from({ length: 100 }, (_, index) => `key-${index}`),
    );
    expect(await price()).toMatchObject({ price: 100 });
    expect(fixture.lines()).toEqual([]);
  });

  it('is refused as too expensive when the keys of several ids are too many', async () => {
    const ids = ['11', '12', '13'];
    for (const id of ids)
      table.set(
        id,
        Array.from({ length: 100 }, (_, index) => `key-${id}-${index}`),
      );
    const fields = ids.map((id) => `id${id}: usersByDiscordId(discordId: ${id}) { key }`);
    const { errors } = await execute(`{ ${fields.join(' ')} }`);
    expect(errors).toMatchObject([
      { extensions: { code: 'OPERATION_TOO_EXPENSIVE', found: 300, limit: 250 } },
    ]);
    expect(fixture.lines()).toEqual([]);
  });

  it('tells callers without a key nothing about the table, not even by the price', async () => {
    expect(costOf((await execute(LITERAL)).data)).toBe(2);
    const before = fixture.lines();
    const plan = await fixture.gateway.execute(LITERAL, {}, { 'x-upstream': 'plan' });
    expect(plan.extensions).toMatchObject({ upstream: { price: 0, plan: [] } });
    for (const id of [discordId, UNKNOWN_ID, 'abc']) {
      const { data, errors } = await fixture.gateway.execute<unknown, object>(
        'query ($id: ID!) { usersByDiscordId(discordId: $id) { key } }',
        { id },
        {},
      );
      expect(data).toEqual({ usersByDiscordId: null });
      expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['UNAUTHENTICATED']);
    }
    expect(fixture.lines()).toEqual(before);
    expect(costOf((await execute(LITERAL)).data)).toBe(2);
  });

  it('needs the scope users:read', async () => {
    const { status, errors } = await execute(LITERAL, {}, bearer('scripts-only'));
    expect(status).toBe(200);
    expect(errors).toMatchObject([
      { extensions: { code: 'FORBIDDEN', missingScopes: { usersByDiscordId: ['users:read'] } } },
    ]);
    expect(fixture.lines()).toEqual([]);
  });
});

describe('without a table for the caller', () => {
  const { open } = useOpened();

  it.each([
    ['there is none', { credentials: { heldKey: 'sandbox-key' } }],
    ['callers send their own LuaAuth keys', { users: table }],
  ])('usersByDiscordId is an error that says what to do, because %s', async (_why, options) => {
    const { gateway, sandbox } = await open(options);
    const { data, errors } = await gateway.execute<{ rateLimit: object }, object>(LITERAL);
    expect(data).toEqual({ usersByDiscordId: null, rateLimit: { cost: 0 } });
    expect(errors).toMatchObject([expect.toBeError('FORBIDDEN', { path: ['usersByDiscordId'] })]);
    expect(errors?.[0]?.message).toContain('set LUAAUTH_TOKEN');
    expect(errors?.[0]?.message).toContain('USERS_FILE');
    expect(sandbox.calls).toEqual([]);
  });
});

describe('a table of an embedder', () => {
  const { closing } = useOpened();

  async function ask(get: (id: string) => unknown) {
    const sandbox = await startSandbox({ rate: 0 });
    const transport = createTransport({ url: sandbox.url });
    closing.push(sandbox.close, transport.close);
    const logged: unknown[] = [];
    const gateway = createGateway({
      transport,
      credentials: { heldKey: 'sandbox-key' },
      users: { get } as UserTable,
      log: { error: (error) => logged.push(error) },
    });
    const response = await gateway.fetch('http://localhost/graphql', jsonPost(LITERAL));
    return {
      answer: (await response.json()) as object,
      logged,
      lines: sandbox.calls.map(({ path }) => path),
    };
  }

  it.each<[what: string, get: () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('the table is gone');
      },
    ],
    ['gives a promise', () => Promise.resolve(['secret-4e1d'])],
    ['gives what cannot be a key', () => ['../secret-4e1d']],
  ])('that %s lets the field or the operation fail', async (_what, get) => {
    const { answer, logged, lines } = await ask(get);
    expect(answer).toMatchObject({ errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] });
    expect(lines).toEqual([]);
    expect(logged).toHaveLength(1);
    expect(JSON.stringify(answer) + String(logged)).not.toContain('secret-4e1d');
  });
});
