import { createHash, randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { createEncryption, type Encryption } from '../../../src/features/redis/keyspace.ts';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import { sha256 } from '../../support/keys.ts';
import { answerPlainly } from '../../support/plain-api.ts';
import { json, startRecorder } from '../../support/recorder.ts';
import { describeWithRedis } from '../../support/redis.ts';
import { type GatewayOfSeveral, useSeveralGateways } from '../../support/several-gateways.ts';
import { eventually } from '../../support/waiting.ts';

const KEY = 'key-a';
const ACCOUNT = createHash('sha256').update(KEY).digest('base64url');
const READ = 'query Harmless($id: ID!) { script(id: $id) { name } }';
const OTHER = 'query Other($id: ID!) { script(id: $id) { id } }';
const DELETE = 'mutation Harmless($id: ID!) { deleteScript(input: { id: $id }) { __typename } }';
const NOT_FOUND = 'PERSISTED_QUERY_NOT_FOUND';
const NAME = { script: { name: 'name of a' } };

const persistedQuery = (text: string) => ({ persistedQuery: { version: 1, sha256Hash: sha256(text) } });

async function post(gateway: GatewayOfSeveral, body: object, token = KEY) {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { token }) },
    body: JSON.stringify({ variables: { id: 'a' }, ...body }),
  });
  const { data, errors } = (await response.json()) as {
    readonly data?: unknown;
    readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
  };
  return errors?.[0]?.extensions.code ?? data;
}

const register = (gateway: GatewayOfSeveral, query: string, token?: string) =>
  post(gateway, { query, extensions: persistedQuery(query) }, token);
const ask = (gateway: GatewayOfSeveral, query: string, token?: string) =>
  post(gateway, { extensions: persistedQuery(query) }, token);

