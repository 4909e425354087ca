import { describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import { json } from '../support/api/recorder.ts';
import { ask } from '../support/clients/json-post.ts';
import { sha256 } from '../support/clients/keys.ts';
import { useRecorder } from '../support/gateways/fixture.ts';

const persistedQuery = (text: string) => ({ persistedQuery: { version: 1, sha256Hash: sha256(text) } });
const read = (mark: string) => `query ${mark}($id: ID!) { script(id: $id) { name } }`;
const SCRIPT = { script: { name: 'name of a' } };

interface Gateway {
  readonly gateway: { readonly url: string };
}

const post = ({ gateway }: Gateway, body: object, headers: Record<string, string>) =>
  ask(gateway.url, { variables: { id: 'a' }, ...body }, headers);

const register = (fixture: Gateway, query: string, headers: Record<string, string>) =>
  post(fixture, { query, extensions: persistedQuery(query) }, headers);
const askByHash = async (fixture: Gateway, query: string, headers: Record<string, string>) => {
  const { data, errors } = await post(fixture, { extensions: persistedQuery(query) }, headers);
  return errors?.[0]?.extensions.code ?? data;
};
const NOT_FOUND = 'PERSISTED_QUERY_NOT_FOUND';

describe('a document is registered', () => {
  const fixture = useRecorder();
  const KEY = { token: 'key' };

  it('by the first operation that LuaAuth answers for its key, and for that key alone', async () => {
    fixture.respond = answerPlainly;
    expect((await register(fixture, read('First'), KEY)).data).toEqual(SCRIPT);
    expect(await askByHash(fixture, read('First'), KEY)).toEqual(SCRIPT);
    for (const headers of [{ token: 'another' }, {} as Record<string, string>]) {
      expect(await askByHash(fixture, read('First'), headers)).toBe(NOT_FOUND);
    }
  });

  it('by an operation that needs no call, once LuaAuth has answered for its key', async () => {
    fixture.respond = answerPlainly;
    const query = '{ __typename }';
    expect((await register(fixture, query, KEY)).data).toEqual({ __typename: 'Query' });
    expect(await askByHash(fixture, query, KEY)).toBe(NOT_FOUND);
    await post(fixture, { query: read('Any') }, KEY);
    await register(fixture, query, KEY);
    expect(await askByHash(fixture, query, KEY)).toEqual({ __typename: 'Query' });
  });

  it('never for a key that LuaAuth refuses, for no key and for two', async () => {
    fixture.respond = (_recorded, response) =>
      json(response, {
        success: false,
        error: { code: 1, message: 'unauthorized or invalid request', failed: ['token'] },
      });
    const callers: Record<string, string>[] = [KEY, {}, { token: 'key', authorization: 'Bearer other' }];
    for (const headers of callers) {
      await register(fixture, read('Refused'), headers);
      await register(fixture, '{ __typename }', headers);
      expect(await askByHash(fixture, read('Refused'), headers)).toBe(NOT_FOUND);
      expect(await askByHash(fixture, '{ __typename }', headers)).toBe(NOT_FOUND);
    }
  });

  it.each([
    ['no GraphQL', 'x'.repeat(20_000)],
    ['not valid', '{ nothing }'],
    ['over a limit', `{ ${'a: __typename '.repeat(200)} ${'b'.repeat(101)}: __typename }`],
  ])('never while it is %s', async (_name, query) => {
    fixture.respond = answerPlainly;
    await post(fixture, { query: read('Any') }, KEY);
    expect((await register(fixture, query, KEY)).errors?.length).toBeGreaterThan(0);
    expect(await askByHash(fixture, query, KEY)).toBe(NOT_FOUND);
  });
});

describe('where the gateway holds the key, a document is registered', () => {
  const held = useRecorder({ credentials: { heldKey: 'held', gatewayKeys: ['team=right'] } });

  it('for a caller with a gateway key before LuaAuth has answered, and for no other caller', async () => {
    const query = '{ __typename }';
    await register(held, query, { authorization: 'Bearer wrong' });
    expect(await askByHash(held, query, { authorization: 'Bearer right' })).toBe(NOT_FOUND);
    await register(held, query, { authorization: 'Bearer right' });
    expect(await askByHash(held, query, { authorization: 'Bearer right' })).toEqual({ __typename: 'Query' });
    expect(await askByHash(held, query, { authorization: 'Bearer wrong' })).toBe(NOT_FOUND);
  });
});
