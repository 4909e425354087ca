import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import type { Recorded } from '../support/api/recorder.ts';
import { SCRIPT, SCRIPTS } from '../support/clients/reads.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { quiet } from '../support/network/network.ts';
import { arrival, eventually, expectCalls } from '../support/vitest/waiting.ts';

const clock = createManualClock();
/** Longer than a second by what clocks and timers may be off. */
const WINDOW_MS = 1_002;
/** No way to the API takes longer. */
const LONGEST_WAY_MS = 500;
const PATIENT = {
  timeouts: { read: 1e6, write: 1e6 },
  operationTimeoutMs: 1e6,
  limits: { restCalls: 2_000 },
};

const ids = (count: number, name = 's') => Array.from({ length: count }, (_one, index) => `${name}${index}`);

describe.each([
  ['of a key', { rate: 10 }],
  ['of all keys together', { rate: 0, totalRate: 10 }],
])('a place in the quota %s', (_title, quota) => {
  const fixture = useRecorder({ transport: { clock, random: () => 0, ...quota }, ...PATIENT });

  /** A key that the API has never accepted has fewer places in the quota of all keys. */
  async function becomeKnown(): Promise<void> {
    fixture.respond = answerPlainly;
    await fixture.gateway.execute(SCRIPT, { id: 'first' });
    await clock.advance(WINDOW_MS);
  }

  /** Sends 10 reads, of which the answers begin so many ms later. */
  async function tenReads(name: string, answeredAfterMs: number): Promise<void> {
    const before = fixture.recorder.calls.length;
    const held: (() => void)[] = [];
    fixture.respond = (recorded, response) => void held.push(() => answerPlainly(recorded, response));
    const answers = fixture.gateway.execute(SCRIPTS, { ids: ids(10, name) });
    await arrival(fixture.recorder, before + 9);
    await clock.advance(answeredAfterMs);
    for (const answer of held) answer();
    expect((await answers).errors).toBeUndefined();
    fixture.respond = answerPlainly;
  }

  /** In how many ms the next read is sent. */
  async function expectNextAfter(ms: number): Promise<void> {
    const before = fixture.recorder.calls.length;
    const next = fixture.gateway.execute(SCRIPT, { id: 'next' });
    await expectCalls(fixture.recorder, before);
    await clock.advance(ms - 1);
    await expectCalls(fixture.recorder, before);
    await clock.advance(1);
    expect((await next).errors).toBeUndefined();
  }

  it('is free a second after the answer, however long answers have taken of late', async () => {
    await becomeKnown();
    for (const name of ['a', 'b', 'c']) {
      await tenReads(name, 100);
      await clock.advance(WINDOW_MS);
    }
    await tenReads('d', 100);
    await expectNextAfter(WINDOW_MS);
  });

  it('is free a second after the longest way of its request, if only answers to others come sooner', async () => {
    await becomeKnown();
    const slow: (() => void)[] = [];
    fixture.respond = (recorded, response) =>
      void (recorded.line.endsWith('/0')
        ? answerPlainly(recorded, response)
        : slow.push(() => answerPlainly(recorded, response)));
    const answers = fixture.gateway.execute(SCRIPTS, { ids: ids(10, '') });
    await arrival(fixture.recorder, 10);
    await quiet();
    await clock.advance(LONGEST_WAY_MS + 500);
    for (const answer of slow) answer();
    expect((await answers).errors).toBeUndefined();
    fixture.respond = answerPlainly;
    // The quick one.
    await expectNextAfter(WINDOW_MS - LONGEST_WAY_MS - 500);
    await expectNextAfter(LONGEST_WAY_MS);
  });

  it('is free a second after the answer of its request, if nothing has come sooner', async () => {
    await becomeKnown();
    await tenReads('late', LONGEST_WAY_MS + 500);
    await expectNextAfter(WINDOW_MS);
  });

  it('is not free as long as no answer comes, or for 10 s', async () => {
    await becomeKnown();
    await tenReads('late', 9_999 + WINDOW_MS);
    await expectNextAfter(1);
  });

  it('is not free sooner when the client has left: what was sent may yet arrive', async () => {
    await becomeKnown();
    fixture.respond = () => undefined;
    const client = new AbortController();
    const left = fixture.gateway.execute(SCRIPTS, { ids: ids(10, 'left') }, undefined, client.signal);
    await arrival(fixture.recorder, 10);
    client.abort();
    await expect(left).rejects.toThrow('abort');
    await eventually(() => expect(fixture.recorder.calls.every(({ socket }) => !socket.writable)).toBe(true));
    fixture.respond = answerPlainly;
    await expectNextAfter(LONGEST_WAY_MS + WINDOW_MS);
  });
});

