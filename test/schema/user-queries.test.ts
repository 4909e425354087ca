import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { graphql } from '../support/clients/graphql.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox();

const { userKey, blacklistedUserKey, endlessUserKey, expiredUserKey, scriptId, freeForAllScriptId } = seeded;

const WHOLE_USER = graphql(`
  query WholeUser($key: ID!) {
    user(key: $key) {
      key
      discordId
      fingerprintAssigned
      executor
      executions
      keyExpiresAt
      lastResetAt
      totalFingerprintResets
      note
      blacklist {
        reason
        expiresAt
      }
      fingerprint
    }
  }
`);

const USER_KEYS = graphql(`
  query UserKeys($keys: [ID!]!) {
    users(keys: $keys) {
      key
      executions
    }
  }
`);

const read = (key: string) => `GET /users/${key}`;
const iso = (ms: number | null | undefined) => (ms == null ? null : new Date(ms).toISOString());

describe('user', () => {
  it('answers every field of GET /users/:user_key with one call', async () => {
    const user = fixture.sandbox.users.get(userKey);
    const { data, errors } = await fixture.gateway.execute(WHOLE_USER, { key: userKey });
    expect(errors).toBeUndefined();
    expect(data?.user).toEqual({
      key: userKey,
      discordId: seeded.discordId,
      fingerprintAssigned: user?.fingerprint_assigned,
      executor: user?.executor,
      executions: user?.executions,
      keyExpiresAt: iso(user?.key_expires),
      lastResetAt: iso(user?.last_reset),
      totalFingerprintResets: user?.total_fingerprint_resets,
      note: user?.note,
      blacklist: null,
      fingerprint: user?.luaauth_fingerprint,
    });
    expect(data?.user?.fingerprint?.split('\n')).toHaveLength(3);
    expect(fixture.lines()).toEqual([read(userKey)]);
  });

  it('shows a blacklist with its reason and end, and one for good', async () => {
    const { data } = await fixture.gateway.execute(WHOLE_USER, { key: blacklistedUserKey });
    expect(data?.user?.blacklist).toEqual({ reason: 'shared key', expiresAt: '2100-01-01T00:00:00.000Z' });
    Object.assign(fixture.sandbox.users.get(endlessUserKey) ?? {}, { blacklisted: true });
    const other = await fixture.gateway.execute(WHOLE_USER, { key: endlessUserKey });
    expect(other.data?.user?.blacklist).toEqual({ reason: null, expiresAt: null });
  });

  it('shows what is not set as null', async () => {
    const { data, errors } = await fixture.gateway.execute(WHOLE_USER, { key: endlessUserKey });
    expect(errors).toBeUndefined();
    expect(data?.user).toEqual({
      key: endlessUserKey,
      discordId: null,
      fingerprintAssigned: false,
      executor: null,
      executions: 0,
      keyExpiresAt: null,
      lastResetAt: null,
      totalFingerprintResets: 0,
      note: null,
      blacklist: null,
      fingerprint: null,
    });
  });

  it.each([
    ['as text', '"365843484059632433"'],
    ['as a number', '365843484059632433'],
  ])('keeps the digits of a Discord id that comes %s', async (_what, digits) => {
    const user = JSON.stringify({ ...fixture.sandbox.users.get(userKey), discord_id: 0 });
    fixture.sandbox.fault({
      kind: 'raw',
      body: `{"success":true,"user":${user.replace('"discord_id":0', `"discord_id":${digits}`)}}`,
    });
    const { data } = await fixture.gateway.execute(WHOLE_USER, { key: userKey });
    expect(data?.user?.discordId).toBe('365843484059632433');
  });

  it('is an error at its field when the key is unknown', async () => {
    const { data, errors } = await fixture.gateway.execute(WHOLE_USER, { key: 'unknown' });
    expect(data).toEqual({ user: null });
    expect(errors).toMatchObject([expect.toBeError('FORBIDDEN', { path: ['user'] })]);
  });

  it('is no answer about another user, and the error does not tell whose', async () => {
    fixture.sandbox.fault({
      kind: 'raw',
      body: JSON.stringify({ success: true, user: fixture.sandbox.users.get(expiredUserKey) }),
    });
    const { errors } = await fixture.gateway.execute(WHOLE_USER, { key: userKey });
    expect(errors).toMatchObject([expect.toBeError('UPSTREAM_BAD_RESPONSE', { path: ['user'] })]);
    expect(JSON.stringify(errors)).not.toContain(expiredUserKey);
  });

  it.each([
    '.',
    '..',
    'a/b',
    '%2e%2e',
    'a b',
    '',
    'a\r\ntoken: x',
    '\ud800',
    'é',
    'secret?',
    'x'.repeat(129),
  ])(
    'refuses what cannot be a licence key before anything is called, and does not quote it: %j',
    async (key) => {
      const { data, errors } = await fixture.gateway.execute<unknown, object>(
        `query ($key: ID!) { user(key: $key) { key } users(keys: [$key]) { key } }`,
        { key },
      );
      expect(data).toEqual({ user: null, users: [null] });
      expect(errors?.map(({ path, extensions }) => [path, extensions.code, extensions.argument])).toEqual([
        [['user'], 'BAD_USER_INPUT', 'key'],
        [['users', 0], 'BAD_USER_INPUT', 'keys[0]'],
      ]);
      for (const { message } of errors ?? []) {
        expect(message).toMatch(
          /^keys?(\[0\])?: this is not a licence key\. A licence key is 1 to 128 letters/,
        );
      }
      expect(fixture.lines()).toEqual([]);
    },
  );
});

