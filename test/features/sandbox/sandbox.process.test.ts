import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { hiddenKey } from '../../../src/features/sandbox/calls.ts';
import { type Mishap, SANDBOX_RAY } from '../../../src/features/sandbox/faults.ts';
import { sandboxKeys } from '../../../src/features/sandbox/keys.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import type { Sandbox } from '../../../src/features/sandbox/server.ts';
import type { SandboxSession } from '../../../src/features/sandbox/state.ts';
import {
  type Ask,
  failed,
  field,
  ok,
  refused,
  unknownScript,
  unknownSession,
  useStandIn,
} from '../../support/api/stand-in.ts';
import { createManualClock } from '../../support/clocks/clock.ts';
import { MAIN } from '../../support/processes/built.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const { scriptId, freeForAllScriptId, idleScriptId, sessionId, projectId, userKey } = seeded;

let sandbox: Sandbox;
const fixture = useStandIn();
const { start, ask, answer } = fixture;

beforeEach(() => {
  sandbox = fixture.sandbox;
});

const sessionsOf = (script: string, on = sandbox) =>
  [...on.sessions.values()].filter(({ script_id }) => script_id === script);

const seededSession = {
  id: sessionId,
  user_key: userKey,
  script_id: scriptId,
  roblox_id: 10234711811,
  place_id: 606849621,
  job_id: '3f9a2c1e-7b40-4d6a-a1c8-5e2d90b7f314',
  created_at: 1770624500000,
};

