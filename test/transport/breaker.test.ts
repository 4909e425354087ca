import { describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { subscribeBySse } from '../support/clients/event-stream.ts';
import { TOGGLE } from '../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS } from '../support/clients/reads.ts';
import { createManualClock, settle } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import type { Result } from '../support/gateways/gateway.ts';
import { POLL_MS, SESSIONS, snapshot, useLive } from '../support/gateways/live-fixture.ts';
import { arrival, eventually, expectCalls } from '../support/vitest/waiting.ts';
import { createTransportScene } from './transport-scene.ts';

const clock = createManualClock();
const random = () => 0;

const fixture = useRecorder({ transport: { clock, random } });

const LATIN = Buffer.from('<html>vor\xfcbergehend nicht erreichbar</html>', 'latin1');
const unavailable: Respond = (_recorded, response) => void response.writeHead(503).end();
const read = (id = 'a') => fixture.gateway.execute(SCRIPT, { id });
const write = () => fixture.gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } });
const codeOf = ({ errors }: Result<unknown>) => errors?.[0]?.extensions.code;

/** A scene in which five reads in a row have just failed. */
async function openScene() {
  const scene = createTransportScene();
  scene.answer = () => 503;
  for (let index = 0; index < 5; index += 1) expect(await scene.read()).toBe('Unavailable');
  // Each of them was tried three times.
  expect(scene.take()).toHaveLength(15);
  return scene;
}

describe('after five failures in a row', () => {
  it('nothing is sent for a second: reads and writes are answered at once', async () => {
    fixture.respond = unavailable;
    for (let index = 0; index < 5; index += 1) expect(codeOf(await read())).toBe('UPSTREAM_UNAVAILABLE');
    await expectCalls(fixture.recorder, 15);
    await clock.advance(999);
    const { data, errors } = await fixture.gateway.execute('{ __typename script(id: "a") { name } }');
    expect(data).toEqual({ __typename: 'Query', script: null });
    expect(errors).toMatchObject([expect.toBeError('UPSTREAM_UNAVAILABLE', { path: ['script'] })]);
    expect((await write()).errors?.[0]?.extensions).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      outcome: 'NOT_EXECUTED',
    });
    await expectCalls(fixture.recorder, 15);
  });

  it('one call goes ahead as a probe while the others are refused, and when it succeeds all is well', async () => {
    const scene = await openScene();
    await scene.pass(1_000);
    scene.answer = scene.answerPlainly;
    scene.hold();
    const probe = scene.read('probe');
    expect([await scene.read('b'), await scene.toggle('c')]).toEqual(['Unavailable', 'Unavailable no']);
    await scene.release();
    expect([await probe, await scene.read('b')]).toEqual(['v1', 'v1']);
    expect(scene.take()).toEqual(['GET /scripts/probe', 'GET /scripts/b']);
  });

  it('a probe that fails is not tried again, and doubles the pause up to 8 s', async () => {
    const scene = await openScene();
    await scene.pass(1_000);
    for (const pauseMs of [2_000, 4_000, 8_000, 8_000]) {
      expect(await scene.read()).toBe('Unavailable');
      await scene.pass(pauseMs - 1);
      expect(await scene.read()).toBe('Unavailable');
      expect(scene.take()).toEqual(['GET /scripts/a']);
      await scene.pass(1);
    }
    scene.answer = scene.answerPlainly;
    expect(await scene.read()).toBe('v1');
  });

  it('a write can be the probe', async () => {
    const scene = await openScene();
    await scene.pass(1_000);
    scene.answer = scene.answerPlainly;
    expect([await scene.toggle(), await scene.read()]).toEqual(['done', 'v2']);
  });

  it('the next call probes when the client of a probe has left', async () => {
    const scene = await openScene();
    await scene.pass(1_000);
    scene.answer = () => 'silent';
    const client = new AbortController();
    const probe = scene.read('a', { signal: client.signal });
    await scene.pass(0);
    client.abort();
    expect(await probe).toBe('ClientLeft');
    scene.answer = scene.answerPlainly;
    expect(await scene.read()).toBe('v1');
  });

  it('the pause begins anew at a second once a probe has gone well', async () => {
    const scene = await openScene();
    await scene.pass(1_000);
    await scene.read();
    await scene.pass(2_000);
    scene.answer = scene.answerPlainly;
    expect(await scene.read()).toBe('v1');
    scene.answer = () => 503;
    for (let index = 0; index < 5; index += 1) await scene.read();
    await scene.pass(1_000);
    scene.answer = scene.answerPlainly;
    expect(await scene.read()).toBe('v1');
  });
});

