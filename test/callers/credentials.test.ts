import { getIntrospectionQuery } from 'graphql';
import { describe, expect, it } from 'vitest';
import { sandboxKeys } from '../../src/features/sandbox/keys.ts';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { graphql } from '../support/clients/graphql.ts';
import { openRaw, postText } from '../support/clients/raw-http.ts';
import { send } from '../support/clients/send.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const key = sandboxKeys.full;
const id = seeded.scriptId;

const WHOSE_SCRIPT = graphql(`
  query WhoseScript($id: ID!) {
    __typename
    script(id: $id) {
      name
    }
  }
`);

const refused = {
  data: { __typename: 'Query', script: null },
  errors: [expect.toBeJustError('UNAUTHENTICATED', { path: ['script'] }) as unknown],
};

const NO_KEY =
  /^No key was sent\. .*: present one of its gateway keys as "Authorization: Bearer <gateway key>"\.$/;
const UNKNOWN_KEY =
  /^The gateway key in "authorization" is not one of this gateway's keys\. Ask the operator/;
const KEY_IN_TOKEN =
  /does not read "token"\. A gateway key belongs into "authorization": send it as "Authorization: Bearer <gateway key>"\.$/;

describe('the API key of a caller', () => {
  const fixture = useSandbox({ shared: true });
  const run = async (headers: Record<string, string>) => {
    const result = await fixture.gateway.execute(WHOSE_SCRIPT, { id }, headers);
    const tokens = fixture.sandbox.calls.map(({ headers: sent }) => sent.token);
    return { data: result.data, errors: result.errors, tokens, shown: show(result) };
  };

  it.each<[string, Record<string, string>]>([
    ['the token header', { token: key }],
    ['Authorization: Bearer', { authorization: `Bearer ${key}` }],
    ['authorization: bearer', { authorization: `bearer   ${key}` }],
    ['Authorization without a prefix', { authorization: key }],
    ['both, when they agree', { token: key, authorization: `Bearer ${key}` }],
  ])('is taken from %s and travels as the token header alone', async (_what, headers) => {
    const { data, errors } = await run(headers);
    expect(errors).toBeUndefined();
    expect(data?.script?.name).toBe('Nightfall Hub');
    expect(fixture.sandbox.calls.map(({ headers: sent }) => [sent.token, sent.authorization])).toEqual([
      [key, undefined],
    ]);
  });

  it('is needed by the fields that read from LuaAuth, and by no other', async () => {
    const { data, errors, tokens } = await run({});
    expect({ data, errors }).toEqual(refused);
    expect(errors?.[0]?.message).toBe(
      'This field needs a LuaAuth API key. Send it as the header "token: <API key>" or "Authorization: Bearer <API key>".',
    );
    expect(tokens).toEqual([]);
  });

  it.each([
    '{ __typename }',
    '{ __type(name: "Script") { name } }',
    '{ _service { sdl } }',
    getIntrospectionQuery(),
  ])('is not needed to ask for the schema', async (document) => {
    const { data, errors } = await fixture.gateway.execute(document, undefined, {});
    expect(errors).toBeUndefined();
    expect(data).toBeTruthy();
    expect(fixture.lines()).toEqual([]);
  });

  it.each([
    'script(id: "a") { id }',
    'scripts(ids: ["a"]) { id }',
    'session(id: "a") { id }',
    '_entities(representations: [{ __typename: "Session", id: "a" }]) { __typename }',
  ])('is missed at the field: %s', async (field) => {
    const { errors } = await fixture.gateway.execute(`{ ${field} }`, undefined, {});
    expect(errors).toMatchObject([expect.toBeError('UNAUTHENTICATED')]);
    expect(fixture.lines()).toEqual([]);
  });

  it.each([
    'editScript(input: { id: "a", name: "x" })',
    'updateScript(input: { id: "a", source: "x" })',
    'toggleScript(input: { id: "a", enabled: true })',
    'deleteScript(input: { id: "a" })',
  ])('is missed at the mutation: %s', async (field) => {
    const { errors } = await fixture.gateway.execute(`mutation { ${field} { __typename } }`, undefined, {});
    expect(errors).toMatchObject([expect.toBeError('UNAUTHENTICATED')]);
    expect(fixture.lines()).toEqual([]);
  });

  const secret = 'SECRET-5f3a';
  it.each<[string, Record<string, string>]>([
    ['a space in it', { token: `${secret} ${secret}` }],
    ['a tab in it', { token: `${secret}\t${secret}` }],
    ['a Bearer prefix in the token header', { token: `Bearer ${secret}` }],
    ['another scheme', { authorization: `Basic ${secret}` }],
    ['letters outside ASCII', { token: `${secret}\u00e9` }],
    ['a no-break space', { authorization: `Bearer ${secret}\u00a0x` }],
    ['513 characters', { token: secret.padEnd(513, 'x') }],
    ['20 kB', { token: secret.padEnd(20 * 1024, 'x') }],
    ['20 kB in Authorization', { authorization: `Bearer ${secret.padEnd(20 * 1024, 'x')}` }],
    ['nothing in it', { token: '' }],
    ['nothing in Authorization', { authorization: '' }],
    ['nothing behind Bearer', { authorization: 'Bearer ' }],
    ['another key in the other header', { token: key, authorization: `Bearer ${secret}` }],
    ['another key in the other header, the other way round', { token: secret, authorization: key }],
  ])('is refused with %s, and shown nowhere', async (_what, headers) => {
    const { data, errors, tokens, shown } = await run(headers);
    expect({ data, errors }).toEqual(refused);
    expect(tokens).toEqual([]);
    expect(shown).not.toContain(secret);
    expect(shown).not.toContain('xxxx');
  });

  it('is refused when the token header comes twice', async () => {
    const { status, body } = await send(
      fixture.gateway.url,
      [
        ['host', 'localhost'],
        ['token', key],
        ['token', secret],
      ],
      `{ __typename script(id: "${id}") { name } }`,
    );
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject(refused);
    expect(body).not.toContain(secret);
    expect(fixture.lines()).toEqual([]);
  });

  it.each([
    ['a line break', `${secret}\r\n folded`],
    ['a bare CR', `${secret}\rx`],
    ['NUL', `${secret}\0x`],
  ])('with %s in it is refused with the request', async (_what, token) => {
    const raw = await openRaw(fixture.gateway.url);
    const body = JSON.stringify({ query: `{ script(id: "${id}") { name } }` });
    raw.socket.write(postText(body, { token, connection: 'close' }));
    const received = await raw.closed;
    expect(received).toMatch(/^HTTP\/1\.1 400 /);
    expect(received).not.toContain(secret);
    expect(fixture.lines()).toEqual([]);
  });

  it('that LuaAuth does not know is its to refuse, and shown nowhere', async () => {
    const { data, errors, tokens, shown } = await run({ token: secret });
    expect(data?.script).toBeNull();
    expect(errors).toMatchObject([expect.toBeError('UNAUTHENTICATED', { reasons: ['invalid api key'] })]);
    expect(errors?.[0]?.message).toBe('GET /scripts/:script_id: LuaAuth refused: invalid api key.');
    expect(tokens).toEqual([secret]);
    expect(shown).not.toContain(secret);
  });
});

