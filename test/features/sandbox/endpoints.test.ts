import { beforeEach, describe, expect, it } from 'vitest';
import { sandboxKeys } from '../../../src/features/sandbox/keys.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { accountExpired, failed, field, ok, refused, useStandIn } from './stand-in.ts';

const { scriptId, idleScriptId, freeForAllScriptId, sessionId, projectId, namesProjectId } = seeded;
const { userKey, discordId, expiredUserKey, endlessUserKey, createdAt } = seeded;
const SYSTEM = '68ad00000000000000000001';
const WHOLE = 'must be a whole number, 0 or more';

let time: number = createdAt;
const fixture = useStandIn({ now: () => time });
const { answer, ask } = fixture;

beforeEach(() => {
  time = createdAt;
});

const sessionsOf = (script: string) =>
  [...fixture.sandbox.sessions.values()].filter(({ script_id }) => script_id === script);
const post = (path: string, body?: unknown, token?: string) => answer(`POST ${path}`, { body, token });
const get = async (path: string) => (await answer(`GET ${path}`))[1];

const AD_SYSTEM = {
  id: SYSTEM,
  project_id: projectId,
  name: 'Daily key',
  key_duration: 86_400_000,
  max_keys: 1,
  allow_extending: true,
  max_duration: 604_800_000,
};

describe('every endpoint of an object', () => {
  it.each([
    [
      'script',
      '/scripts/none',
      ['', '/executions', '/sessions/filter'],
      ['/edit', '/remove', '/update', '/toggle', '/sessions'],
    ],
    ['session', '/sessions/none', [''], ['/disconnect', '/message']],
    ['project', '/projects/none', ['', '/executions'], ['/edit', '/remove']],
    ['user', '/users/none', [''], ['/edit', '/blacklist', '/unblacklist']],
    ['ad system', '/ads/systems/none', [''], ['/edit']],
  ])('refuses an unknown %s', async (kind, path, reads, writes) => {
    const refusal = refused(`${kind} does not exist or is not yours`);
    for (const end of reads) expect(await answer(`GET ${path}${end}`)).toEqual(refusal);
    for (const end of writes) expect(await post(path + end)).toEqual(refusal);
  });
});

describe('edits', () => {
  it.each([
    [`/scripts/${scriptId}`, 'script', { name: 'New', kick_outdated: true, free_for_all: true }],
    [
      `/projects/${projectId}`,
      'project',
      {
        name: 'New',
        fingerprint_reset_cooldown: 0,
        allow_fingerprint_resets: false,
        blacklist_webhook: 'https://a.b',
      },
    ],
    [`/users/${userKey}`, 'user', { discord_id: '80351110224678912', key_expires: 5, note: 'vip' }],
    [`/ads/systems/${SYSTEM}`, 'system', { project_id: namesProjectId, max_keys: 2 }],
  ])(
    '%s/edit changes what is given, and leaves null, absent and unknown members',
    async (path, kind, given) => {
      const before = (await get(path))[kind];
      const others = Object.fromEntries(Object.keys(before).map((name) => [name, null]));
      const [status, { success }] = await post(`${path}/edit`, { ...others, colour: 1, ...given });
      expect([status, success]).toEqual([200, true]);
      expect((await get(path))[kind]).toEqual({ ...before, ...given });
    },
  );

  it.each([
    [`/scripts/${scriptId}`, 1],
    [`/projects/${projectId}`, 1],
    [`/users/${userKey}`, 2],
  ])(
    '%s/edit answers code %i to a body that changes nothing, and refuses an expired account',
    async (path, code) => {
      for (const body of [undefined, {}, { name: null }, { colour: 'red' }]) {
        expect(await post(`${path}/edit`, body)).toEqual(failed(code, 'cannot edit nothing'));
      }
      const before = await get(path);
      expect(await post(`${path}/edit`, { name: 'New', note: 'New' }, sandboxKeys.expired)).toEqual(
        accountExpired(0),
      );
      expect(await get(path)).toEqual(before);
    },
  );

  it.each([
    [
      `/scripts/${scriptId}/edit`,
      { name: 5, free_for_all: 'yes', use_heartbeat: '' },
      [
        field('name', 'must be a string'),
        field('free_for_all', 'must be a boolean'),
        field('use_heartbeat', 'must be a boolean'),
      ],
    ],
    [`/scripts/${scriptId}/update`, undefined, [field('script', 'is required')]],
    [`/scripts/${scriptId}/update`, { script: null }, [field('script', 'must be a string')]],
    [`/scripts/${scriptId}/toggle`, {}, [field('state', 'is required')]],
    [`/scripts/${scriptId}/toggle`, { state: 'on' }, [field('state', 'must be a boolean')]],
    [
      `/scripts/${scriptId}/sessions`,
      { from: -1, limit: 1.5 },
      [field('from', WHOLE), field('limit', WHOLE)],
    ],
    [
      `/projects/${projectId}/edit`,
      { fingerprint_reset_cooldown: '', execution_webhook: [] },
      [field('fingerprint_reset_cooldown', WHOLE), field('execution_webhook', 'must be a string')],
    ],
    [
      `/users/${userKey}/edit`,
      { discord_id: 1, key_expires: '5', note: 'x'.repeat(256) },
      [
        field('discord_id', 'must be a string'),
        field('key_expires', WHOLE),
        field('note', 'must have at most 255 characters'),
      ],
    ],
    [
      `/users/${userKey}/blacklist`,
      { expires: String(createdAt), reason: 5 },
      [field('expires', WHOLE), field('reason', 'must be a string')],
    ],
    [
      '/ads/systems/new',
      { max_keys: 0.5 },
      [field('project_id', 'is required'), field('name', 'is required'), field('max_keys', WHOLE)],
    ],
    ['/sessions/disconnect', {}, [field('session_ids', 'is required')]],
    [
      '/sessions/disconnect',
      { session_ids: ['a', 1] },
      [field('session_ids', { message: 'has invalid items', errors: ['item 1 must be a string'] })],
    ],
    [`/sessions/${sessionId}/message`, { key: 1 }, [field('key', 'must be a string')]],
  ])('%s names each wrong member of %j', async (path, body, fields) => {
    expect(await post(path, body)).toEqual(refused(...fields));
  });
});

