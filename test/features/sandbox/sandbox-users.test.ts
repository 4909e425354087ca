import { beforeEach, describe, expect, it } from 'vitest';
import { sandboxKeys } from '../../../src/features/sandbox/keys.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import {
  accountExpired,
  failed,
  field,
  ok,
  refused,
  unknownUser,
  useStandIn,
} from '../../support/api/stand-in.ts';

const { userKey, discordId, blacklistedUserKey, expiredUserKey, endlessUserKey, projectId, createdAt } =
  seeded;

let time: number = createdAt;
const fixture = useStandIn({ now: () => time });
const { answer } = fixture;

beforeEach(() => {
  time = createdAt;
});

const read = async (key: string) => (await answer(`GET /users/${key}`))[1].user;
const edit = (key: string, body?: object, token?: string) =>
  answer(`POST /users/${key}/edit`, { body, token });

describe('GET /users/:user_key', () => {
  it('answers the user', async () => {
    expect(await answer(`GET /users/${userKey}`)).toEqual(
      ok({
        user: {
          key: userKey,
          discord_id: discordId,
          fingerprint_assigned: true,
          executor: 'Cobalt',
          executions: 210,
          key_expires: 1773043700000,
          last_reset: null,
          total_fingerprint_resets: 0,
          note: 'reseller',
          blacklisted: false,
          blacklist_reason: null,
          blacklist_expires: null,
          luaauth_fingerprint: '8afe513957fa5 -> ip\n885eb2961a7c0 -> fingerprint\n9f54139659c9c -> executor',
        },
      }),
    );
  });

  it('shows a user who is blacklisted, one who has expired and one who never does', async () => {
    expect(await read(blacklistedUserKey)).toMatchObject({
      blacklisted: true,
      blacklist_reason: 'shared key',
      blacklist_expires: 4_102_444_800_000,
    });
    expect(await read(expiredUserKey)).toMatchObject({ key_expires: createdAt - 86_400_000, note: 'trial' });
    expect(await read(endlessUserKey)).toMatchObject({ key_expires: null, blacklisted: false });
  });

  it('knows every licence key that a session carries', () => {
    const { sessions, users, userProjects, projects } = fixture.sandbox;
    const keys = [...sessions.values()].flatMap(({ user_key }) => user_key ?? []);
    expect(keys.filter((key) => !users.has(key))).toEqual([]);
    expect([...userProjects.keys()]).toEqual([...users.keys()]);
    expect(new Set(userProjects.values())).toEqual(new Set([...projects.keys()].slice(0, 3)));
  });

  it('shows three lines of fingerprint to whoever has one', () => {
    for (const { luaauth_fingerprint, fingerprint_assigned } of fixture.sandbox.users.values()) {
      if (fingerprint_assigned) {
        expect(luaauth_fingerprint).toMatch(
          /^[0-9a-f]{13} -> ip\n[0-9a-f]{13} -> fingerprint\n[0-9a-f]{13} -> executor$/,
        );
      } else expect(luaauth_fingerprint).toBeNull();
    }
  });
});

it.each([
  'GET /users/none',
  'POST /users/none/edit',
  'POST /users/none/blacklist',
  'POST /users/none/unblacklist',
])('%s is refused, for there is no such user', async (endpoint) => {
  expect(await answer(endpoint)).toEqual(unknownUser);
});