describe('a gateway that holds the API key', () => {
  const gatewayKeys = ['gateway-key-1', 'gateway-key-2'];
  const fixture = useSandbox({ shared: true, gateway: { credentials: { heldKey: key, gatewayKeys } } });
  const run = (headers: Record<string, string>) => fixture.gateway.execute(WHOSE_SCRIPT, { id }, headers);
  const tokens = () => fixture.sandbox.calls.map(({ headers }) => headers.token);

  it.each<[string, Record<string, string>]>([
    ['the first gateway key', { authorization: 'Bearer gateway-key-1' }],
    ['another gateway key', { authorization: 'Bearer gateway-key-2' }],
    ['a gateway key without a prefix', { authorization: 'gateway-key-1' }],
    ['a gateway key next to a token', { authorization: 'Bearer gateway-key-1', token: 'sandbox-basic' }],
  ])('sends its own key for %s, and nothing of the caller’s', async (_what, headers) => {
    const { data, errors } = await run(headers);
    expect(errors).toBeUndefined();
    expect(data?.script?.name).toBe('Nightfall Hub');
    expect(tokens()).toEqual([key]);
    expect(JSON.stringify(fixture.sandbox.calls.map(({ headers: sent }) => sent))).not.toMatch(
      /gateway-key|sandbox-basic/,
    );
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['no gateway key', {}, NO_KEY],
    ['a wrong gateway key', { authorization: 'Bearer gateway-key-3' }, UNKNOWN_KEY],
    ['part of a gateway key', { authorization: 'Bearer gateway-key' }, UNKNOWN_KEY],
    ['both gateway keys at once', { authorization: 'Bearer gateway-key-1,gateway-key-2' }, UNKNOWN_KEY],
    ['an empty gateway key', { authorization: 'Bearer ' }, NO_KEY],
    ['a gateway key in the token header', { token: 'gateway-key-1' }, KEY_IN_TOKEN],
    ['a wrong key in the token header', { token: 'gateway-key-3' }, KEY_IN_TOKEN],
    ['the API key itself', { token: key, authorization: `Bearer ${key}` }, UNKNOWN_KEY],
  ])('refuses %s before anything is called, and says what is wrong', async (_what, headers, message) => {
    const result = await run(headers);
    expect({ data: result.data, errors: result.errors }).toEqual(refused);
    expect(result.errors?.[0]?.message).toMatch(message);
    expect(show(result)).not.toMatch(/gateway-key-|sandbox-key/);
    expect(tokens()).toEqual([]);
  });

  it('asks for no key where only the schema is read', async () => {
    const { errors } = await fixture.gateway.execute('{ __typename _service { sdl } }', undefined, {});
    expect(errors).toBeUndefined();
  });
});

describe('a gateway that holds the API key and has no gateway keys', () => {
  const fixture = useSandbox({ shared: true, gateway: { credentials: { heldKey: key } } });

  it.each<[string, Record<string, string>]>([
    ['nothing', {}],
    ['another token', { token: 'sandbox-basic' }],
    ['any Authorization', { authorization: 'Bearer whatever' }],
  ])('lets everyone call who can connect: %s', async (_what, headers) => {
    const { data, errors } = await fixture.gateway.execute(WHOSE_SCRIPT, { id }, headers);
    expect(errors).toBeUndefined();
    expect(data?.script?.name).toBe('Nightfall Hub');
    expect(fixture.sandbox.calls.map(({ headers: sent }) => sent.token)).toEqual([key]);
  });
});

/** Everything that a client gets to see. */
function show({ headers, ...rest }: { readonly headers: Headers }): string {
  return JSON.stringify([rest, ...headers]);
}
