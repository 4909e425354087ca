import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { json } from '../support/api/recorder.ts';
import { useRecorder, useSandbox } from '../support/gateways/fixture.ts';
import type { TestGateway } from '../support/gateways/gateway.ts';

const { scriptId, idleScriptId, projectId, namesProjectId, sessionId } = seeded;
const { userKey, blacklistedUserKey } = seeded;
const SYSTEM = '68ad00000000000000000001';
const HOOK = 'https://hooks.example.com/new';
const EXPIRES = '2030-01-02T03:04:05.678Z';
const SOON = { expires: Date.parse(EXPIRES) };
const LONG_ID = Array.from({ length: 101 }, (_, index) => `session-${index}`);

const fixture = useSandbox({ shared: true, sandbox: { messageDelayMs: 0, messageTimeoutMs: 5 } });

interface Sent {
  readonly token?: string;
  /** What is selected of the success. */
  readonly select?: string;
}

/** Runs a mutation, and gives its result and its errors. */
async function write(gateway: TestGateway, name: string, input: object, { token, select = '' }: Sent = {}) {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const refusals =
    '... on Refusal { message } ... on InvalidFields { fields { path messages } } ... on NotPermitted { reasons } ... on UnknownRefusal { code }';
  const document = `mutation ($input: ${type}Input!) { ${name}(input: $input) { __typename ${select} ${refusals} } }`;
  const headers = token === undefined ? undefined : { token };
  const { data, errors } = await gateway.execute<Record<string, unknown>, object>(
    document,
    { input },
    headers,
  );
  return { result: data?.[name] as Record<string, unknown> | undefined, data, errors };
}

const run = (name: string, input: object, sent?: Sent) => write(fixture.gateway, name, input, sent);
const calls = () => fixture.sandbox.calls.map(({ method, path, body }) => [`${method} ${path}`, body]);
const user = (key: string) => `/users/${key}`;

