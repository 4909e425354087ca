import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../support/clock.ts';
import { useRecorder } from '../support/fixture.ts';
import { quiet } from '../support/network.ts';
import { answerPlainly } from '../support/plain-api.ts';
import { SCRIPT, SCRIPTS } from '../support/reads.ts';
import type { Recorded } from '../support/recorder.ts';
import { arrival, eventually, expectCalls } from '../support/waiting.ts';

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

  it('is free a second after the longest way of its request, if the answer comes later', async () => {
    await becomeKnown();
    await tenReads('slow', LONGEST_WAY_MS + 500);
    await expectNextAfter(WINDOW_MS - 500);
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

  it.each([
    ['up and down in steps', (ms: number) => STEPS[Math.floor(ms / 650) % STEPS.length] ?? 0],
    ['up and down within a second', (ms: number) => STEPS[Math.floor(ms / 130) % STEPS.length] ?? 0],
    ['for each request anew', (_ms: number, index: number) => STEPS[(index * 7) % STEPS.length] ?? 0],
  ])('has no 51st arrival in any second while the way to the API changes %s', async (_title, wayMs) => {
    const arrivals: number[] = [];
    let received = 0;
    const startedAt = clock.now();
    fixture.respond = (recorded: Recorded, response: ServerResponse) => {
      received += 1;
      clock.after(wayMs(clock.now() - startedAt, received), () => {
        arrivals.push(clock.now());
        void answerPlainly(recorded, response);
      });
    };
    const answer = fixture.gateway.execute(SCRIPTS, { ids: ids(400) });
    await quiet();
    while (arrivals.length < 400) {
      await clock.advance(10);
      await quiet();
    }
    expect((await answer).errors).toBeUndefined();
    const tooClose = arrivals.filter((at, index) => (arrivals[index + 50] ?? Infinity) - at < 1_000);
    expect(tooClose).toEqual([]);
  });
});

/** Every step from one to another, in both directions. */
const STEPS = [100, 2, 50, 2, 200, 2, 100, 50, 200, 50, 100, 200, 100];