describe('a quota of 50 at full demand', () => {
  const fixture = useRecorder({ transport: { clock, random: () => 0, rate: 50 }, ...PATIENT });

  interface Api {
    /** How long a request takes to arrive that is sent at this time, in ms. */
    readonly wayMs: (ms: number, index: number) => number;
    /** How long it is worked on then. */
    readonly workMs?: (index: number) => number;
  }

  /** Reads so many scripts at once. @returns when they arrived, on the clock of the API */
  async function readAll(count: number, { wayMs, workMs = () => 0 }: Api): Promise<number[]> {
    const arrivals: number[] = [];
    let received = 0;
    const startedAt = clock.now();
    fixture.respond = (recorded: Recorded, response: ServerResponse) => {
      received += 1;
      const index = received;
      clock.after(wayMs(clock.now() - startedAt, index), () => {
        arrivals.push(clock.now());
        clock.after(workMs(index), () => void answerPlainly(recorded, response));
      });
    };
    const answer = fixture.gateway.execute(SCRIPTS, { ids: ids(count) });
    let isOver = false;
    const over = answer.finally(() => {
      isOver = true;
    });
    await quiet();
    while (!isOver) {
      await clock.advance(10);
      await quiet();
    }
    expect((await over).errors).toBeUndefined();
    expect(arrivals).toHaveLength(count);
    return arrivals;
  }

  const cut = (lastsMs: number) => (ms: number) =>
    ms > 1_500 && ms < 1_500 + lastsMs ? 1_500 + lastsMs - ms : 2;

  it.each([
    ['changes up and down in steps', (ms: number) => STEPS[Math.floor(ms / 650) % STEPS.length] ?? 0],
    ['changes up and down within a second', (ms: number) => STEPS[Math.floor(ms / 130) % STEPS.length] ?? 0],
    ['changes for each request anew', (_ms: number, index: number) => STEPS[(index * 7) % STEPS.length] ?? 0],
    ['is cut for 1 s', cut(1_000)],
    ['is cut for 3 s', cut(3_000)],
    ['is cut for 6 s', cut(6_000)],
    ['takes 700 ms, then 2 ms', (ms: number) => (ms < 5_000 ? 700 : 2)],
  ])('has no 51st arrival in any second while the way to the API %s', async (_title, wayMs) => {
    const arrivals = await readAll(400, { wayMs });
    const tooClose = arrivals.filter((at, index) => (arrivals[index + 50] ?? Infinity) - at < 1_000);
    expect(tooClose).toEqual([]);
  });

  it('has no 51st arrival in any second while a cut delays requests, and answers of earlier requests arrive', async () => {
    // The first 50 requests are sent before the cut. Five of them take long.
    const slowMs = [450, 850, 1_250, 1_600, 1_700];
    const workMs = (index: number) => slowMs[index - 46] ?? 0;
    const wayMs = (ms: number) => (ms >= 1_000 && ms < 1_450 ? 2 * (1_450 - ms) + 50 : 50);
    const arrivals = await readAll(400, { wayMs, workMs });
    const tooClose = arrivals.filter((at, index) => (arrivals[index + 50] ?? Infinity) - at < 1_000);
    expect(tooClose).toEqual([]);
  });

  it('is used for 30 calls a second and more where answers take up to 2.4 s', async () => {
    const arrivals = await readAll(400, { wayMs: () => 2, workMs: (index) => (index * 997) % 2_400 });
    const lastMs = (arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0);
    expect((400 / lastMs) * 1_000).toBeGreaterThanOrEqual(30);
  });
});

/** Every step from one to another, in both directions. */
const STEPS = [100, 2, 50, 2, 200, 2, 100, 50, 200, 50, 100, 200, 100];
