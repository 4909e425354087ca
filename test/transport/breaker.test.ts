import { afterEach, describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { subscribeBySse } from '../support/clients/event-stream.ts';
import { EDIT, TOGGLE } from '../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS } from '../support/clients/reads.ts';
import { createManualClock, settle } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import type { Result } from '../support/gateways/gateway.ts';
import { POLL_MS, SESSIONS, snapshot, useLive } from '../support/gateways/live-fixture.ts';
import { arrival, eventually, expectCalls } from '../support/vitest/waiting.ts';

const clock = createManualClock();
const luck = { draws: 0 };
const random = () => {
  luck.draws += 1;
  return 0;
};
afterEach(() => Object.assign(luck, { draws: 0 }));

const fixture = useRecorder({ transport: { clock, random } });

const LATIN = Buffer.from('<html>vor\xfcbergehend nicht erreichbar</html>', 'latin1');
const unavailable: Respond = (_recorded, response) => void response.writeHead(503).end();
const read = (id = 'a') => fixture.gateway.execute(SCRIPT, { id });
const write = () => fixture.gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } });
const codeOf = ({ errors }: Result<unknown>) => errors?.[0]?.extensions.code;

/** Lets five reads in a row fail, which is three calls each. */
async function openBreaker(respond = unavailable) {
  fixture.respond = respond;
  for (let index = 0; index < 5; index += 1) expect(codeOf(await read())).toBe('UPSTREAM_UNAVAILABLE');
  expect(fixture.recorder.calls).toHaveLength(15);
  fixture.recorder.calls.length = 0;
}