describe('what counts as a failure', () => {
  it.each<[string, Respond]>([
    ['a reset', (recorded) => recorded.socket.resetAndDestroy()],
    ['503 with the body of a failure', (_recorded, response) => json(response, SERVER_ERROR, 503)],
    [
      '503 with the body of a failure that has no "error"',
      (_recorded, response) => json(response, { success: false }, 503),
    ],
    ['503 with a page that is not UTF-8', (_recorded, response) => void response.writeHead(503).end(LATIN)],
    [
      '503 with a page in an encoding that was not asked for',
      (_recorded, response) => void response.writeHead(503, { 'content-encoding': 'zstd' }).end(LATIN),
    ],
    [
      '502 with a page that is not in its encoding',
      (_recorded, response) => void response.writeHead(502, { 'content-encoding': 'gzip' }).end(LATIN),
    ],
    ['502 with HTML', (_recorded, response) => void response.writeHead(502).end('<html>')],
    [
      'an answer that ends early',
      (_recorded, response) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('{', () => response.destroy());
      },
    ],
  ])('is %s', async (_title, respond) => {
    fixture.respond = respond;
    for (let index = 0; index < 5; index += 1) await read();
    await expectCalls(fixture.recorder, 15);
    expect(codeOf(await read())).toBe('UPSTREAM_UNAVAILABLE');
    await expectCalls(fixture.recorder, 15);
  });

  it('is an API that does not answer in time', async () => {
    const scene = createTransportScene();
    scene.answer = () => 'silent';
    const reads = ['a', 'b', 'c', 'd', 'e'].map((id) => scene.read(id));
    await scene.pass(5_000);
    expect(await Promise.all(reads)).toEqual(Array(5).fill('TimedOut'));
    scene.take();
    expect(await scene.read()).toBe('Unavailable');
    expect(scene.take()).toEqual([]);
  });

  it('is no API that had little time left to answer', async () => {
    const scene = createTransportScene();
    scene.answer = () => 'silent';
    const reads = ['a', 'b', 'c', 'd', 'e'].map((id) => scene.read(id, { leftMs: 400 }));
    await scene.pass(400);
    expect(await Promise.all(reads)).toEqual(Array(5).fill('TimedOut'));
    scene.answer = scene.answerPlainly;
    expect(await scene.read()).toBe('v1');
  });

  it('is not four in a row, and not every other call', async () => {
    const scene = createTransportScene();
    const read = (fails: boolean) => {
      scene.answer = fails ? () => 503 : scene.answerPlainly;
      return scene.read();
    };
    for (let index = 0; index < 20; index += 1) await read(index % 2 === 0);
    for (const _round of [1, 2]) {
      for (let index = 0; index < 4; index += 1) expect(await read(true)).toBe('Unavailable');
      expect(await read(false)).toBe('v1');
    }
  });

  it('is no refusal, however many there are, and none is tried again', async () => {
    const scene = createTransportScene();
    scene.answer = () => ({
      success: false,
      error: { code: -1, message: 'unauthorized or invalid request' },
    });
    for (let index = 0; index < 1_000; index += 1) expect(await scene.read(`s${index}`)).toBe('Refused');
    scene.answer = () => ({ success: false, error: { code: 0, message: 'account expired' } });
    for (let index = 0; index < 30; index += 1) expect(await scene.edit()).toBe('Refused no');
    expect(scene.take()).toHaveLength(1_030);
  });

  it.each([200, 400, 500])('is no internal server error under %i: it may be one script', async (status) => {
    fixture.respond = (_recorded, response) => json(response, SERVER_ERROR, status);
    for (let index = 0; index < 8; index += 1) expect(codeOf(await read())).toBe('UPSTREAM_ERROR');
    expect(fixture.recorder.calls).toHaveLength(24);
  });

  it('is no client that leaves', async () => {
    const scene = createTransportScene();
    scene.answer = () => 'silent';
    for (let index = 0; index < 8; index += 1) {
      const client = new AbortController();
      const read = scene.read('a', { signal: client.signal });
      await scene.pass(0);
      client.abort();
      expect(await read).toBe('ClientLeft');
    }
    scene.answer = scene.answerPlainly;
    expect(await scene.read()).toBe('v1');
  });
});

