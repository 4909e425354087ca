import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { createEncryption, type Encryption } from '../../../src/features/redis/encryption.ts';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import { MAX_NEW_DOCUMENTS } from '../../../src/features/redis/shared-documents.ts';
import { answerPlainly } from '../../support/api/plain-api.ts';
import { json, startRecorder } from '../../support/api/recorder.ts';
import { sha256 } from '../../support/clients/keys.ts';
import { type GatewayOfSeveral, useSeveralGateways } from '../../support/gateways/several-gateways.ts';
import { describeWithRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

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
  /** The keys of the documents that Redis has of an account. */
  const kept = async (account = ACCOUNT) =>
    (await fixture.redis.command('KEYS', `*{${createEncryption(account).tag}}:document-*`)) as string[];
  const placeOf = (text: string) => {
    const { tag, name } = createEncryption(ACCOUNT);
    return `luaauth:{${tag}}:document-${name(sha256(text))}`;
  };
  const registered = async (gateway: GatewayOfSeveral, ...queries: readonly string[]) => {
    for (const query of queries) await register(gateway, query);
    await eventually(async () => expect(await kept()).toHaveLength(queries.length));
  };

  it('are kept in Redis for the account that has registered them, with a TTL', async () => {
    const [one, other] = await openTwo();
    await registered(one, READ);
    expect([await ask(other, READ), await ask(other, READ, 'key-b')]).toEqual([NAME, NOT_FOUND]);
    const keys = (await fixture.redis.command('KEYS', '*document*')) as string[];
    const place = placeOf(READ);
    expect(keys.sort()).toEqual([place, place.replace(/document-.*/, 'documents')].sort());
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
    // Documents are stored in order: the documents before this document would be there too.
    await registered(one, OTHER);
    expect(await fixture.redis.command('KEYS', '*:document-*')).toHaveLength(1);
    expect(await ask(other, READ)).toBe(NOT_FOUND);
  });

  describe('when somebody changes them in Redis', () => {
    /** Puts something in the place of the only document. */
    const replace = async (
      change: (sealed: Buffer, place: string, encryption: Encryption) => Buffer | Promise<Buffer>,
    ) => {
      const [place = ''] = await kept();
      const sealed = (await fixture.redis.bytes('GET', place)) as Buffer;
      await fixture.redis.bytes('SET', place, await change(sealed, place, createEncryption(ACCOUNT)));
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
      await fixture.redis.command('HSET', placeOf(READ), 'no', 'text');
      expect([await ask(one, READ), await ask(other, READ)]).toEqual([NOT_FOUND, NOT_FOUND]);
      await register(one, READ);
      expect([await ask(one, READ), await ask(other, READ)]).toEqual([NAME, NAME]);
    });
  });

  it('are no loss of Redis where it refuses to keep them', async () => {
    const [one, other] = await openTwo();
    await fixture.redis.command('ACL', 'SETUSER', 'default', '-incr');
    await register(one, READ);
    expect([await ask(one, READ), await ask(other, READ)]).toEqual([NAME, NOT_FOUND]);
    await fixture.redis.command('ACL', 'SETUSER', 'default', '+incr');
    await register(other, READ);
    const third = await fixture.open({ upstream: recorder.url });
    await eventually(async () => expect(await ask(third, READ)).toEqual(NAME));
  });

  it('are at most so many new documents of an account in a day, and another account has as many', async () => {
    const { documents } = await openState();
    const text = (n: number) => `{ a${n}: __typename }`;
    const registerAll = (account: string, count: number) =>
      Promise.all(Array.from({ length: count }, (_, n) => documents.set(account, sha256(text(n)), text(n))));
    await registerAll('greedy', MAX_NEW_DOCUMENTS + 100);
    expect(await kept('greedy')).toHaveLength(MAX_NEW_DOCUMENTS);
    await registerAll('modest', 10);
    expect(await kept('modest')).toHaveLength(10);
    // A document that Redis has already is no new document.
    const other = await openState();
    await other.documents.set('greedy', sha256(text(0)), text(0));
    expect(await kept('greedy')).toHaveLength(MAX_NEW_DOCUMENTS);
    const third = await openState();
    expect(await third.documents.get('greedy', sha256(text(0)))).toBe(text(0));
  });
});