describe('users', () => {
  it('answers in the order of keys, nulls who cannot be read, and asks once for each distinct key', async () => {
    const keys = [endlessUserKey, 'unknown', userKey, endlessUserKey];
    const { data, errors } = await fixture.gateway.execute(USER_KEYS, { keys });
    expect(data?.users.map((user) => user?.key ?? null)).toEqual([
      endlessUserKey,
      null,
      userKey,
      endlessUserKey,
    ]);
    expect(errors).toMatchObject([expect.toBeError('FORBIDDEN', { path: ['users', 1] })]);
    expect([...fixture.lines()].sort()).toEqual([endlessUserKey, 'unknown', userKey].map(read).sort());
  });
});

describe('the user of a session', () => {
  interface Nodes {
    readonly script: { readonly sessions: { readonly nodes: readonly { readonly user: unknown }[] } };
  }
  const ofSessions = (id: string, selection: string) =>
    fixture.gateway.execute<Nodes, object>(
      `{ script(id: "${id}") { sessions(first: 50) { nodes { userKey user { ${selection} } } } } }`,
    );
  const sessionsOf = (id: string) =>
    [...fixture.sandbox.sessions.values()].filter(({ script_id }) => script_id === id).slice(0, 50);

  it('is one call for each distinct key: 50 sessions of 7 keys are 7', async () => {
    const keys = [...fixture.sandbox.users.keys()].slice(0, 7);
    for (const [index, session] of sessionsOf(scriptId).entries()) session.user_key = keys[index % 7];
    const { data, errors } = await ofSessions(scriptId, 'key note');
    expect(errors).toBeUndefined();
    expect(data?.script.sessions.nodes).toHaveLength(50);
    for (const [index, { user }] of (data?.script.sessions.nodes ?? []).entries()) {
      expect(user).toMatchObject({ key: keys[index % 7] });
    }
    expect([...fixture.lines()].sort()).toEqual(
      [`GET /scripts/${scriptId}`, `POST /scripts/${scriptId}/sessions`, ...keys.map(read)].sort(),
    );
  });

  it('is null without an error where there is no key', async () => {
    for (const [index, session] of sessionsOf(freeForAllScriptId).entries()) {
      session.user_key = [undefined, null, ''][index % 3];
    }
    const { data, errors } = await ofSessions(freeForAllScriptId, 'key');
    expect(errors).toBeUndefined();
    expect(new Set(data?.script.sessions.nodes.map(({ user }) => user))).toEqual(new Set([null]));
    expect(fixture.lines().filter((line) => line.includes('/users/'))).toEqual([]);
  });

  it('is null with an error where the user cannot be read, and the session stays', async () => {
    const [first, second, ...others] = sessionsOf(scriptId);
    for (const session of others) session.user_key = userKey;
    if (first) first.user_key = 'gone';
    if (second) second.user_key = '../secret';
    const { data, errors } = await ofSessions(scriptId, 'key');
    expect(data?.script.sessions.nodes.slice(0, 3).map(({ user }) => user)).toEqual([
      null,
      null,
      { key: userKey },
    ]);
    const path = (index: number) => ['script', 'sessions', 'nodes', index, 'user'];
    expect(errors?.map((error) => [error.path, error.extensions.code])).toEqual(
      expect.arrayContaining([
        [path(0), 'FORBIDDEN'],
        [path(1), 'UPSTREAM_BAD_RESPONSE'],
      ]),
    );
    expect(errors).toHaveLength(2);
    expect(JSON.stringify(errors)).not.toContain('secret');
  });
});