describe('scripts', () => {
  it('have no free-for-all mode in the basic tier', async () => {
    const edit = (free_for_all: boolean) =>
      post(`/scripts/${scriptId}/edit`, { name: 'New', free_for_all }, sandboxKeys.basic);
    expect(await edit(true)).toEqual(failed(2, 'tier does not allow ffa mode'));
    expect(fixture.sandbox.scripts.get(scriptId)?.name).toBe('Nightfall Hub');
    expect(await edit(false)).toEqual(ok());
  });

  it('go with their executions and sessions', async () => {
    expect(await post(`/scripts/${scriptId}/remove`)).toEqual(ok());
    expect([fixture.sandbox.executions.has(scriptId), sessionsOf(scriptId)]).toEqual([false, []]);
    expect((await answer(`GET /scripts/${scriptId}`))[1].success).toBe(false);
    expect(sessionsOf(freeForAllScriptId)).toHaveLength(96);
  });
});

describe('lists of sessions', () => {
  it('refuse wrong values in a query', async () => {
    const query = new URLSearchParams({ roblox_id: 'me', from: '-1' });
    expect(await answer(`GET /scripts/${scriptId}/sessions/filter?${query}`)).toEqual(
      refused(field('from', WHOLE), field('roblox_id', 'must be a number')),
    );
  });

  it('name no user by null in some rows, and by a missing member in others', async () => {
    const [, { sessions }] = await post(`/scripts/${freeForAllScriptId}/sessions`);
    const forms = sessions.map((session: object) =>
      'user_key' in session ? typeof session.user_key : 'missing',
    );
    expect(new Set(forms)).toEqual(new Set(['string', 'object', 'missing']));
  });

  it('write ids beyond 2^53 with all their digits and find them by these', async () => {
    const large = { id: 'large', job_id: 'j', place_id: 1, script_id: idleScriptId, created_at: createdAt };
    fixture.sandbox.sessions.set('large', { ...large, roblox_id: 9007199254740993n });
    expect(await (await ask('GET /sessions/large')).text()).toContain('"roblox_id":9007199254740993');
    const found = (roblox_id: string) =>
      get(`/scripts/${idleScriptId}/sessions/filter?${new URLSearchParams({ roblox_id })}`);
    expect((await found('9007199254740993')).sessions).toHaveLength(1);
    expect((await found('9007199254740992')).sessions).toEqual([]);
  });
});