describe('a write sends what is given under its wire name, and nothing else', () => {
  it.each<[name: string, input: object, path: string, body: unknown]>([
    [
      'editScript',
      {
        id: scriptId,
        name: 'A "Hub" \u2028 🌒',
        freeForAll: true,
        useHeartbeat: false,
        kickOutdated: true,
        requireSessions: false,
      },
      `/scripts/${scriptId}/edit`,
      {
        name: 'A "Hub" \u2028 🌒',
        free_for_all: true,
        use_heartbeat: false,
        kick_outdated: true,
        require_sessions: false,
      },
    ],
    [
      'editScript',
      { id: scriptId, kickOutdated: true },
      `/scripts/${scriptId}/edit`,
      { kick_outdated: true },
    ],
    ['updateScript', { id: scriptId, source: ' ' }, `/scripts/${scriptId}/update`, { script: ' ' }],
    ['toggleScript', { id: scriptId, enabled: false }, `/scripts/${scriptId}/toggle`, { state: false }],
    ['toggleScript', { id: scriptId, enabled: true }, `/scripts/${scriptId}/toggle`, { state: true }],
    ['deleteScript', { id: idleScriptId }, `/scripts/${idleScriptId}/remove`, undefined],
    [
      'editProject',
      {
        id: projectId,
        name: 'Renamed "🌒"',
        fingerprintResetCooldownMs: 4_294_967_296,
        allowFingerprintResets: false,
        deleteExpiredUsers: true,
        executionWebhook: `${HOOK}/e`,
        informationWebhook: `${HOOK}/i`,
        blacklistWebhook: `${HOOK}/b`,
      },
      `/projects/${projectId}/edit`,
      {
        name: 'Renamed "🌒"',
        fingerprint_reset_cooldown: 4_294_967_296,
        allow_fingerprint_resets: false,
        delete_expired_users: true,
        execution_webhook: `${HOOK}/e`,
        information_webhook: `${HOOK}/i`,
        blacklist_webhook: `${HOOK}/b`,
      },
    ],
    [
      'editProject',
      { id: projectId, fingerprintResetCooldownMs: 0 },
      `/projects/${projectId}/edit`,
      { fingerprint_reset_cooldown: 0 },
    ],
    [
      'editProject',
      { id: projectId, executionWebhook: null, informationWebhook: null, blacklistWebhook: '' },
      `/projects/${projectId}/edit`,
      { execution_webhook: '', information_webhook: '', blacklist_webhook: '' },
    ],
    ['deleteProject', { id: projectId }, `/projects/${projectId}/remove`, undefined],
    [
      'editUser',
      { key: userKey, discordId: '365843484059632434', keyExpiresAt: EXPIRES, note: '🌒'.repeat(255) },
      `${user(userKey)}/edit`,
      { discord_id: '365843484059632434', key_expires: Date.parse(EXPIRES), note: '🌒'.repeat(255) },
    ],
    [
      'editUser',
      { key: userKey, discordId: null, keyExpiresAt: null, note: null },
      `${user(userKey)}/edit`,
      { discord_id: '', key_expires: '', note: '' },
    ],
    ['editUser', { key: userKey, note: '' }, `${user(userKey)}/edit`, { note: '' }],
    ['blacklistUser', { key: userKey }, `${user(userKey)}/blacklist`, {}],
    ['blacklistUser', { key: userKey, reason: null, expiresAt: null }, `${user(userKey)}/blacklist`, {}],
    [
      'blacklistUser',
      { key: userKey, reason: 'shared', expiresAt: EXPIRES },
      `${user(userKey)}/blacklist`,
      { reason: 'shared', ...SOON },
    ],
    ['unblacklistUser', { key: blacklistedUserKey }, `${user(blacklistedUserKey)}/unblacklist`, undefined],
    ['disconnectSession', { id: sessionId }, `/sessions/${sessionId}/disconnect`, undefined],
    [
      'createAdSystem',
      { projectId, name: 'New' },
      '/ads/systems/new',
      { project_id: projectId, name: 'New' },
    ],
    [
      'editAdSystem',
      { id: SYSTEM, allowExtending: false },
      `/ads/systems/${SYSTEM}/edit`,
      { allow_extending: false },
    ],
  ])('%s %j', async (name, input, path, body) => {
    const { result, errors } = await run(name, input);
    expect(errors).toBeUndefined();
    expect(result).toEqual({ __typename: `${name.charAt(0).toUpperCase()}${name.slice(1)}Success` });
    expect(calls()).toEqual([[`POST ${path}`, body]]);
    if (body === undefined) expect(fixture.sandbox.calls[0]?.text).toBe('');
  });

  it.each<[name: string, input: object, select: string, success: object]>([
    [
      'deleteScript',
      { id: idleScriptId },
      '... on DeleteScriptSuccess { deletedScriptId }',
      { deletedScriptId: idleScriptId },
    ],
    [
      'deleteProject',
      { id: projectId },
      '... on DeleteProjectSuccess { deletedProjectId }',
      { deletedProjectId: projectId },
    ],
    [
      'disconnectSession',
      { id: sessionId },
      '... on DisconnectSessionSuccess { disconnectedSessionId }',
      { disconnectedSessionId: sessionId },
    ],
    [
      'createAdSystem',
      { projectId, name: 'New' },
      '... on CreateAdSystemSuccess { adSystemId }',
      { adSystemId: '68ad00000000000000000004' },
    ],
  ])('%s gives the id of what it wrote', async (name, input, select, success) => {
    expect((await run(name, input, { select })).result).toMatchObject(success);
    expect(calls()).toHaveLength(1);
  });
});

