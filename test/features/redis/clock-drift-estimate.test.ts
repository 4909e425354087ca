import { expect, it } from 'vitest';
import { MAX_GAIN_MS, StoreClock } from '../../../src/features/redis/store-clock.ts';
import { createSeeded } from '../../support/random/seeded.ts';

interface Clock {
  /** How far Redis is ahead at a moment of this process, in ms. */
  readonly leadAt: (at: number) => number;
  /** How long a report takes in each direction at most, in ms. */
  readonly wayMs?: number;
}

/** Lets Redis report for 20 s every 100 ms. Gives the moments of jumps, and the most that it seems to have gained after 10 s. */
function listen({ leadAt, wayMs = 1 }: Clock) {
  const random = createSeeded('clock').next;
  const clock = new StoreClock();
  const jumps: number[] = [];
  let gainedMs = 0;
  for (let at = 0; at < 20_000; at += 100) {
    const time = Math.floor(at + leadAt(at));
    const answeredAt = at + random() * wayMs;
    if (clock.hear(time, at - random() * wayMs, answeredAt)) jumps.push(at);
    if (at > 10_000) gainedMs = Math.max(gainedMs, clock.gainedMs(answeredAt));
  }
  return { jumps, gainedMs };
}

it('takes no even clock for one that gains', () => {
  const { jumps, gainedMs } = listen({ leadAt: () => 1e12 });
  expect(jumps).toEqual([]);
  expect(gainedMs).toBeLessThan(3);
});

it('counts requests for longer where the clock is fast by up to 5 %', () => {
  const { jumps, gainedMs } = listen({ leadAt: (at) => at * 0.05 });
  expect(jumps).toEqual([]);
  expect(gainedMs).toBeGreaterThan(52);
  expect(gainedMs).toBeLessThan(75);
});

it('takes answers that come late for no jump', () => {
  expect(listen({ leadAt: () => 0, wayMs: 200 }).jumps).toEqual([]);
});

it.each([60, 300, 5_000, 3_600_000])('notices a jump of %i ms, once', (jumpMs) => {
  expect(listen({ leadAt: (at) => (at < 15_000 ? 0 : jumpMs) }).jumps).toEqual([15_000]);
});

it('notices that a clock which was set back is set forward again', () => {
  const isSetBack = (at: number) => at > 5_000 && at < 15_000;
  expect(listen({ leadAt: (at) => (isSetBack(at) ? -900 : 0) }).jumps).toEqual([15_000]);
});

it('counts requests for longer after a smaller step', () => {
  const { jumps, gainedMs } = listen({ leadAt: (at) => (at < 15_000 ? 0 : 40) });
  expect(jumps).toEqual([]);
  expect(gainedMs).toBeGreaterThanOrEqual(38);
});

it('assumes a fast clock until it has heard reports for a window', () => {
  const clock = new StoreClock();
  expect(clock.gainedMs(0)).toBeGreaterThan(50);
  expect(clock.gainedMs(0)).toBeLessThan(MAX_GAIN_MS);
});