describe('script endpoints', () => {
  it('GET /scripts/:script_id answers the script', async () => {
    expect(await answer(`GET /scripts/${scriptId}`)).toEqual(
      ok({
        script: {
          id: scriptId,
          project_id: projectId,
          name: 'Nightfall Hub',
          free_for_all: false,
          use_heartbeat: true,
          kick_outdated: false,
          require_sessions: true,
          enabled: true,
          total_executions: 3_412_998_117,
          total_sessions: 2_423_228_663,
          total_instances: 180,
        },
      }),
    );
  });

  it('GET executions answers a count for each of the last fourteen days', async () => {
    const [status, body] = await answer(`GET /scripts/${scriptId}/executions`);
    expect([status, Object.keys(body)]).toEqual([200, ['success', 'executions']]);
    expect(Object.keys(body.executions)).toEqual(
      '01/27 01/28 01/29 01/30 01/31 02/01 02/02 02/03 02/04 02/05 02/06 02/07 02/08 02/09'.split(' '),
    );
    expect(Object.values(body.executions).every((count) => Number(count) > 1_000_000)).toBe(true);
  });

  it('edit changes what is given and leaves null and absent fields as they are', async () => {
    const before = { ...sandbox.scripts.get(scriptId) };
    const body = { name: 'Nightfall X', kick_outdated: true, use_heartbeat: null, free_for_all: true };
    expect(await answer(`POST /scripts/${scriptId}/edit`, { body })).toEqual(ok());
    expect(await answer(`GET /scripts/${scriptId}`)).toEqual(
      ok({ script: { ...before, name: 'Nightfall X', kick_outdated: true, free_for_all: true } }),
    );
  });

  it('edit clears the name when it is an empty string', async () => {
    expect(await answer(`POST /scripts/${scriptId}/edit`, { body: { name: '' } })).toEqual(ok());
    expect((await answer(`GET /scripts/${scriptId}`))[1].script.name).toBeNull();
  });

  it.each([undefined, {}, { name: null }, { colour: 'red' }])(
    'edit answers code 1 to a body that changes nothing: %j',
    async (body) => {
      expect(await answer(`POST /scripts/${scriptId}/edit`, { body })).toEqual(
        failed(1, 'cannot edit nothing'),
      );
    },
  );

  it('edit answers code 0 to an expired account and changes nothing', async () => {
    const options = { body: { name: 'New' }, token: sandboxKeys.expired };
    expect(await answer(`POST /scripts/${scriptId}/edit`, options)).toEqual(failed(0, 'account expired'));
    expect(sandbox.scripts.get(scriptId)?.name).toBe('Nightfall Hub');
  });

  it('edit answers code 2 when the tier has no free-for-all mode, and allows the rest', async () => {
    const token = sandboxKeys.basic;
    const body = { name: 'New', free_for_all: true };
    expect(await answer(`POST /scripts/${scriptId}/edit`, { body, token })).toEqual(
      failed(2, 'tier does not allow ffa mode'),
    );
    expect(sandbox.scripts.get(scriptId)?.name).toBe('Nightfall Hub');
    expect(
      await answer(`POST /scripts/${scriptId}/edit`, { body: { ...body, free_for_all: false }, token }),
    ).toEqual(ok());
  });

  it('edit names every field of the wrong type', async () => {
    const body = { name: 5, free_for_all: 'yes', use_heartbeat: '', kick_outdated: [], require_sessions: {} };
    expect(await answer(`POST /scripts/${scriptId}/edit`, { body })).toEqual(
      refused(
        field('name', 'must be a string'),
        field('free_for_all', 'must be a boolean'),
        field('use_heartbeat', 'must be a boolean'),
        field('kick_outdated', 'must be a boolean'),
        field('require_sessions', 'must be a boolean'),
      ),
    );
  });

  it('remove deletes the script, its executions and its sessions', async () => {
    expect(await answer(`POST /scripts/${scriptId}/remove`)).toEqual(ok());
    expect(await answer(`GET /scripts/${scriptId}`)).toEqual(unknownScript);
    expect(await answer(`GET /sessions/${sessionId}`)).toEqual(unknownSession);
    expect(await answer(`POST /scripts/${scriptId}/remove`)).toEqual(unknownScript);
    expect([sandbox.executions.has(scriptId), sandbox.sources.has(scriptId)]).toEqual([false, false]);
    expect(sessionsOf(freeForAllScriptId)).toHaveLength(96);
  });

  it('update stores the source, whose exact text stays in the call record', async () => {
    const script = '\ufeffprint("\u00e9\u{1f600}\u0000\r\n")\n';
    expect(await answer(`POST /scripts/${scriptId}/update`, { body: { script } })).toEqual(ok());
    expect(sandbox.sources.get(scriptId)).toEqual({
      version: 2,
      bytes: Buffer.byteLength(script),
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(sandbox.calls.at(-1)).toMatchObject({ text: JSON.stringify({ script }), body: { script } });
  });

  it.each([
    [undefined, 'is required'],
    [{ script: null }, 'must be a string'],
  ])('update refuses %j', async (body, error) => {
    expect(await answer(`POST /scripts/${scriptId}/update`, { body })).toEqual(
      refused(field('script', error)),
    );
  });

  it('toggle sets whether the script is enabled', async () => {
    expect(await answer(`POST /scripts/${scriptId}/toggle`, { body: { state: false } })).toEqual(ok());
    expect((await answer(`GET /scripts/${scriptId}`))[1].script.enabled).toBe(false);
    expect(await answer(`POST /scripts/${scriptId}/toggle`, { body: { state: true } })).toEqual(ok());
    expect((await answer(`GET /scripts/${scriptId}`))[1].script.enabled).toBe(true);
  });

  it.each([
    [{}, 'is required'],
    [{ state: 'on' }, 'must be a boolean'],
  ])('toggle refuses %j', async (body, error) => {
    expect(await answer(`POST /scripts/${scriptId}/toggle`, { body })).toEqual(
      refused(field('state', error)),
    );
  });

  it.each([
    'GET /scripts/none',
    'GET /scripts/none/executions',
    'POST /scripts/none/edit',
    'POST /scripts/none/remove',
    'POST /scripts/none/update',
    'POST /scripts/none/toggle',
    'POST /scripts/none/sessions',
    'GET /scripts/none/sessions/filter',
  ])('%s is refused, for there is no such script', async (endpoint) => {
    expect(await answer(endpoint)).toEqual(unknownScript);
  });
});

describe('session lists', () => {
  it('POST sessions answers the first page without a body', async () => {
    const sessions = sessionsOf(scriptId).slice(0, 100);
    expect(sessions[0]).toEqual(seededSession);
    expect(await answer(`POST /scripts/${scriptId}/sessions`)).toEqual(ok({ sessions }));
    expect(await answer(`POST /scripts/${idleScriptId}/sessions`)).toEqual(ok({ sessions: [] }));
  });

  it('POST sessions starts at `from` and ends after `limit`', async () => {
    const all = sessionsOf(scriptId);
    const page = (body: object) => answer(`POST /scripts/${scriptId}/sessions`, { body });
    expect(await page({ from: 3, limit: 2 })).toEqual(ok({ sessions: all.slice(3, 5) }));
    expect(await page({ from: 178 })).toEqual(ok({ sessions: all.slice(178) }));
    expect(await page({ limit: 0 })).toEqual(ok({ sessions: [] }));
    expect(await page({ from: 5000 })).toEqual(ok({ sessions: [] }));
  });

  it('answers no more than `maxLimit` sessions without saying so', async () => {
    const on = await start({ maxLimit: 7 });
    const sessions = sessionsOf(scriptId, on).slice(0, 7);
    expect(await answer(`POST /scripts/${scriptId}/sessions`, { body: { limit: 50 }, on })).toEqual(
      ok({ sessions }),
    );
  });

  it('refuses `from` and `limit` that are no indexes', async () => {
    const wrong = 'must be a whole number, 0 or more';
    const both = refused(field('from', wrong), field('limit', wrong));
    for (const body of [
      { from: -1, limit: 1.5 },
      { from: '2', limit: null },
    ]) {
      expect(await answer(`POST /scripts/${scriptId}/sessions`, { body })).toEqual(both);
    }
    expect(await answer(`GET /scripts/${scriptId}/sessions/filter?from=-1&limit=`)).toEqual(both);
  });

  it('sessions/filter answers the sessions that match all that is given', async () => {
    const filter = async (query: Record<string, string>) =>
      answer(`GET /scripts/${scriptId}/sessions/filter?${new URLSearchParams(query)}`);
    const { job_id } = sessionsOf(scriptId)[5] as SandboxSession;
    const inJob = sessionsOf(scriptId).filter((session) => session.job_id === job_id);
    expect(inJob.length).toBeGreaterThan(1);

    expect(await filter({ job_id })).toEqual(ok({ sessions: inJob }));
    expect(await filter({ job_id, from: '1', limit: '1' })).toEqual(ok({ sessions: inJob.slice(1, 2) }));
    expect(await filter({ roblox_id: '10234711811' })).toEqual(ok({ sessions: [seededSession] }));
    expect(await filter({ key: userKey, place_id: '606849621', roblox_id: '10234711811' })).toEqual(
      ok({ sessions: [seededSession] }),
    );
    expect(await filter({ key: userKey, place_id: '1' })).toEqual(ok({ sessions: [] }));
    expect(await filter({})).toEqual(ok({ sessions: sessionsOf(scriptId).slice(0, 100) }));
    expect(await filter({ roblox_id: 'me', place_id: '' })).toEqual(
      refused(field('roblox_id', 'must be a number'), field('place_id', 'must be a number')),
    );
  });

  it('lists users without a key: null in some rows, missing in others', async () => {
    const [, { sessions }] = await answer(`POST /scripts/${freeForAllScriptId}/sessions`);
    const forms = new Set(
      sessions.map((session: SandboxSession) =>
        'user_key' in session ? typeof session.user_key : 'missing',
      ),
    );
    expect(forms).toEqual(new Set(['string', 'object', 'missing']));
  });

  it('writes ids beyond 2^53 with all their digits and finds them by these', async () => {
    const row = { ...seededSession, id: 'large', roblox_id: 9007199254740993n, script_id: idleScriptId };
    sandbox.sessions.set('large', row);
    const session = JSON.stringify({ ...row, roblox_id: 0 }).replace(':0,', ':9007199254740993,');
    expect(await (await ask('GET /sessions/large')).text()).toBe(`{"success":true,"session":${session}}`);
    const filter = (id: string) => ask(`GET /scripts/${idleScriptId}/sessions/filter?roblox_id=${id}`);
    expect(await (await filter('9007199254740993')).text()).toBe(`{"success":true,"sessions":[${session}]}`);
    expect(await (await filter('9007199254740992')).text()).toBe('{"success":true,"sessions":[]}');
  });
});

describe('what every endpoint shares', () => {
  it.each([null, 'sandbox-', 'SANDBOX-KEY'])('refuses the key %j', async (token) => {
    expect(await answer(`GET /scripts/${scriptId}`, { token })).toEqual(refused('invalid api key'));
  });

  it.each(Object.values(sandboxKeys))('shows the same account to %s', async (token) => {
    expect(await answer(`GET /sessions/${sessionId}`, { token })).toEqual(ok({ session: seededSession }));
  });

  it.each([
    'GET /',
    'GET /scripts',
    'GET /scripts/',
    `GET /scripts/${scriptId}/`,
    `DELETE /scripts/${scriptId}`,
    'GET /sessions/disconnect/now',
    'GET /scripts/%E0%A4%A',
    'GET /_sandbox/other',
  ])('%s is an invalid endpoint', async (endpoint) => {
    expect(await answer(endpoint)).toEqual(failed(-1, 'invalid endpoint'));
  });

  it('decodes the ids of a path', async () => {
    sandbox.sessions.set('a/b c', { ...seededSession, id: 'a/b c' });
    expect((await answer('GET /sessions/a%2Fb%20c'))[1].session.id).toBe('a/b c');
  });

  it.each(['{"name":', '{"name":"a"}x'])('refuses the malformed body %s', async (text) => {
    expect(await answer(`POST /scripts/${scriptId}/edit`, { text })).toEqual(
      refused(field('body', { message: 'is not valid JSON', errors: [expect.any(String)] })),
    );
    expect(sandbox.calls.at(-1)).toMatchObject({ text, body: undefined });
  });

  it('refuses a body that is not UTF-8', async () => {
    const text = Buffer.from([0x7b, 0xff, 0x7d]);
    expect(await answer(`POST /scripts/${scriptId}/edit`, { text })).toEqual(
      refused(field('body', { message: 'is not valid JSON', errors: ['not UTF-8'] })),
    );
  });

  it.each([[], 'x', 1, null])('refuses the body %j, which is no object', async (body) => {
    expect(await answer(`POST /scripts/${scriptId}/edit`, { body })).toEqual(
      refused(field('body', 'must be an object')),
    );
  });

  it('survives a body that is nested deeper than it could write', async () => {
    const text = `{"key":"echo","data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    // A newer Node writes any depth.
    expect((await ask(`POST /sessions/${sessionId}/message`, { text })).status).toBe(200);
    expect((await ask('GET /_sandbox/calls')).status).toBe(200);
    expect(await answer('POST /_sandbox/reset')).toEqual(ok());
    expect(await answer('GET /_sandbox/calls')).toEqual(ok({ total: 0, calls: [] }));
  });

  it('accepts a body of 16 MiB and refuses a larger one', async () => {
    const room = 16 * 1024 * 1024 - JSON.stringify({ script: '' }).length;
    const update = (length: number) =>
      answer(`POST /scripts/${scriptId}/update`, { body: { script: 'x'.repeat(length) } });
    expect(await update(room)).toEqual(ok());
    expect(await update(room + 1)).toEqual(
      refused(field('body', { message: 'is too large', errors: ['more than 16777216 bytes'] })),
    );
    expect(sandbox.sources.get(scriptId)?.bytes).toBe(room);
  });

  it('answers with JSON of a stated length', async () => {
    const response = await ask(`GET /scripts/${scriptId}`);
    const { byteLength } = await response.arrayBuffer();
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('content-length')).toBe(String(byteLength));
  });
});

describe('the status of failures', () => {
  it('is a fitting one in mode `http`, with the same bodies as in mode `ok`', async () => {
    const http = await start({ failureStatus: 'http', rate: 9, now: () => 0 });
    const plain = await start({ rate: 9, now: () => 0 });
    for (const on of [http, plain]) {
      on.fault({ kind: 'failure', code: -1, message: 'internal server error' });
    }
    const cases: [number, string, Ask?][] = [
      [500, `GET /scripts/${scriptId}`],
      [200, `GET /scripts/${scriptId}`],
      [401, `GET /scripts/${scriptId}`, { token: 'nobody' }],
      [403, 'GET /scripts/none'],
      [404, 'GET /nothing'],
      [400, `POST /scripts/${scriptId}/update`],
      [400, `POST /scripts/${scriptId}/edit`, { text: '{' }],
      [400, `POST /scripts/${scriptId}/edit`],
      [400, `POST /scripts/${scriptId}/edit`, { body: { name: 'a' }, token: sandboxKeys.expired }],
      [400, `POST /scripts/${scriptId}/edit`, { body: { free_for_all: true }, token: sandboxKeys.basic }],
      [200, `GET /scripts/${scriptId}`],
      [200, `GET /scripts/${scriptId}`],
      [429, `GET /scripts/${scriptId}`],
    ];
    for (const [status, endpoint, options] of cases) {
      const [httpStatus, httpBody] = await answer(endpoint, { ...options, on: http });
      expect([endpoint, httpStatus]).toEqual([endpoint, status]);
      expect(await answer(endpoint, { ...options, on: plain })).toEqual([200, httpBody]);
    }
  });
});

describe('the quota', () => {
  const limited = failed(-1, 'ratelimited');
  let time = 0;
  const askMany = async (on: Sandbox, count: number, token?: string) => {
    const answers = await Promise.all(
      Array.from({ length: count }, () => answer(`GET /scripts/${scriptId}`, { on, token })),
    );
    return answers.filter(([, { success }]) => success).length;
  };

  beforeEach(() => {
    time = 1_000_000;
  });

  it('admits exactly 50 requests in any second', async () => {
    const on = await start({ now: () => time });
    expect(await askMany(on, 20)).toBe(20);
    time += 600;
    expect(await askMany(on, 40)).toBe(30);
    time += 399;
    expect(await answer(`GET /scripts/${scriptId}`, { on })).toEqual(limited);
    time += 1;
    expect(await askMany(on, 40)).toBe(20);
    time += 599;
    expect(await askMany(on, 1)).toBe(0);
    time += 1;
    expect(await askMany(on, 40)).toBe(30);
  });

  it('admits requests again at once when the clock was set back', async () => {
    const on = await start({ now: () => time, rate: 3 });
    expect(await askMany(on, 4)).toBe(3);
    time -= 3_600_000;
    expect(await askMany(on, 4)).toBe(3);
  });

  it('counts each key for itself and lets no unknown key use anything up', async () => {
    const on = await start({ now: () => time, rate: 3 });
    expect(await askMany(on, 5)).toBe(3);
    expect(await askMany(on, 5, sandboxKeys.basic)).toBe(3);
    expect(await askMany(on, 5, 'nobody')).toBe(0);
    expect(await answer(`GET /scripts/${scriptId}`, { on, token: 'nobody' })).toEqual(
      refused('invalid api key'),
    );
  });

  it('admits everything when the rate is 0', async () => {
    const on = await start({ now: () => time, rate: 0 });
    expect(await askMany(on, 120)).toBe(120);
  });

  it('is forgotten by a reset', async () => {
    const on = await start({ now: () => time, rate: 2 });
    expect(await askMany(on, 3)).toBe(2);
    on.reset();
    expect(await askMany(on, 3)).toBe(2);
  });

  it('marks the refused calls in the record and leaves faults for the next ones', async () => {
    const on = await start({ now: () => time, rate: 1 });
    await ask('GET /users/none', { on });
    on.fault({ kind: 'raw', body: 'fault' });
    expect(await answer('GET /users/none', { on })).toEqual(limited);
    time += 1000;
    expect(await (await ask('GET /users/none', { on })).text()).toBe('fault');
    expect(on.calls.map((call) => call.limited)).toEqual([false, true, false]);
  });
});

describe('the call record', () => {
  it('holds what arrived, and when', async () => {
    const on = await start({ now: () => 42 });
    await ask(`POST /scripts/${scriptId}/sessions?a=%20b`, { text: '{ "from": 1 }', on });
    await ask('GET /nothing', { token: null, on });
    expect(on.calls).toEqual([
      {
        method: 'POST',
        path: `/scripts/${scriptId}/sessions?a=%20b`,
        route: 'POST /scripts/:script_id/sessions',
        headers: expect.objectContaining({ token: sandboxKeys.full, 'content-type': 'application/json' }),
        text: '{ "from": 1 }',
        body: { from: 1 },
        at: 42,
        limited: false,
        misdirected: false,
      },
      {
        method: 'GET',
        path: '/nothing',
        route: undefined,
        headers: expect.not.objectContaining({ token: expect.anything() }),
        text: '',
        body: undefined,
        at: 42,
        limited: false,
        misdirected: false,
      },
    ]);
  });

  it('keeps the latest `maxCalls` calls', async () => {
    const on = await start({ maxCalls: 2 });
    for (const id of ['a', 'b', 'c']) await ask(`GET /scripts/${id}`, { on });
    expect(on.calls.map(({ path }) => path)).toEqual(['/scripts/b', '/scripts/c']);
  });

  it('shows no licence key of a path, and the same in its place for the same key', async () => {
    const other = 'no key & no/path';
    const paths = [`${userKey}`, `${userKey}/edit?a=b`, encodeURIComponent(other), `${userKey}/nothing`];
    for (const path of paths) await ask(`POST /users/${path}`);
    await ask('GET /users/%E0%A4%A');
    const hidden = hiddenKey(userKey);
    expect(hidden).toMatch(/^hidden-[0-9a-f]{8}$/);
    expect(hiddenKey(other)).not.toBe(hidden);
    expect(sandbox.calls.map(({ path }) => path)).toEqual([
      `/users/${hidden}`,
      `/users/${hidden}/edit?a=b`,
      `/users/${hiddenKey(other)}`,
      `/users/${hidden}/nothing`,
      `/users/${hiddenKey('%E0%A4%A')}`,
    ]);
    expect(sandbox.calls[1]?.route).toBe('POST /users/:user_key/edit');
    expect(JSON.stringify(sandbox.calls)).not.toContain(userKey);
  });

  it('shows no licence key of a filter over HTTP', async () => {
    await ask(`GET /scripts/${scriptId}/sessions/filter?from=1&key=${userKey}&limit=2`);
    const text = await (await ask('GET /_sandbox/calls', { token: null })).text();
    expect(text).not.toContain(userKey);
    expect(JSON.parse(text).calls[0].path).toBe(
      `/scripts/${scriptId}/sessions/filter?from=1&key=hidden&limit=2`,
    );
  });

  it('takes faults over HTTP, which strike as often as they say', async () => {
    for (const fault of [
      { kind: 'proxy', status: 521, by: 'cloudflare' },
      { kind: 'proxy', status: 502, route: 'GET /scripts/:script_id', times: 2 },
      { kind: 'failure', code: -1, message: 'internal server error', status: 500 },
    ])
      expect(await answer('POST /_sandbox/faults', { body: fault, token: null })).toEqual(ok());
    const read = () => ask(`GET /scripts/${scriptId}`);
    const struck = await read();
    expect([struck.status, struck.headers.get('cf-ray'), await struck.text()]).toEqual([
      521,
      SANDBOX_RAY,
      'error code: 521',
    ]);
    expect([
      (await read()).status,
      (await read()).status,
      (await read()).status,
      (await read()).status,
    ]).toEqual([502, 502, 500, 200]);
  });

  it.each([
    [undefined, 'a fault is an object'],
    [{}, 'kind is one of failure, proxy, reset, hang, delay'],
    [{ kind: 'raw', status: 200, headers: { a: '\n' } }, 'kind is one of failure, proxy, reset, hang, delay'],
    [{ kind: 'toString' }, 'kind is one of failure, proxy, reset, hang, delay'],
    [{ kind: 'proxy', status: 200 }, 'a member of this proxy is missing or wrong'],
    [{ kind: 'delay' }, 'a member of this delay is missing or wrong'],
    [{ kind: 'hang', times: 0 }, 'times is a whole number from 1 to 10000'],
    [{ kind: 'hang', handled: 1 }, 'handled is true or false'],
  ])('refuses the fault %j', async (body, problem) => {
    expect(await answer('POST /_sandbox/faults', { body })).toEqual(refused(field('fault', problem)));
    expect((await ask(`GET /scripts/${scriptId}`)).status).toBe(200);
  });

  it('keeps a thousand faults at most', async () => {
    for (let count = 0; count < 1_000; count += 1) sandbox.fault({ kind: 'hang' });
    expect(await answer('POST /_sandbox/faults', { body: { kind: 'hang' } })).toEqual(
      refused(field('fault', 'too many faults are due: reset the sandbox')),
    );
  });

  it('is served without keys below /_sandbox/, which itself is not recorded', async () => {
    await ask(`POST /sessions/${sessionId}/message`, { body: { key: 'ping' } });
    const response = await ask('GET /_sandbox/calls', { token: null });
    const text = await response.text();
    expect(text).not.toContain(sandboxKeys.full);
    expect(JSON.parse(text)).toEqual({
      success: true,
      total: 1,
      calls: [
        {
          method: 'POST',
          path: `/sessions/${sessionId}/message`,
          route: 'POST /sessions/:session_id/message',
          headers: expect.objectContaining({ 'content-type': 'application/json' }),
          body: { key: 'ping' },
          at: expect.any(Number),
          limited: false,
          misdirected: false,
        },
      ],
    });
    expect(sandbox.calls).toHaveLength(1);
  });
});

describe('reset', () => {
  it.each(['in process', 'over HTTP'])('goes back to the seed %s', async (how) => {
    const { calls, scripts } = sandbox;
    await ask(`POST /scripts/${scriptId}/edit`, { body: { name: 'Other' } });
    await ask(`POST /scripts/${freeForAllScriptId}/remove`);
    sandbox.fault({ kind: 'raw', body: 'fault', times: Number.POSITIVE_INFINITY });
    if (how === 'in process') sandbox.reset();
    else expect(await answer('POST /_sandbox/reset', { token: null })).toEqual(ok());

    expect(calls).toEqual([]);
    expect(scripts.get(scriptId)?.name).toBe('Nightfall Hub');
    expect((await answer(`GET /scripts/${freeForAllScriptId}`))[1].script.name).toBe('Nightfall Lite');
    expect(sessionsOf(freeForAllScriptId)).toHaveLength(96);
  });
});

describe('faults', () => {
  const endpoint = `GET /sessions/${sessionId}`;
  const whole = JSON.stringify({ success: true, session: seededSession });
  const disconnect = `POST /sessions/${sessionId}/disconnect`;

  it('failure answers any envelope, under any status', async () => {
    const failure = { code: 7, message: 'odd', failed: ['no', { field: 'a', errors: ['b'] }] };
    sandbox.fault({ kind: 'failure', ...failure });
    sandbox.fault({ kind: 'failure', status: 503, code: -1, message: 'internal server error' });
    expect(await answer(endpoint)).toEqual(failed(7, 'odd', failure.failed));
    expect(await answer(endpoint)).toEqual(failed(-1, 'internal server error', undefined, 503));
    expect(await answer(endpoint)).toEqual(ok({ session: seededSession }));
  });

  it('raw answers anything', async () => {
    const headers = { 'content-type': 'text/html', 'retry-after': '2' };
    sandbox.fault({ kind: 'raw', status: 502, headers, body: '<h1>Bad gateway</h1>' });
    sandbox.fault({ kind: 'raw', body: Buffer.from([0xff, 0x00]) });
    sandbox.fault({ kind: 'raw', status: 204 });
    const page = await ask(endpoint);
    expect([page.status, page.headers.get('retry-after'), await page.text()]).toEqual([
      502,
      '2',
      '<h1>Bad gateway</h1>',
    ]);
    expect([...new Uint8Array(await (await ask(endpoint)).arrayBuffer())]).toEqual([0xff, 0x00]);
    expect((await ask(endpoint)).status).toBe(204);
  });

  it('reset drops the connection after the request was read, handled or not', async () => {
    sandbox.fault({ kind: 'reset' });
    sandbox.fault({ kind: 'reset', handled: true });
    await expect(ask(disconnect, { body: {} })).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
    expect(sandbox.disconnected.has(sessionId)).toBe(false);
    await expect(ask(disconnect, { body: {} })).rejects.toThrow();
    expect(sandbox.disconnected.has(sessionId)).toBe(true);
    expect(sandbox.calls).toHaveLength(2);
  });

  it('hang never answers, handled or not', async () => {
    sandbox.fault({ kind: 'hang' });
    sandbox.fault({ kind: 'hang', handled: true });
    for (const gone of [false, true]) {
      const caller = new AbortController();
      const pending = ask(disconnect, { signal: caller.signal });
      await eventually(() => expect(sandbox.calls).toHaveLength(gone ? 2 : 1));
      caller.abort();
      await expect(pending).rejects.toThrow('aborted');
      expect(sandbox.disconnected.has(sessionId)).toBe(gone);
    }
  });

  it('hang ends when the sandbox closes', async () => {
    sandbox.fault({ kind: 'hang' });
    const pending = expect(ask(endpoint)).rejects.toThrow();
    await eventually(() => expect(sandbox.calls).toHaveLength(1));
    await sandbox.close();
    await pending;
  });

  it('stall sends headers and a part of the body, then nothing', async () => {
    sandbox.fault({ kind: 'stall', bytes: 9 });
    const caller = new AbortController();
    const response = await ask(endpoint, { signal: caller.signal });
    expect(response.headers.get('content-length')).toBe(String(whole.length));
    const reader = response.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('{"success');
    const next = reader?.read();
    caller.abort();
    await expect(next).rejects.toThrow('aborted');
  });

  it.each([undefined, 0, 9])('truncate (bytes: %s) ends the body before its stated length', async (bytes) => {
    sandbox.fault({ kind: 'truncate', bytes });
    const response = await ask(endpoint);
    expect(response.headers.get('content-length')).toBe(String(whole.length));
    await expect(response.text()).rejects.toThrow('terminated');
  });

  it('drip sends the normal answer byte by byte', async () => {
    sandbox.fault({ kind: 'drip', intervalMs: 1 });
    const response = await ask(endpoint);
    let [text, chunks] = ['', 0];
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      chunks += 1;
    }
    expect(text).toBe(whole);
    expect(chunks).toBeGreaterThan(1);
  });

  it('delay answers as usual, not before its time', async () => {
    sandbox.fault({ kind: 'delay', ms: 50, method: 'GET' });
    const start = performance.now();
    expect(await answer(endpoint)).toEqual(ok({ session: seededSession }));
    expect(performance.now() - start).toBeGreaterThanOrEqual(49);
  });

  it('stall, truncate, drip and delay wait for the client of a message as usual', async () => {
    const clock = createManualClock();
    const on = await start({ now: clock.now, after: clock.after });
    const faults: Mishap[] = [
      { kind: 'truncate', bytes: 0 },
      { kind: 'stall', bytes: 0 },
      { kind: 'drip', intervalMs: 1 },
      { kind: 'delay', ms: 0 },
    ];
    for (const fault of faults) {
      on.fault(fault);
      const caller = new AbortController();
      const pending = ask(`POST /sessions/${sessionId}/message`, {
        body: { key: 'silent' },
        signal: caller.signal,
        on,
      });
      await eventually(() => expect(clock.pending).toBe(1));
      await clock.advance(59_999);
      expect([fault.kind, clock.pending]).toEqual([fault.kind, 1]);
      await clock.advance(1);
      expect((await pending).status).toBe(200);
      caller.abort();
    }
  });

  it('latency holds every answer back until the next reset', async () => {
    sandbox.latency(60_000);
    const caller = new AbortController();
    const pending = ask(endpoint, { signal: caller.signal });
    await eventually(() => expect(sandbox.calls).toHaveLength(1));
    caller.abort();
    await expect(pending).rejects.toThrow('aborted');
    sandbox.reset();
    expect(await answer(endpoint)).toEqual(ok({ session: seededSession }));
  });

  it('strike the requests that they name, as often as they say, in the order of adding', async () => {
    sandbox.fault({ kind: 'raw', body: 'first', route: 'GET /sessions/:session_id', times: 2 });
    sandbox.fault({ kind: 'raw', body: 'post', method: 'POST' });
    sandbox.fault({ kind: 'raw', body: 'all', times: Number.POSITIVE_INFINITY });
    const texts: string[] = [];
    for (const each of [endpoint, 'POST /nothing', endpoint, endpoint, 'GET /nothing', disconnect]) {
      texts.push(await (await ask(each)).text());
    }
    expect(texts).toEqual(['first', 'post', 'first', 'all', 'all', 'all']);
    expect(sandbox.disconnected.has(sessionId)).toBe(false);
  });
});

describe('the seed', () => {
  it('is the same in every sandbox', async () => {
    const other = await start();
    const maps = ({ scripts, executions, sources, sessions, projects, users, userProjects }: Sandbox) => [
      [...scripts],
      [...executions],
      [...sources],
      [...sessions],
      [...projects],
      [...users],
      [...userProjects],
    ];
    expect(maps(other)).toEqual(maps(sandbox));
    const list = `POST /scripts/${freeForAllScriptId}/sessions`;
    expect(await (await ask(list, { on: other })).text()).toBe(await (await ask(list)).text());
  });

  it('looks like an account in use', () => {
    const { scripts, sessions, projects, users } = sandbox;
    const rows = [...scripts.values()];
    expect([scripts.size, projects.size, sessions.size]).toEqual([15, 4, 477]);
    expect(rows.map(({ id }) => sessionsOf(id).length).sort((a, b) => b - a)).toEqual([
      180, 96, 74, 41, 33, 22, 15, 9, 4, 2, 1, 0, 0, 0, 0,
    ]);
    expect(rows.filter(({ total_executions }) => total_executions > 2 ** 31)).toHaveLength(2);
    for (const flag of [
      'enabled',
      'free_for_all',
      'use_heartbeat',
      'kick_outdated',
      'require_sessions',
    ] as const) {
      expect(new Set(rows.map((row) => row[flag]))).toEqual(new Set([true, false]));
    }
    for (const { project_id } of rows) expect(projects.has(project_id)).toBe(true);
    for (const id of scripts.keys()) {
      for (const form of [/^[A-Za-z0-9]{32}$/, /[A-Z]/, /[a-z]/, /\d/]) expect(id).toMatch(form);
    }
    for (const id of [...sessions, ...projects, ...users].map(([key]) => key)) {
      expect(id).toMatch(/^[0-9a-f]{24}$/);
    }
    for (const { script_id, user_key, roblox_id, created_at } of sessions.values()) {
      expect(user_key ? users.has(user_key) : scripts.get(script_id)?.free_for_all).toBe(true);
      expect(Number.isSafeInteger(roblox_id)).toBe(true);
      expect(created_at).toBeGreaterThanOrEqual(seeded.createdAt);
    }
  });
});

describe('the clock', () => {
  it('changes nothing of the seed, however late it is', async () => {
    const on = await start({ now: () => Date.UTC(2099, 0) });
    const seededUsers = [...on.users].map(([key, user]) => [key, { ...user }]);
    await ask(`GET /scripts/${scriptId}`, { on });
    expect([...on.users]).toEqual(seededUsers);
  });

  it('runs down the latency', async () => {
    const clock = createManualClock();
    const on = await start({ now: clock.now, after: clock.after, latencyMs: 1000 });
    const pending = answer(`GET /sessions/${sessionId}`, { on });
    await eventually(() => expect(clock.pending).toBe(1));
    await clock.advance(1000);
    expect(await pending).toEqual(ok({ session: seededSession }));
  });
});

describe('the standalone process', () => {
  const run = (port: string): ChildProcess =>
    spawn(process.execPath, [MAIN, 'sandbox'], {
      env: { ...process.env, SANDBOX_PORT: port },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const collect = (stream: NodeJS.ReadableStream | null) => {
    const output = { text: '' };
    stream?.on('data', (chunk: Buffer) => {
      output.text += chunk;
    });
    return output;
  };

  it.each(['SIGINT', 'SIGTERM'] as const)('prints how to ask it, and ends with 0 on %s', async (signal) => {
    const child = run('0');
    const ended = once(child, 'exit');
    try {
      const printed = collect(child.stdout);
      await eventually(() => expect(printed.text).toContain('curl'));
      for (const key of [...Object.values(sandboxKeys), 'message handlers: ping, echo, whereami, nothing']) {
        expect(printed.text).toContain(key);
      }
      expect(printed.text).not.toContain(userKey.slice(0, 8));
      const [, token = '', url = ''] = /curl -H 'token: (\S+)' (\S+)/.exec(printed.text) ?? [];
      expect(await (await fetch(url, { headers: { token } })).json()).toEqual({
        success: true,
        script: sandbox.scripts.get(scriptId),
      });
      child.kill(signal);
      expect(await ended).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('names a wrong port, or one that is taken, and ends with 1', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    try {
      for (const [value, problem] of [
        ['70000', /^--port \(SANDBOX_PORT\): "70000" is not a port number from 0 to 65535\.\n$/],
        ['', /^--port \(SANDBOX_PORT\): "" is not a port number/],
        [String(port), /^The sandbox cannot listen on 127\.0\.0\.1:\d+ \(EADDRINUSE\)\. Give --port/],
      ] as const) {
        const child = run(value);
        const complaint = collect(child.stderr);
        expect(await once(child, 'close')).toEqual([1, null]);
        expect(complaint.text).toMatch(problem);
      }
    } finally {
      taken.close();
    }
  });
});
