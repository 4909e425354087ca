import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox();

const { userKey, scriptId, freeForAllScriptId } = seeded;

const read = (key: string) => `GET /users/${key}`;
describe('user', () => {
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
