import { createTally, type Tally } from '../transport/tally.ts';

/** What an operation has cost since the last answer: a tally's numbers. */
export type Cost = readonly [
  calls: number,
  shared: number,
  fresh: number,
  stale: number,
  queuedMs: number,
  oldestMs: number,
];

/** What a tally holds, which is counted from nothing again. */
export function takeCost(tally: Tally): Cost {
  const { calls, shared, fresh, stale, queuedMs, oldestMs } = tally;
  Object.assign(tally, createTally());
  return [calls, shared, fresh, stale, queuedMs, oldestMs];
}

export function addCost(tally: Tally, [calls, shared, fresh, stale, queuedMs, oldestMs]: Cost): void {
  tally.calls += calls;
  tally.shared += shared;
  tally.fresh += fresh;
  tally.stale += stale;
  tally.queuedMs = Math.max(tally.queuedMs, queuedMs);
  tally.oldestMs = Math.max(tally.oldestMs, oldestMs);
}