describe('POST /users/:user_key/edit', () => {
  it('changes what is given and leaves null, absent and unknown fields as they are', async () => {
    const before = await read(userKey);
    expect(await edit(userKey, { discord_id: '80351110224678912', key_expires: 5, note: 'vip' })).toEqual(
      ok(),
    );
    expect(await read(userKey)).toEqual({
      ...before,
      discord_id: '80351110224678912',
      key_expires: 5,
      note: 'vip',
    });
    expect(await edit(userKey, { discord_id: null, key_expires: null, note: 'x', executions: 9 })).toEqual(
      ok(),
    );
    expect(await read(userKey)).toMatchObject({
      discord_id: '80351110224678912',
      key_expires: 5,
      note: 'x',
      executions: before.executions,
    });
  });

  it('clears a field when it is an empty string', async () => {
    const before = await read(userKey);
    expect(await edit(userKey, { discord_id: '', key_expires: '', note: '' })).toEqual(ok());
    expect(await read(userKey)).toEqual({ ...before, discord_id: null, key_expires: null, note: null });
  });

  it('accepts a note of 255 characters and refuses a longer one', async () => {
    const note = '\u{1f600}'.repeat(255);
    expect(await edit(userKey, { note })).toEqual(ok());
    expect(await edit(userKey, { note: `${note}.` })).toEqual(
      refused(field('note', 'must have at most 255 characters')),
    );
    expect((await read(userKey)).note).toBe(note);
  });

  it('answers code 0 to an expired account and changes nothing', async () => {
    expect(await edit(userKey, { note: 'new' }, sandboxKeys.expired)).toEqual(accountExpired(0));
    expect((await read(userKey)).note).toBe('reseller');
  });

  it('answers code 1 when another key of the project has this Discord id, and changes nothing', async () => {
    expect(await edit(endlessUserKey, { discord_id: discordId, note: 'new' })).toEqual(
      failed(1, 'key already exists with this discord'),
    );
    expect(await read(endlessUserKey)).toMatchObject({ discord_id: null, note: null });
    expect(await edit(userKey, { discord_id: discordId })).toEqual(ok());
    await edit(userKey, { discord_id: '' });
    expect(await edit(endlessUserKey, { discord_id: discordId })).toEqual(ok());
  });

  it('lets a key of another project have the same Discord id', async () => {
    const [key = ''] = [...fixture.sandbox.userProjects].find(([, project]) => project !== projectId) ?? [];
    expect(await edit(key, { discord_id: discordId })).toEqual(ok());
  });

  it.each([undefined, {}, { note: null }, { executor: 'x' }])(
    'answers code 2 to a body that changes nothing: %j',
    async (body) => {
      expect(await edit(userKey, body)).toEqual(failed(2, 'cannot edit nothing'));
    },
  );

  it('names every field of the wrong type', async () => {
    const whole = 'must be a whole number, 0 or more';
    expect(await edit(userKey, { discord_id: 1, key_expires: '5', note: [] })).toEqual(
      refused(
        field('discord_id', 'must be a string'),
        field('key_expires', whole),
        field('note', 'must be a string'),
      ),
    );
    expect(await edit(userKey, { key_expires: 1.5 })).toEqual(refused(field('key_expires', whole)));
  });
});