describe('calls that wait for the quota', () => {
  const queued = useRecorder({
    transport: { clock, random, rate: 5 },
    timeouts: { read: 5_000, write: 5_000 },
  });

  it('when the breaker opens are not sent: not then, and not beside a probe', async () => {
    queued.respond = unavailable;
    const answers = Array.from({ length: 10 }, () =>
      queued.gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } }),
    );
    await expectCalls(queued.recorder, 5);
    // Before a place in the quota is free again.
    const outcomes = (await Promise.all(answers)).map(({ errors }) => errors?.[0]?.extensions.outcome);
    expect(outcomes.sort()).toEqual([...Array(5).fill('NOT_EXECUTED'), ...Array(5).fill('UNKNOWN')]);
    await clock.advance(1_100);
    await settle();
    expect(queued.recorder.calls).toHaveLength(5);
  });
});

describe('a process that stood still', () => {
  const timers = createManualClock();
  let stoodStillMs = 0;
  const late = useRecorder({
    transport: { clock: { ...timers, now: () => timers.now() + stoodStillMs }, random, rate: 5 },
    timeouts: { read: 5_000, write: 5_000 },
  });
  const readAll = (name: string) =>
    late.gateway.execute(SCRIPTS, { ids: [1, 2, 3, 4, 5].map((id) => `${name}${id}`) });

  it('takes no timeout for the trouble of the API, also of calls that had waited before', async () => {
    late.respond = answerPlainly;
    await readAll('first');
    late.respond = () => undefined;
    const answer = readAll('late');
    // Each call that waits has a timer, and so has the queue.
    await eventually(() => expect(timers.pending).toBe(6));
    await timers.advance(1_100);
    await expectCalls(late.recorder, 10);
    stoodStillMs = 10_000;
    await timers.advance(5_000);
    expect((await answer).errors?.map(({ extensions }) => extensions.code)).toEqual(
      Array(5).fill('UPSTREAM_TIMEOUT'),
    );
    late.respond = answerPlainly;
    expect((await readAll('next')).errors).toBeUndefined();
  });

  it('takes no timeout of a probe for the health of the API: the next call probes', async () => {
    late.respond = unavailable;
    const toggle = () => late.gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } });
    await Promise.all(Array.from({ length: 5 }, toggle));
    await timers.advance(1_100);
    late.respond = () => undefined;
    const probe = late.gateway.execute(SCRIPT, { id: 'probe' });
    await arrival(late.recorder, 5);
    stoodStillMs += 10_000;
    await timers.advance(5_000);
    expect(codeOf(await probe)).toBe('UPSTREAM_TIMEOUT');
    late.respond = answerPlainly;
    const codes = (await readAll('next')).errors?.map(({ extensions }) => extensions.code);
    expect(codes).toEqual(Array(4).fill('UPSTREAM_UNAVAILABLE'));
  });
});

describe('a renewal', () => {
  it('is not the only probe: a read goes ahead beside one that waits for its permit', async () => {
    const scene = createTransportScene({ rate: 5, freshMs: 1_000, staleMs: 60_000 });
    await scene.read('old');
    await scene.pass(1_100);
    scene.answer = () => 503;
    await scene.toggle();
    await scene.pass(200);
    for (let index = 0; index < 4; index += 1) await scene.toggle();
    // A probe is due, and the one free permit is for clients.
    await scene.pass(1_001);
    scene.answer = scene.answerPlainly;
    scene.take();
    expect(await scene.read('old')).toBe('v1 stale 2301');
    expect(await scene.read('new')).toBe('v1');
    expect(scene.take()).toEqual(['GET /scripts/new']);
  });
});

describe('a poll of a subscription', () => {
  const live = useLive();

  it('is not the only probe: a read goes ahead beside one that hangs', async () => {
    live.useApi();
    const events = await subscribeBySse(live.gateway, SESSIONS);
    expect(await events.next()).toMatchObject(snapshot());
    live.respond = unavailable;
    for (let index = 0; index < 5; index += 1)
      expect(codeOf(await live.gateway.execute(SCRIPT, { id: `a${index}` }))).toBe('UPSTREAM_UNAVAILABLE');
    const before = live.recorder.calls.length;
    live.respond = () => undefined;
    await live.clock.advance(POLL_MS);
    // The poll hangs.
    await expectCalls(live.recorder, before + 1);
    live.respond = answerPlainly;
    expect((await live.gateway.execute(SCRIPT, { id: 'b' })).data?.script?.name).toBe('name of b');
    events.leave();
  });
});

const SERVER_ERROR = { success: false, error: { code: -1, message: 'internal server error' } };
