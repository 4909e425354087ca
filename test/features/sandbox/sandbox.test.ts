import { beforeEach, describe, expect, it } from 'vitest';
import { type Fault, SANDBOX_RAY } from '../../../src/features/sandbox/faults.ts';
import { sandboxKeys } from '../../../src/features/sandbox/keys.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import type { Sandbox } from '../../../src/features/sandbox/server.ts';
import { createManualClock } from '../../support/clocks/clock.ts';
import { eventually } from '../../support/vitest/waiting.ts';
import { failed, field, ok, refused, useStandIn } from './stand-in.ts';

const { scriptId, freeForAllScriptId, visitedScriptId, sessionId, userKey, createdAt } = seeded;
const { expiringUserKey } = seeded;
const SCRIPT = `GET /scripts/${scriptId}`;
const MESSAGE = `POST /sessions/${sessionId}/message`;
const DAY_MS = 86_400_000;

let time: number = createdAt;
let sandbox: Sandbox;
const fixture = useStandIn({ now: () => time });
const { start, ask, answer } = fixture;

beforeEach(() => {
  time = createdAt;
  sandbox = fixture.sandbox;
});

describe('what every endpoint shares', () => {
  it.each([null, 'sandbox-', 'SANDBOX-KEY'])('refuses the key %j', async (token) => {
    expect(await answer(SCRIPT, { token })).toEqual(refused('invalid api key'));
  });

  it.each(['GET /', 'GET /scripts/', `${SCRIPT}/`, `DELETE /scripts/${scriptId}`, 'GET /scripts/%E0%A4%A'])(
    '%s is an invalid endpoint',
    async (endpoint) => {
      expect(await answer(endpoint)).toEqual(failed(-1, 'invalid endpoint'));
    },
  );

  it('decodes the ids of a path', async () => {
    const [session] = sandbox.sessions.values();
    sandbox.sessions.set('a/b c', { ...session, id: 'a/b c' } as never);
    expect((await answer('GET /sessions/a%2Fb%20c'))[1].session.id).toBe('a/b c');
  });

  it.each([
    ['{"name":', { message: 'is not valid JSON', errors: [expect.any(String)] }],
    [Buffer.from([0x7b, 0xff, 0x7d]), { message: 'is not valid JSON', errors: ['not UTF-8'] }],
    ['[]', 'must be an object'],
    ['null', 'must be an object'],
    [
      Buffer.alloc(16 * 1024 * 1024 + 1, 32),
      { message: 'is too large', errors: ['more than 16777216 bytes'] },
    ],
  ])('refuses a body that is no JSON object, case %#', async (text, problem) => {
    const edited = await answer(`POST /scripts/${scriptId}/edit`, { text });
    expect(edited).toEqual(refused(field('body', problem)));
  });

  it('survives a body that is nested deeper than it could write', async () => {
    const text = `{"key":"echo","data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    // A newer Node writes any depth.
    expect((await ask(MESSAGE, { text })).status).toBe(200);
    expect((await ask(SCRIPT)).status).toBe(200);
  });
});

describe('the quota', () => {
  const succeeded = async (on: Sandbox, count: number, token?: string) => {
    const answers = await Promise.all(Array.from({ length: count }, () => answer(SCRIPT, { on, token })));
    return answers.filter(([, { success }]) => success).length;
  };

  it('admits exactly 50 requests of a key in any second, and any number after a reset', async () => {
    const on = await start({ now: () => time });
    expect(await succeeded(on, 20)).toBe(20);
    time += 600;
    expect(await succeeded(on, 40)).toBe(30);
    time += 399;
    expect(await answer(SCRIPT, { on })).toEqual(failed(-1, 'ratelimited'));
    expect(await succeeded(on, 1, sandboxKeys.basic)).toBe(1);
    expect(await answer(SCRIPT, { on, token: 'nobody' })).toEqual(refused('invalid api key'));
    time += 1;
    expect(await succeeded(on, 40)).toBe(20);
    on.reset();
    expect(await succeeded(on, 60)).toBe(50);
    time -= 3_600_000;
    expect(await succeeded(on, 60)).toBe(50);
  });

  it('marks the refused calls in the record and leaves faults for the next ones', async () => {
    const on = await start({ now: () => time, rate: 1 });
    await ask(SCRIPT, { on });
    on.fault({ kind: 'raw', body: 'fault' });
    expect(await answer(SCRIPT, { on })).toEqual(failed(-1, 'ratelimited'));
    time += 1_000;
    expect(await (await ask(SCRIPT, { on })).text()).toBe('fault');
    expect(on.calls.map((call) => call.limited)).toEqual([false, true, false]);
  });
});

describe('the call record', () => {
  it('holds what arrived, and when', async () => {
    const path = `/scripts/${scriptId}/sessions/filter?a=%20b&key=${userKey}`;
    await ask(`GET ${path}`);
    await ask('POST /nothing', { token: null, text: '{ "from": 1 }' });
    const seen = { headers: expect.objectContaining({ token: sandboxKeys.full }), text: '', body: undefined };
    const route = 'GET /scripts/:script_id/sessions/filter';
    expect(sandbox.calls).toEqual([
      { method: 'GET', path, route, ...seen, at: time, limited: false },
      {
        method: 'POST',
        path: '/nothing',
        route: undefined,
        headers: expect.not.objectContaining({ token: expect.anything() }),
        text: '{ "from": 1 }',
        body: { from: 1 },
        at: time,
        limited: false,
      },
    ]);
  });
});

describe('faults', () => {
  const disconnect = `POST /sessions/${sessionId}/disconnect`;

  it('strike in their order what they name, as often as they say', async () => {
    const faults: Fault[] = [
      { kind: 'proxy', status: 521, by: 'cloudflare' },
      { kind: 'proxy', status: 502, route: 'GET /scripts/:script_id', times: 2 },
      { kind: 'failure', code: -1, message: 'internal server error', status: 500, method: 'GET' },
    ];
    faults.forEach(sandbox.fault);
    const page = await ask(SCRIPT);
    expect([page.status, page.headers.get('cf-ray'), await page.text()]).toEqual([
      521,
      SANDBOX_RAY,
      'error code: 521',
    ]);
    const statuses: number[] = [];
    for (const endpoint of [SCRIPT, disconnect, SCRIPT, SCRIPT, SCRIPT])
      statuses.push((await ask(endpoint)).status);
    expect(statuses).toEqual([502, 200, 502, 500, 200]);
  });

  it('failure and raw answer anything', async () => {
    const failure = { code: 7, message: 'odd', failed: ['no', { field: 'a', errors: ['b'] }] };
    sandbox.fault({ kind: 'failure', ...failure });
    sandbox.fault({
      kind: 'raw',
      status: 502,
      headers: { 'retry-after': '2' },
      body: Buffer.from([0xff, 0]),
    });
    expect(await answer(SCRIPT)).toEqual(failed(7, 'odd', failure.failed));
    const raw = await ask(SCRIPT);
    expect([
      raw.status,
      raw.headers.get('retry-after'),
      [...new Uint8Array(await raw.arrayBuffer())],
    ]).toEqual([502, '2', [0xff, 0]]);
  });

  it.each([false, true])('reset and hang give no answer; handled: %s', async (handled) => {
    sandbox.fault({ kind: 'reset', handled });
    await expect(ask(disconnect, { body: {} })).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
    expect(sandbox.disconnected.has(sessionId)).toBe(handled);
    sandbox.reset();
    sandbox.fault({ kind: 'hang', handled });
    const pending = expect(ask(disconnect)).rejects.toThrow();
    await eventually(() => expect(sandbox.calls).toHaveLength(1));
    await eventually(() => expect(sandbox.disconnected.has(sessionId)).toBe(handled));
    await sandbox.close();
    await pending;
  });

  it('delay answers as usual, not before its time', async () => {
    const clock = createManualClock();
    const on = await start({ now: clock.now, after: clock.after });
    on.fault({ kind: 'delay', ms: 50 });
    const pending = answer(SCRIPT, { on });
    await eventually(() => expect(clock.pending).toBe(1));
    await clock.advance(49);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    expect((await pending)[1].script.name).toBe('Nightfall Hub');
  });

  it('go with a reset, which restores the seed', async () => {
    const { calls, scripts } = sandbox;
    await ask(`POST /scripts/${scriptId}/edit`, { body: { name: 'Other' } });
    await ask(`POST /scripts/${freeForAllScriptId}/remove`);
    await ask(disconnect);
    sandbox.fault({ kind: 'hang', times: Number.POSITIVE_INFINITY });
    sandbox.reset();
    expect([calls, sandbox.disconnected.size, scripts.get(scriptId)?.name]).toEqual([[], 0, 'Nightfall Hub']);
    expect((await answer(`GET /scripts/${freeForAllScriptId}`))[1].script.name).toBe('Nightfall Lite');
  });
});

describe('messages', () => {
  const unprocessed = (reason: string) => ({ processed: false, reason });
  const processed = (response: object) => ({ processed: true, response });

  it.each([
    [{ key: 'ping' }, 50, processed({ pong: true })],
    [{ key: 'echo' }, 50, processed({ data: [] })],
    [{ key: 'echo', data: { a: [1, null] } }, 50, processed({ data: { a: [1, null] } })],
    [{ key: 'whereami' }, 50, processed({ place_id: seeded.placeId, job_id: seeded.jobId })],
    [{ key: 'nothing' }, 50, { processed: true }],
    [{ key: 'broken' }, 50, unprocessed('function errored, message: attempt to index nil with "Health"')],
    [{ key: 'invalid' }, 50, unprocessed('invalid return data')],
    [{ key: 'constructor' }, 50, unprocessed('function doesnt exist')],
    [{ key: 'wait' }, 50, unprocessed('function errored, message: wait takes a number')],
    [{ key: 'wait', data: 60_000 }, 60_000, processed({ waited: 60_000 })],
    [{ key: 'wait', data: 60_001 }, 60_000, unprocessed('client never responded')],
    [{ key: 'silent' }, 60_000, unprocessed('client never responded')],
  ])('%j is answered after %i ms', async (body, ms, outcome) => {
    const clock = createManualClock();
    const on = await start({ now: clock.now, after: clock.after });
    const pending = answer(MESSAGE, { body, on });
    await eventually(() => expect(clock.pending).toBe(1));
    await clock.advance(ms - 1);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    expect(await pending).toEqual(ok(outcome));
  });

  it('wait in vain for a session that was disconnected, and no longer than their sender', async () => {
    const on = await start({ messageTimeoutMs: 1 });
    await ask(`POST /sessions/${sessionId}/disconnect`, { on });
    expect(await answer(MESSAGE, { body: { key: 'ping' }, on })).toEqual(
      ok(unprocessed('client never responded')),
    );
    const clock = createManualClock();
    const slow = await start({ now: clock.now, after: clock.after });
    const caller = new AbortController();
    const pending = ask(MESSAGE, { body: { key: 'silent' }, on: slow, signal: caller.signal });
    await eventually(() => expect(clock.pending).toBe(1));
    caller.abort();
    await expect(pending).rejects.toThrow('aborted');
    await eventually(() => expect(clock.pending).toBe(0));
  });
});

describe('the seed', () => {
  it('is the same in every sandbox, however late it is', async () => {
    const other = await start({ now: () => Date.UTC(2099, 0) });
    await ask(SCRIPT, { on: other });
    const maps = ({ scripts, executions, sessions, projects, users, userProjects }: Sandbox) =>
      [scripts, executions, sessions, projects, users, userProjects].map((map) => [...map]);
    expect(maps(other)).toEqual(maps(sandbox));
  });

  it('has recent dates if it is told to, which move with the clock at a reset', async () => {
    time = Date.UTC(2031, 0, 1, 0, 5);
    const on = await start({ now: () => time, dates: 'recent' });
    const newest = () => Math.max(...[...on.sessions.values()].map(({ created_at }) => created_at));
    const ageMs = time - newest();
    expect([ageMs > 0, ageMs < 10 * 60_000]).toEqual([true, true]);
    const [, { executions }] = await answer(`${SCRIPT}/executions`, { on });
    expect(Object.keys(executions)).toEqual(
      '12/18 12/19 12/20 12/21 12/22 12/23 12/24 12/25 12/26 12/27 12/28 12/29 12/30 12/31'.split(' '),
    );
    const [, { user }] = await answer(`GET /users/${expiringUserKey}`, { on });
    expect(Math.round((user.key_expires - time) / DAY_MS)).toBe(7);
    expect([...on.sessions.keys()]).toEqual([...sandbox.sessions.keys()]);
    time += 30 * DAY_MS;
    on.reset();
    expect(time - newest()).toBe(ageMs);
  });
});

describe('guests', () => {
  const EVERY_MS = 4_000;
  /** The sessions without a user, beside those of the seed. */
  const guestsOf = async (on: Sandbox): Promise<string[]> => {
    const [, { sessions }] = await answer(`POST /scripts/${visitedScriptId}/sessions`, { on });
    const guests = (sessions as { id: string; user_key: unknown }[]).filter(({ user_key }) => !user_key);
    return guests.map(({ id }) => id);
  };
  const open = (disconnectMs = 5_000) =>
    start({ rate: 0, now: () => time, guestEveryMs: EVERY_MS, disconnectMs });

  it('are five at a time, of whom one leaves as another comes', async () => {
    const on = await open();
    const before = await guestsOf(on);
    time += EVERY_MS;
    const after = await guestsOf(on);
    expect([before.length, after.length]).toEqual([5, 5]);
    expect(after.slice(0, 4)).toEqual(before.slice(1));
    time += 600_000;
    expect((await guestsOf(on)).filter((id) => after.includes(id))).toEqual([]);
  });

  it.each([5_000, 0])(
    'do not come again once they were disconnected, gone after %i ms',
    async (disconnectMs) => {
      const on = await open(disconnectMs);
      const [, , third = '', , last = ''] = await guestsOf(on);
      await answer(`POST /sessions/${last}/disconnect`, { on });
      time += disconnectMs;
      const after = await guestsOf(on);
      expect([after.includes(last), after.includes(third)]).toEqual([false, true]);
    },
  );

  it('stop coming when their script is deleted', async () => {
    const on = await open();
    const [guest] = await guestsOf(on);
    await answer(`POST /scripts/${visitedScriptId}/remove`, { on });
    time += EVERY_MS;
    expect(await answer(`GET /sessions/${guest}`, { on })).toEqual(
      refused('session does not exist or is not yours'),
    );
    expect([...on.sessions.values()].filter(({ script_id }) => script_id === visitedScriptId)).toEqual([]);
  });
});