describe('after five failures in a row', () => {
  it('nothing is sent for a second: reads and writes are answered at once', async () => {
    await openBreaker();
    await clock.advance(999);
    const { data, errors } = await fixture.gateway.execute('{ __typename script(id: "a") { name } }');
    expect(data).toEqual({ __typename: 'Query', script: null });
    expect(errors).toMatchObject([expect.toBeError('UPSTREAM_UNAVAILABLE', { path: ['script'] })]);
    expect((await write()).errors?.[0]?.extensions).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      outcome: 'NOT_EXECUTED',
    });
    await expectCalls(fixture.recorder, 0);
  });

  it('one call goes ahead as a probe while the others are refused, and when it succeeds all is well', async () => {
    await openBreaker();
    await clock.advance(1_000);
    let release = () => {};
    fixture.respond = (recorded, response) => {
      release = () => answerPlainly(recorded, response);
    };
    const probe = read('probe');
    await arrival(fixture.recorder, 0);
    const others = await fixture.gateway.execute(SCRIPTS, { ids: ['b', 'c', 'd'] });
    expect(others.errors?.map(({ extensions }) => extensions.code)).toEqual(
      Array(3).fill('UPSTREAM_UNAVAILABLE'),
    );
    release();
    expect((await probe).data?.script?.name).toBe('name of probe');
    fixture.respond = answerPlainly;
    const { errors } = await fixture.gateway.execute(SCRIPTS, { ids: ['b', 'c', 'd'] });
    expect(errors).toBeUndefined();
    await expectCalls(fixture.recorder, 4);
  });

  it('a probe that fails is not tried again, and doubles the pause up to 8 s', async () => {
    await openBreaker();
    await clock.advance(1_000);
    for (const [index, pauseMs] of [2_000, 4_000, 8_000, 8_000].entries()) {
      await fixture.gateway.execute(SCRIPTS, { ids: ['a', 'b', 'c'] });
      await clock.advance(pauseMs - 1);
      expect(codeOf(await read())).toBe('UPSTREAM_UNAVAILABLE');
      await expectCalls(fixture.recorder, index + 1);
      await clock.advance(1);
    }
    fixture.respond = answerPlainly;
    expect((await read()).data?.script?.name).toBe('name of a');
  });

  it('a write can be the probe', async () => {
    await openBreaker();
    await clock.advance(1_000);
    fixture.respond = answerPlainly;
    expect((await write()).data?.toggleScript.__typename).toBe('ToggleScriptSuccess');
    await expect(read()).resolves.toMatchObject({ data: { script: { name: 'name of a' } } });
  });

  it('the next call probes when the client of a probe has left', async () => {
    await openBreaker();
    await clock.advance(1_000);
    fixture.respond = () => undefined;
    const client = new AbortController();
    const probe = fixture.gateway.execute(SCRIPT, { id: 'a' }, undefined, client.signal);
    const { socket } = await arrival(fixture.recorder, 0);
    client.abort();
    await expect(probe).rejects.toThrow('abort');
    await eventually(() => expect(socket.destroyed).toBe(true));
    fixture.respond = answerPlainly;
    expect((await read()).data?.script?.name).toBe('name of a');
    expect(fixture.recorder.calls).toHaveLength(2);
  });

  it('the pause begins anew at a second once a probe has gone well', async () => {
    await openBreaker();
    await clock.advance(1_000);
    await read();
    await clock.advance(2_000);
    fixture.respond = answerPlainly;
    await read();
    fixture.recorder.calls.length = 0;
    await openBreaker();
    await clock.advance(1_000);
    fixture.respond = answerPlainly;
    expect((await read()).data?.script?.name).toBe('name of a');
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
    fixture.respond = () => undefined;
    const answers = fixture.gateway.execute(SCRIPTS, { ids: ['a', 'b', 'c', 'd', 'e'] });
    await arrival(fixture.recorder, 4);
    await clock.advance(5_000);
    await answers;
    expect(codeOf(await read())).toBe('UPSTREAM_UNAVAILABLE');
    await expectCalls(fixture.recorder, 5);
  });

  it('is half of at least ten calls in ten seconds, though never five in a row', async () => {
    for (let index = 0; index < 10; index += 1) {
      fixture.respond = index % 2 === 0 ? answerPlainly : unavailable;
      expect((await read()).data?.script === null).toBe(index % 2 === 1);
    }
    fixture.respond = answerPlainly;
    const sent = fixture.recorder.calls.length;
    expect(codeOf(await read())).toBe('UPSTREAM_UNAVAILABLE');
    expect(fixture.recorder.calls).toHaveLength(sent);
  });

  it('is not half of them over a longer time', async () => {
    for (let index = 0; index < 30; index += 1) {
      fixture.respond = index % 2 === 0 ? answerPlainly : unavailable;
      expect((await read()).data?.script === null).toBe(index % 2 === 1);
      await clock.advance(1_200);
    }
  });

  it('is not four in a row', async () => {
    for (const round of [1, 2]) {
      fixture.respond = unavailable;
      for (let index = 0; index < 4; index += 1) await read();
      fixture.respond = answerPlainly;
      expect((await read()).data?.script?.name, `round ${round}`).toBe('name of a');
    }
  });

  it('is no refusal, however many there are, and none is tried again', async () => {
    fixture.respond = (_recorded, response) =>
      json(
        response,
        { success: false, error: { code: -1, message: 'unauthorized or invalid request' } },
        403,
      );
    for (let start = 0; start < 1_000; start += 200) {
      const ids = Array.from({ length: 200 }, (_one, index) => `s${start + index}`);
      const { errors } = await fixture.gateway.execute(SCRIPTS, { ids });
      expect(new Set(errors?.map(({ extensions }) => extensions.code))).toEqual(new Set(['FORBIDDEN']));
    }
    fixture.respond = (_recorded, response) =>
      json(response, { success: false, error: { code: 0, message: 'account expired' } });
    for (let index = 0; index < 30; index += 1) {
      const { data } = await fixture.gateway.execute(EDIT, { input: { id: 'a', name: 'b' } });
      expect(data?.editScript.__typename).toBe('AccountExpired');
    }
    expect(fixture.recorder.calls).toHaveLength(1_030);
    expect(luck.draws).toBe(0);
  });

  it.each([200, 400, 500])('is no internal server error under %i: it may be one script', async (status) => {
    fixture.respond = (_recorded, response) => json(response, SERVER_ERROR, status);
    for (let index = 0; index < 8; index += 1) expect(codeOf(await read())).toBe('UPSTREAM_ERROR');
    expect(fixture.recorder.calls).toHaveLength(24);
  });

  it('is no client that leaves', async () => {
    fixture.respond = () => undefined;
    for (let index = 0; index < 8; index += 1) {
      const client = new AbortController();
      const answer = fixture.gateway.execute(SCRIPT, { id: 'a' }, undefined, client.signal);
      const { socket } = await arrival(fixture.recorder, index);
      client.abort();
      await expect(answer).rejects.toThrow('abort');
      await eventually(() => expect(socket.destroyed).toBe(true));
    }
    fixture.respond = answerPlainly;
    expect((await read()).data?.script?.name).toBe('name of a');
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