describeWithRedis('documents that clients register with one of several gateways', () => {
  const fixture = useSeveralGateways();
  let recorder: Awaited<ReturnType<typeof startRecorder>>;
  let refused: readonly string[];

  beforeEach(async () => {
    refused = [];
    recorder = await startRecorder((recorded, response) => {
      if (!refused.includes(String(recorded.headers.token))) return answerPlainly(recorded, response);
      json(response, { success: false, error: { code: 1, message: 'unauthorized', failed: ['token'] } });
    });
    fixture.closing.push(() => recorder.close());
  });

  const openTwo = () =>
    fixture.openAll(2, { upstream: recorder.url }) as Promise<[GatewayOfSeveral, GatewayOfSeveral]>;
  const openState = async () => {
    const state = await openStateInRedis({
      url: fixture.redis.url,
      rate: 50,
      longestTtlMs: 1_000,
      commandTimeoutMs: 5_000,
    });
    fixture.closing.push(() => state.close?.() ?? Promise.resolve());
    return state;
  };
  const texts = `luaauth:{${createEncryption(ACCOUNT).tag}}:documents`;
  const kept = async (key = texts) => (await fixture.redis.command('HKEYS', key)) as string[];
  const registered = async (gateway: GatewayOfSeveral, ...queries: readonly string[]) => {
    for (const query of queries) await register(gateway, query);
    await eventually(async () => expect(await kept()).toHaveLength(queries.length));
  };

  it('are kept in Redis for the account that has registered them, with a TTL', async () => {
    const [one, other] = await openTwo();
    await registered(one, READ);
    expect([await ask(other, READ), await ask(other, READ, 'key-b')]).toEqual([NAME, NOT_FOUND]);
    const keys = (await fixture.redis.command('KEYS', '*document*')) as string[];
    expect(keys.sort()).toEqual([texts.replace(/s$/, '-uses'), texts, 'luaauth:{gateways}:documents'].sort());
    for (const key of keys) expect(await fixture.redis.command('PTTL', key)).toBeGreaterThan(86_000_000);
  });

  it('leave nothing in Redis that is not valid, or comes without a key that LuaAuth has accepted', async () => {
    const [one, other] = await openTwo();
    refused = ['made-up'];
    await post(one, { query: READ });
    for (const query of ['x'.repeat(20_000), '{ nothing }', '{']) {
      for (const token of [KEY, 'made-up', '']) await register(one, query, token);
    }
    for (const token of ['made-up', '']) {
      for (const query of [READ, '{ __typename }']) await register(one, query, token);
    }
    // Documents are kept in order: those before this one would be there too.
    await registered(one, OTHER);
    expect(await fixture.redis.command('KEYS', '*:documents')).toHaveLength(2);
    expect(await ask(other, READ)).toBe(NOT_FOUND);
  });

  describe('when somebody changes them in Redis', () => {
    /** Puts something in the place of the only document. */
    const replace = async (
      change: (sealed: Buffer, place: string, encryption: Encryption) => Buffer | Promise<Buffer>,
    ) => {
      const [name = ''] = await kept();
      const encryption = createEncryption(ACCOUNT);
      const place = `luaauth:{gateways}:documents ${encryption.tag} ${name}`;
      const sealed = await fixture.redis.bytes('HGET', texts, name);
      await fixture.redis.bytes('HSET', texts, name, await change(sealed, place, encryption));
    };

    it.each<[string, Parameters<typeof replace>[0]]>([
      [
        'another byte',
        (sealed) => Buffer.from(sealed.map((byte, index) => (index === 40 ? byte ^ 1 : byte))),
      ],
      ['nothing', () => Buffer.alloc(0)],
      ['the text itself', () => Buffer.from(DELETE)],
      ['a mutation under the same key', (_sealed, place, encryption) => encryption.seal(DELETE, place)],
      ['another account’s', (_sealed, place) => createEncryption('another').seal(READ, place)],
      ['that of another place', (_sealed, place, encryption) => encryption.seal(READ, `${place}x`)],
    ])('to %s, they are dropped and can be registered again', async (_name, change) => {
      const [one, other] = await openTwo();
      await registered(one, READ);
      await replace(change);
      const before = recorder.calls.length;
      expect(await ask(other, READ)).toBe(NOT_FOUND);
      expect(recorder.calls).toHaveLength(before);
      expect([await register(other, READ), await ask(other, READ)]).toEqual([NAME, NAME]);
      const third = await fixture.open({ upstream: recorder.url });
      await eventually(async () => expect(await ask(third, READ)).toEqual(NAME));
    });

    it('to what Redis cannot read as documents, that is no loss of Redis', async () => {
      const [one, other] = await openTwo();
      await fixture.redis.command('SET', texts, 'no hash');
      await register(one, READ);
      expect([await ask(one, READ), await ask(other, READ)]).toEqual([NAME, NOT_FOUND]);
    });
  });

  it('are no loss of Redis where it refuses to keep them', async () => {
    const [one, other] = await openTwo();
    await fixture.redis.command('ACL', 'SETUSER', 'default', '-hstrlen');
    await register(one, READ);
    expect([await ask(one, READ), await ask(other, READ)]).toEqual([NAME, NOT_FOUND]);
    await fixture.redis.command('ACL', 'SETUSER', 'default', '+hstrlen');
    await register(other, READ);
    const third = await fixture.open({ upstream: recorder.url });
    await eventually(async () => expect(await ask(third, READ)).toEqual(NAME));
  });

  it('are at most 1,000 over all accounts, of which each keeps its fair part', async () => {
    const { documents } = await openState();
    const text = (n: number) => `{ a${n}: __typename }`;
    const registerAll = async (account: string, count: number) => {
      for (let from = 0; from < count; from += 50) {
        const some = Array.from({ length: 50 }, (_, index) => text(from + index));
        // Redis takes them in this order.
        await Promise.all(some.map((one) => documents.set(account, sha256(one), one)));
      }
    };
    const nameOf = (account: string, n: number) => createEncryption(account).name(sha256(text(n)));
    const documentsOf = (account: string) => kept(`luaauth:{${createEncryption(account).tag}}:documents`);
    const countOf = async (account: string) => (await documentsOf(account)).length;
    await registerAll('modest', 100);
    await registerAll('greedy', 1_500);
    expect([await countOf('modest'), await countOf('greedy')]).toEqual([100, 900]);
    await registerAll('third', 1_000);
    expect(await Promise.all(['modest', 'greedy', 'third'].map(countOf))).toEqual([100, 450, 450]);
    // It has the newest of its own.
    expect(await documentsOf('third')).not.toContain(nameOf('third', 0));
    const shares = (await fixture.redis.command('HGETALL', 'luaauth:{gateways}:documents')) as object;
    expect(
      Object.values(shares)
        .map((share) => Number.parseInt(String(share), 10))
        .sort(),
    ).toEqual([100, 450, 450]);
  });

  it('are at most 10 MB over all accounts', async () => {
    const { documents } = await openState();
    const encryption = createEncryption('account');
    const key = `luaauth:{${encryption.tag}}:documents`;
    for (let n = 0; n < 1_100; n += 1) {
      await documents.set('account', sha256(String(n)), randomBytes(9_900).toString('hex'));
    }
    expect(await kept(key)).toContain(encryption.name(sha256('1099')));
    const bytes = (await fixture.redis.bytes('EVAL', SUM, '1', key)) as unknown as number;
    const [, counted] = String(
      await fixture.redis.command('HGET', 'luaauth:{gateways}:documents', encryption.tag),
    )
      .split(' ')
      .map(Number);
    expect([bytes <= 10_000_000, bytes > 9_900_000, counted]).toEqual([true, true, bytes]);
  });
});

const SUM = `
local sum = 0
for _, text in ipairs(redis.call('HVALS', KEYS[1])) do sum = sum + #text end
return sum`;