describe('a successful write shows the object as it is afterwards, for one more call', () => {
  it.each<[name: string, input: object, select: string, shown: object, read: string]>([
    [
      'editScript',
      { id: scriptId, name: 'New', kickOutdated: true },
      'script { name kickOutdated requireSessions }',
      { script: { name: 'New', kickOutdated: true, requireSessions: true } },
      `/scripts/${scriptId}`,
    ],
    [
      'updateScript',
      { id: scriptId, source: 'x' },
      'script { id name }',
      { script: { id: scriptId, name: 'Nightfall Hub' } },
      `/scripts/${scriptId}`,
    ],
    [
      'toggleScript',
      { id: scriptId, enabled: false },
      'script { enabled }',
      { script: { enabled: false } },
      `/scripts/${scriptId}`,
    ],
    [
      'editUser',
      { key: userKey, discordId: null, keyExpiresAt: EXPIRES, note: 'new' },
      'user { key discordId keyExpiresAt note }',
      { user: { key: userKey, discordId: null, keyExpiresAt: EXPIRES, note: 'new' } },
      user(userKey),
    ],
    [
      'blacklistUser',
      { key: userKey, reason: 'shared', expiresAt: EXPIRES },
      'user { blacklist { reason expiresAt } }',
      { user: { blacklist: { reason: 'shared', expiresAt: EXPIRES } } },
      user(userKey),
    ],
    [
      'unblacklistUser',
      { key: blacklistedUserKey },
      'user { blacklist { reason } }',
      { user: { blacklist: null } },
      user(blacklistedUserKey),
    ],
    [
      'createAdSystem',
      { projectId, name: 'New', maxKeys: 2 },
      'adSystem { name maxKeys }',
      { adSystem: { name: 'New', maxKeys: 2 } },
      '/ads/systems/68ad00000000000000000004',
    ],
    [
      'editAdSystem',
      { id: SYSTEM, name: 'Day' },
      'adSystem { name }',
      { adSystem: { name: 'Day' } },
      `/ads/systems/${SYSTEM}`,
    ],
  ])('%s', async (name, input, select, shown, read) => {
    const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Success`;
    const { result, errors } = await run(name, input, { select: `... on ${type} { ${select} }` });
    expect(errors).toBeUndefined();
    expect(result).toEqual({ __typename: type, ...shown });
    expect(fixture.lines()).toHaveLength(2);
    expect(fixture.lines()[1]).toBe(`GET ${read}`);
  });

  it.each<[name: string, input: object, select: string, shown: object]>([
    [
      'blacklistUser',
      { key: blacklistedUserKey },
      '... on AlreadyBlacklisted { user { blacklist { reason } } }',
      { user: { blacklist: { reason: 'shared key' } } },
    ],
    [
      'unblacklistUser',
      { key: userKey },
      '... on NotBlacklisted { user { blacklist { reason } } }',
      { user: { blacklist: null } },
    ],
  ])('and so does a refusal of %s, only if it is selected', async (name, input, select, shown) => {
    const plain = await run(name, input);
    expect(plain.result).not.toHaveProperty('user');
    expect(fixture.lines()).toHaveLength(1);
    expect((await run(name, input, { select })).result).toMatchObject(shown);
    expect(fixture.lines()).toHaveLength(3);
  });

  it.each([
    [
      'cannot be read',
      { kind: 'failure', code: -1, message: 'unauthorized or invalid request' },
      'FORBIDDEN',
      ['editScript', 'script'],
    ],
    [
      'cannot be used',
      { kind: 'raw', body: '{"success": true, "script": {}}' },
      'UPSTREAM_BAD_RESPONSE',
      ['editScript', 'script', 'name'],
    ],
  ] as const)('the success stays where the object %s', async (_what, fault, code, path) => {
    fixture.sandbox.fault({ ...fault, route: 'GET /scripts/:script_id' });
    const select = '... on EditScriptSuccess { script { name } }';
    const { result, errors } = await run('editScript', { id: scriptId, name: 'Renamed' }, { select });
    expect(result).toEqual({ __typename: 'EditScriptSuccess', script: null });
    expect(errors).toMatchObject([expect.toBeError(code, { path: [...path] })]);
    expect(fixture.sandbox.scripts.get(scriptId)?.name).toBe('Renamed');
  });
});

describe('nothing is sent', () => {
  it.each([
    ['editScript', { id: scriptId }, 'name, freeForAll, useHeartbeat, kickOutdated, requireSessions'],
    [
      'editProject',
      { id: projectId },
      'name, fingerprintResetCooldownMs, allowFingerprintResets, deleteExpiredUsers, executionWebhook, informationWebhook, blacklistWebhook',
    ],
    ['editUser', { key: userKey }, 'discordId, keyExpiresAt, note'],
    [
      'editAdSystem',
      { id: SYSTEM },
      'projectId, name, keyDurationMs, maxKeys, allowExtending, maxDurationMs',
    ],
  ])('by %s without a change', async (name, input, names) => {
    expect((await run(name, input)).result).toEqual({
      __typename: 'NothingToEdit',
      message: `cannot edit nothing: give at least one of ${names}`,
    });
    expect(fixture.lines()).toEqual([]);
  });

  it.each<[name: string, input: object, argument: string]>([
    ['editScript', { id: '..', name: 'x' }, 'input.id'],
    ['editProject', { id: projectId, name: null }, 'input.name'],
    ['editProject', { id: projectId, name: '' }, 'input.name'],
    ['editProject', { id: projectId, name: 'a\ud800' }, 'input.name'],
    ['editProject', { id: projectId, fingerprintResetCooldownMs: null }, 'input.fingerprintResetCooldownMs'],
    ['editProject', { id: projectId, deleteExpiredUsers: null }, 'input.deleteExpiredUsers'],
    ['editProject', { id: projectId, executionWebhook: 'secret\udc00' }, 'input.executionWebhook'],
    ['deleteProject', { id: '..' }, 'input.id'],
    ['editUser', { key: 'secret/..', note: 'x' }, 'input.key'],
    ['editUser', { key: userKey, discordId: 'secret' }, 'input.discordId'],
    ['editUser', { key: userKey, discordId: '' }, 'input.discordId'],
    ['editUser', { key: userKey, note: `secret ${'x'.repeat(249)}` }, 'input.note'],
    ['editUser', { key: userKey, note: 'secret\ud800' }, 'input.note'],
    ['disconnectSession', { id: '../disconnect' }, 'input.id'],
    ['disconnectSessions', { ids: [] }, 'input.ids'],
    ['disconnectSessions', { ids: LONG_ID }, 'input.ids'],
    ['disconnectSessions', { ids: ['a', '..'] }, 'input.ids[1]'],
    ['messageSession', { id: 'a/b', handler: 'ping' }, 'input.id'],
    ['messageSession', { id: 'a', handler: '' }, 'input.handler'],
    ['messageSession', { id: 'a', handler: 'x'.repeat(513) }, 'input.handler'],
    ['messageSession', { id: 'a', handler: 'ping', data: '🌒'.repeat(16_384) }, 'input.data'],
    ['createAdSystem', { projectId, name: '' }, 'input.name'],
    ['createAdSystem', { projectId: '..', name: 'x' }, 'input.projectId'],
    ['editAdSystem', { id: SYSTEM, maxKeys: null }, 'input.maxKeys'],
  ])('by %s with a wrong input, case %#, and a text is not quoted', async (name, input, argument) => {
    const { errors } = await run(name, input);
    expect(errors).toMatchObject([
      expect.toBeError('BAD_USER_INPUT', { path: [name], argument, outcome: 'NOT_EXECUTED' }),
    ]);
    expect(JSON.stringify(errors)).not.toContain('secret');
    expect(fixture.lines()).toEqual([]);
  });

  it('of what a client adds to an input', async () => {
    const { errors } = await run('disconnectSessions', { ids: [sessionId], key: 'ping', data: 1 });
    expect(errors).toMatchObject([expect.toBeError('BAD_USER_INPUT'), {}]);
    expect(fixture.lines()).toEqual([]);
  });
});

describe('a source', () => {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

  it.each([
    ['quotes and backslashes', `print("it's \\"quoted\\"") -- \\u0041 \\n`],
    ['line and paragraph separators', 'a\u2028b\u2029c\r\nd\re'],
    ['NUL and other control characters', 'a\0b\x01\x1b[31m\x7f\u0085'],
    ['emoji and combining marks', '🧑‍🚀 e\u0301 \u{10ffff} \ufeff'],
    ['what JSON.parse could take for a prototype', '{"__proto__": {"polluted": true}}'],
    ['1 MB', 'local x = "🌒" -- '.repeat(60_000).slice(0, 1024 * 1024)],
  ])('arrives character for character: %s', async (_what, source) => {
    expect((await run('updateScript', { id: scriptId, source })).errors).toBeUndefined();
    const { script, ...rest } = JSON.parse(fixture.sandbox.calls[0]?.text ?? '');
    expect([rest, sha256(script)]).toEqual([{}, sha256(source)]);
  });

  it('may stand in the document', async () => {
    await fixture.gateway.execute(
      `mutation { updateScript(input: { id: "${scriptId}", source: """print("hi")
        return 1""" }) { __typename } }`,
    );
    expect(calls().map(([, body]) => body)).toEqual([{ script: 'print("hi")\nreturn 1' }]);
  });
});

describe('editProject', () => {
  const project = (select: string) => ({ select: `... on EditProjectSuccess { project { ${select} } }` });
  const ROUTE = 'POST /projects/:project_id/edit';
  const EMPTY = { kind: 'raw', body: '{"success":true}' } as const;

  it('shows the new project without a further call', async () => {
    const input = { id: projectId, name: 'Renamed', executionWebhook: null };
    const { result } = await run('editProject', input, project('name executionWebhook'));
    expect(result).toMatchObject({ project: { name: 'Renamed', executionWebhook: null } });
    expect(fixture.lines()).toEqual([`POST /projects/${projectId}/edit`]);
  });

  it('reads the project where the answer carries none', async () => {
    fixture.sandbox.fault({ ...EMPTY, route: ROUTE });
    const { result } = await run('editProject', { id: projectId, name: 'x' }, project('name'));
    expect(result).toMatchObject({ project: { name: 'Nightfall Suite' } });
    expect(fixture.lines()).toEqual([`POST /projects/${projectId}/edit`, `GET /projects/${projectId}`]);
  });

  it('says that it may have been carried out where that read fails, which leaves no data', async () => {
    fixture.sandbox.fault({ ...EMPTY, route: ROUTE });
    fixture.sandbox.fault({ ...EMPTY, route: 'GET /projects/:project_id' });
    const { data, errors } = await run('editProject', { id: projectId, name: 'x' }, project('name'));
    expect(data).toBeNull();
    expect(errors).toMatchObject([
      expect.toBeError('UPSTREAM_BAD_RESPONSE', { path: ['editProject', 'project'], outcome: 'UNKNOWN' }),
    ]);
  });

  it('takes no other project for its own', async () => {
    const other = fixture.sandbox.projects.get(namesProjectId);
    fixture.sandbox.fault({ kind: 'raw', body: JSON.stringify({ success: true, project: other }) });
    const { errors } = await run('editProject', { id: projectId, name: 'x' }, project('name'));
    expect(errors).toMatchObject([
      expect.toBeError('UPSTREAM_BAD_RESPONSE', { path: ['editProject'], outcome: 'UNKNOWN' }),
    ]);
    expect(errors?.[0]?.message).toContain('read the project before you try again');
  });
});

describe('writes of one operation', () => {
  const script = `GET /scripts/${scriptId}`;
  const edit = `POST /scripts/${scriptId}/edit`;

  it('are carried out one after the other, a refused one does not stop the next', async () => {
    const { data, errors } = await fixture.gateway.execute(
      `mutation {
        a: toggleScript(input: { id: "${scriptId}", enabled: false }) { __typename }
        b: editScript(input: { id: "unknown", name: "x" }) { __typename }
        c: editScript(input: { id: "${scriptId}", name: "C" }) { ... on EditScriptSuccess { script { name enabled } } }
        d: deleteScript(input: { id: "${scriptId}" }) { __typename }
        e: toggleScript(input: { id: "${scriptId}", enabled: true }) { __typename }
      }`,
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      a: { __typename: 'ToggleScriptSuccess' },
      b: { __typename: 'NotPermitted' },
      c: { script: { name: 'C', enabled: false } },
      d: { __typename: 'DeleteScriptSuccess' },
      e: { __typename: 'NotPermitted' },
    });
    const [toggle, remove] = [`POST /scripts/${scriptId}/toggle`, `POST /scripts/${scriptId}/remove`];
    expect(fixture.lines()).toEqual([toggle, 'POST /scripts/unknown/edit', edit, script, remove, toggle]);
  });

  it('end with the first write that fails: earlier writes were carried out, later writes are not sent', async () => {
    const toggle = (id: string) => `toggleScript(input: { id: "${id}", enabled: false }) { __typename }`;
    const { data, errors } = await fixture.gateway.execute(
      `mutation { a: ${toggle(scriptId)} b: ${toggle('..')} c: ${toggle(scriptId)} }`,
    );
    expect(data).toBeNull();
    expect(errors).toMatchObject([
      expect.toBeError('BAD_USER_INPUT', { path: ['b'], outcome: 'NOT_EXECUTED' }),
    ]);
    expect(fixture.lines()).toEqual([`POST /scripts/${scriptId}/toggle`]);
  });

  it.each([
    ['script', 'editScript', scriptId, 'script { name }', [edit, script]],
    [
      'script that its sessions lead back to',
      'editScript',
      scriptId,
      'script { sessions(first: 1) { nodes { script { name } } } }',
      [edit, script, `POST /scripts/${scriptId}/sessions`],
    ],
    ['project', 'editProject', projectId, 'project { name }', [`POST /projects/${projectId}/edit`]],
  ])('show each its own %s', async (_what, mutation, id, select, lines) => {
    const success = mutation === 'editScript' ? 'EditScriptSuccess' : 'EditProjectSuccess';
    const rename = (name: string) =>
      `${name}: ${mutation}(input: { id: "${id}", name: "${name}" }) { ... on ${success} { ${select} } }`;
    const { data, errors } = await fixture.gateway.execute<Record<string, object>, undefined>(
      `mutation { ${rename('A')} ${rename('B')} }`,
    );
    expect(errors).toBeUndefined();
    for (const name of ['A', 'B']) {
      const names = JSON.stringify(data?.[name]).match(/"name":"\w+"/g);
      expect(names).toEqual([`"name":"${name}"`]);
    }
    expect(fixture.lines()).toEqual([...lines, ...lines]);
  });
});

describe('a write of unknown outcome is not repeated, and says so', () => {
  const recorder = useRecorder({ transport: { random: () => 0 } });

  it.each([
    [
      'disconnectSession',
      { id: 'a' },
      'POST /sessions/a/disconnect',
      'read the session before you try again',
    ],
    [
      'disconnectSessions',
      { ids: ['a', 'b'] },
      'POST /sessions/disconnect',
      'read the session before you try again',
    ],
    [
      'createAdSystem',
      { projectId: 'p', name: 'x' },
      'POST /ads/systems/new',
      'read the ad systems before you try again',
    ],
    ['messageSession', { id: 'a', handler: 'h' }, 'POST /sessions/a/message', 'before you try again'],
  ])('%s', async (name, input, line, advice) => {
    recorder.respond = ({ socket }) => void socket.destroy();
    const { errors } = await write(recorder.gateway, name, input);
    expect(errors).toMatchObject([
      expect.toBeError('UPSTREAM_UNAVAILABLE', {
        message: expect.stringContaining(advice),
        outcome: 'UNKNOWN',
      }),
    ]);
    expect(recorder.recorder.lines()).toEqual([line]);
  });

  it.each([
    [
      'LuaAuth is too busy',
      { success: false, error: { code: -1, message: 'ratelimited' } },
      'RATE_LIMITED',
      'NOT_EXECUTED',
    ],
    ['the answer has no id', { success: true }, 'UPSTREAM_BAD_RESPONSE', 'UNKNOWN'],
  ])('createAdSystem where %s', async (_what, answer, code, outcome) => {
    recorder.respond = (_recorded, response) => json(response, answer);
    const { errors } = await write(recorder.gateway, 'createAdSystem', { projectId: 'p', name: 'x' });
    expect(errors).toMatchObject([expect.toBeError(code, { outcome })]);
    expect(recorder.recorder.lines()).toEqual(['POST /ads/systems/new']);
  });
});