describe('POST /users/:user_key/blacklist and unblacklist', () => {
  const blacklist = (key: string, body?: object, token?: string) =>
    answer(`POST /users/${key}/blacklist`, { body, token });
  const unblacklist = (key: string, token?: string) => answer(`POST /users/${key}/unblacklist`, { token });
  const blacklistOf = async (key: string) => {
    const { blacklisted, blacklist_reason, blacklist_expires } = await read(key);
    return [blacklisted, blacklist_reason, blacklist_expires];
  };

  it.each([
    [undefined, [true, null, null]],
    [{ reason: '' }, [true, null, null]],
    [{ reason: 'shared' }, [true, 'shared', null]],
    [{ expires: createdAt + 1 }, [true, null, createdAt + 1]],
    [{ expires: createdAt + 1, reason: 'shared' }, [true, 'shared', createdAt + 1]],
  ])('blacklist with the body %j', async (body, expected) => {
    expect(await blacklist(userKey, body)).toEqual(ok());
    expect(await blacklistOf(userKey)).toEqual(expected);
    expect(await unblacklist(userKey)).toEqual(ok());
    expect(await blacklistOf(userKey)).toEqual([false, null, null]);
  });

  it('answers code 0 when nothing would change', async () => {
    const before = await read(blacklistedUserKey);
    expect(await blacklist(blacklistedUserKey, { reason: 'again' })).toEqual(
      failed(0, 'user already blacklisted'),
    );
    expect(await read(blacklistedUserKey)).toEqual(before);
    expect(await unblacklist(userKey)).toEqual(failed(0, 'user not blacklisted'));
    expect(await unblacklist(blacklistedUserKey)).toEqual(ok());
    expect(await unblacklist(blacklistedUserKey)).toEqual(failed(0, 'user not blacklisted'));
  });

  it('answers code 1 to an expired account and changes nothing', async () => {
    expect(await blacklist(userKey, { reason: 'x' }, sandboxKeys.expired)).toEqual(accountExpired(1));
    expect(await unblacklist(blacklistedUserKey, sandboxKeys.expired)).toEqual(accountExpired(1));
    expect([await blacklistOf(userKey), (await blacklistOf(blacklistedUserKey))[0]]).toEqual([
      [false, null, null],
      true,
    ]);
  });

  it('refuses the types that the documentation prints swapped', async () => {
    expect(await blacklist(userKey, { expires: String(createdAt), reason: 5 })).toEqual(
      refused(field('expires', 'must be a whole number, 0 or more'), field('reason', 'must be a string')),
    );
  });

  it('ends at its instant', async () => {
    await blacklist(userKey, { expires: createdAt + 60_000, reason: 'shared' });
    time += 59_999;
    expect(await blacklistOf(userKey)).toEqual([true, 'shared', createdAt + 60_000]);
    time += 1;
    expect(await blacklistOf(userKey)).toEqual([false, null, null]);
    expect(await unblacklist(userKey)).toEqual(failed(0, 'user not blacklisted'));
  });
});

describe('an expired user', () => {
  const quarter = 15 * 60_000;
  const deleteExpired = (on: boolean) =>
    answer(`POST /projects/${projectId}/edit`, { body: { delete_expired_users: on } });

  it('stays while its project does not delete expired users', async () => {
    time += 10 * 365 * 86_400_000;
    expect((await read(expiredUserKey)).key).toBe(expiredUserKey);
    expect((await read(userKey)).key).toBe(userKey);
  });

  it('disappears 15 minutes after its key expired', async () => {
    await deleteExpired(true);
    await edit(userKey, { key_expires: time });
    time += quarter - 1;
    expect((await read(userKey)).key_expires).toBe(createdAt);
    time += 1;
    expect(await answer(`GET /users/${userKey}`)).toEqual(unknownUser);
    expect(await edit(userKey, { key_expires: '' })).toEqual(unknownUser);
    expect([fixture.sandbox.users.has(userKey), fixture.sandbox.userProjects.has(userKey)]).toEqual([
      false,
      false,
    ]);
  });

  it('is saved by a later expiry, or by none', async () => {
    await deleteExpired(true);
    await edit(userKey, { key_expires: time });
    time += quarter - 1;
    await edit(userKey, { key_expires: time });
    time += quarter - 1;
    expect((await read(userKey)).key).toBe(userKey);
    await edit(userKey, { key_expires: '' });
    time += 10 * quarter;
    expect((await read(userKey)).key).toBe(userKey);
  });

  it('goes at once when its project begins to delete, and comes back with a reset', async () => {
    await deleteExpired(true);
    expect(await answer(`GET /users/${expiredUserKey}`)).toEqual(unknownUser);
    expect((await read(userKey)).key).toBe(userKey);
    fixture.sandbox.reset();
    expect((await read(expiredUserKey)).key).toBe(expiredUserKey);
  });

  it('leaves its Discord id to others', async () => {
    await deleteExpired(true);
    await edit(userKey, { key_expires: time });
    time += quarter;
    expect(await edit(endlessUserKey, { discord_id: discordId })).toEqual(ok());
  });

  it('stays when its project was removed', async () => {
    await deleteExpired(true);
    await edit(userKey, { key_expires: time });
    await answer(`POST /projects/${projectId}/remove`);
    time += quarter;
    expect((await read(userKey)).key).toBe(userKey);
  });
});