describe('sessions', () => {
  const disconnectOne = `/sessions/${sessionId}/disconnect`;
  const isListed = async () => (await answer(`GET /sessions/${sessionId}`))[1].success;

  it('are listed for 5 s after a disconnect; a second disconnect adds nothing', async () => {
    expect(await post(disconnectOne)).toEqual(ok());
    time += 4_999;
    expect(await post(disconnectOne)).toEqual(ok());
    expect(await isListed()).toBe(true);
    time += 1;
    expect(await isListed()).toBe(false);
    expect([sessionsOf(scriptId).length, fixture.sandbox.disconnected.size]).toEqual([179, 0]);
  });

  it('end together, and none of them if one is unknown; other members of the body count for nothing', async () => {
    expect(await post('/sessions/disconnect', { session_ids: [sessionId, 'gone'] })).toEqual(
      refused('session does not exist or is not yours: gone'),
    );
    expect(fixture.sandbox.disconnected.size).toBe(0);
    const session_ids = sessionsOf(scriptId).map(({ id }) => id);
    expect(await post('/sessions/disconnect', { session_ids, key: 'ping', data: [] })).toEqual(ok());
    expect(await post('/sessions/disconnect', { session_ids: [sessionId, sessionId] })).toEqual(ok());
    time += 5_000;
    expect([sessionsOf(scriptId).length, await isListed()]).toEqual([180, false]);
    expect([sessionsOf(scriptId).length, sessionsOf(freeForAllScriptId).length]).toEqual([0, 96]);
  });
});

describe('users', () => {
  const user = async (key: string) => (await get(`/users/${key}`)).user;
  const edit = (key: string, body: object) => post(`/users/${key}/edit`, body);

  it('share no Discord id within a project', async () => {
    expect(await edit(endlessUserKey, { discord_id: discordId, note: 'new' })).toEqual(
      failed(1, 'key already exists with this discord'),
    );
    expect(await user(endlessUserKey)).toMatchObject({ discord_id: null, note: null });
    const { userProjects } = fixture.sandbox;
    const [elsewhere = ''] = [...userProjects].find(([, project]) => project !== projectId) ?? [];
    expect(await edit(elsewhere, { discord_id: discordId })).toEqual(ok());
  });

  it('leave the blacklist at its end', async () => {
    await post(`/users/${userKey}/blacklist`, { expires: createdAt + 60_000 });
    time += 59_999;
    expect((await user(userKey)).blacklisted).toBe(true);
    time += 1;
    expect((await user(userKey)).blacklisted).toBe(false);
  });

  it('are deleted 15 minutes after their expiry, where their project says so', async () => {
    await edit(userKey, { key_expires: time });
    time += 10 * 365 * 86_400_000;
    expect((await user(userKey)).key).toBe(userKey);
    await edit(userKey, { key_expires: time });
    await post(`/projects/${projectId}/edit`, { delete_expired_users: true });
    expect((await answer(`GET /users/${expiredUserKey}`))[1].success).toBe(false);
    time += 15 * 60_000 - 1;
    expect((await user(userKey)).key).toBe(userKey);
    time += 1;
    expect((await answer(`GET /users/${userKey}`))[1].success).toBe(false);
    expect(fixture.sandbox.userProjects.has(userKey)).toBe(false);
  });
});

describe('projects', () => {
  it('go without their scripts and users', async () => {
    expect(await post(`/projects/${projectId}/remove`)).toEqual(ok());
    expect((await answer(`GET /projects/${projectId}`))[1].success).toBe(false);
    expect((await get(`/scripts/${scriptId}`)).script.project_id).toBe(projectId);
    expect((await get(`/users/${userKey}`)).user.key).toBe(userKey);
  });
});

describe('ad systems', () => {
  const body = { project_id: namesProjectId, name: 'New' };
  const create = (given: object = body, token?: string) => post('/ads/systems/new', given, token);

  it('are made with the documented defaults, ten at most', async () => {
    const [, { system_id: id }] = await create();
    expect(await answer(`GET /ads/systems/${id}`)).toEqual(ok({ system: { ...AD_SYSTEM, ...body, id } }));
    expect((await get('/ads/systems')).systems).toHaveLength(4);
    for (let made = 4; made < 10; made += 1) expect((await create())[1].success).toBe(true);
    expect(await create()).toEqual(failed(0, 'max systems reached'));
    fixture.sandbox.reset();
    expect((await get('/ads/systems')).systems).toHaveLength(3);
  });

  it('need an account and a project', async () => {
    expect(await create(body, sandboxKeys.expired)).toEqual(accountExpired(1));
    expect(await create({ ...body, project_id: 'none' })).toEqual(failed(2, 'cannot use this project'));
  });
});
