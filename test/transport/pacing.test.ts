import { describe, expect, it } from 'vitest';
import { busiestSecond, startDistantRecorder } from '../support/api/distant-recorder.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import { TOGGLE } from '../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS } from '../support/clients/reads.ts';
import { createManualClock, settle } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { openGateway } from '../support/gateways/gateway.ts';
import { eventually, expectCalls } from '../support/vitest/waiting.ts';

const clock = createManualClock();
const random = () => 0;
/** Longer than a second by what clocks and timers may be off. */
const WINDOW_MS = 1_002;

const ids = (count: number, name = 's') => Array.from({ length: count }, (_one, index) => `${name}${index}`);

describe('a quota of 50', () => {
  const fixture = useRecorder({ transport: { clock, random, rate: 50 }, limits: { restCalls: 2_000 } });

  it('counts writes and reads together, and retries like other calls', async () => {
    let refused = 0;
    fixture.respond = (recorded, response) => {
      if (recorded.line !== 'GET /scripts/s0' || refused === 2) return answerPlainly(recorded, response);
      refused += 1;
      return void response.writeHead(503).end();
    };
    await fixture.gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } });
    const answer = fixture.gateway.execute(SCRIPTS, { ids: ids(49) });
    await expectCalls(fixture.recorder, 50);
    await clock.advance(WINDOW_MS);
    expect((await answer).errors).toBeUndefined();
    expect(fixture.recorder.lines().filter((line) => line === 'GET /scripts/s0')).toHaveLength(3);
  });
});

describe('a call that has to wait', () => {
  const timeouts = { read: 3_000, write: 3_000 };
  const fixture = useRecorder({
    transport: { clock, random, rate: 10 },
    timeouts,
    limits: { restCalls: 2_000 },
  });

  it('is refused at once when it cannot start before its deadline, and told when to come back', async () => {
    fixture.respond = answerPlainly;
    const answer = fixture.gateway.execute(SCRIPTS, { ids: ids(100) });
    const { data, errors = [] } = await answer;
    // The 23rd of those that wait is too late. 30 reads could start in time, but half of an answer is not worth their permits.
    expect(data?.scripts.filter((script) => script !== null)).toHaveLength(10);
    expect(errors).toHaveLength(90);
    for (const { extensions, message } of errors) {
      expect(extensions).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: Math.ceil(2.3 * WINDOW_MS) });
      expect(message).toBe('GET /scripts/:script_id: the LuaAuth quota is used up.');
    }
    await expectCalls(fixture.recorder, 10);
  });

  it('is never sent when it is a write whose client has left, nor are those behind it', async () => {
    fixture.respond = answerPlainly;
    await fixture.gateway.execute(SCRIPTS, { ids: ids(10) });
    const client = new AbortController();
    const left = fixture.gateway.execute(
      'mutation { a: deleteScript(input: { id: "a" }) { __typename } b: deleteScript(input: { id: "b" }) { __typename } }',
      undefined,
      undefined,
      client.signal,
    );
    await eventually(() => expect(clock.pending).toBeGreaterThanOrEqual(1));
    client.abort();
    await expect(left).rejects.toThrow('abort');
    await settle();
    await clock.advance(WINDOW_MS);
    await expectCalls(fixture.recorder, 10);
    expect(clock.pending).toBe(0);
  });
});

describe('a call that waits while the process stands still', () => {
  let lostMs = 0;
  const now = () => clock.now() + lostMs;
  const fixture = useRecorder({ transport: { clock: { ...clock, now }, random, rate: 1 } });

  it('is not sent when its time is over, although its permit is found first', async () => {
    fixture.respond = answerPlainly;
    await fixture.gateway.execute(SCRIPT, { id: 'first' });
    const answer = fixture.gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } });
    // That of the quota, and its own.
    await eventually(() => expect(clock.pending).toBe(2));
    lostMs = 60_000;
    await clock.advance(WINDOW_MS);
    await settle();
    await clock.advance(lostMs);
    const refused = { code: 'RATE_LIMITED', outcome: 'NOT_EXECUTED' };
    expect((await answer).errors?.[0]?.extensions).toMatchObject(refused);
    await expectCalls(fixture.recorder, 1);
  });
});

describe('in real time', () => {
  it('no second has more than 50 arrivals, and 120 reads at once all succeed', async () => {
    const recorder = await startDistantRecorder();
    // A busy machine may take long for what needs two seconds.
    const gateway = await openGateway({
      upstream: recorder.url,
      transport: { rate: 50 },
      timeouts: { read: 60_000, write: 60_000 },
      operationTimeoutMs: 60_000,
    });
    const { data, errors } = await gateway.execute(SCRIPTS, { ids: ids(120) });
    const arrivals = await recorder.arrivals();
    recorder.close();
    await gateway.close();

    expect(errors).toBeUndefined();
    expect(data?.scripts.map((script) => script?.name)).toEqual(ids(120).map((id) => `name of ${id}`));
    expect(arrivals).toHaveLength(120);
    expect(busiestSecond(arrivals)).toBeLessThanOrEqual(50);
  });
});
