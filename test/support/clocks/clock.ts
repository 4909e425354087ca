import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Clock } from '../../../src/transport/clock.ts';
import { quiet } from '../network/network.ts';

/** A clock that stands still until a test lets time pass. */
export interface ManualClock extends Clock {
  /** Lets time pass: timers fire in the order of their times, and what follows from one happens before the next. */
  advance(ms: number): Promise<void>;
  /** Timers that are set and have neither fired nor been called off. */
  readonly pending: number;
  /** When the next of them fires. */
  readonly nextAt: number;
}

export function createManualClock(): ManualClock {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly action: () => void }>();

  const takeNext = (end: number) => {
    const [first] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
    if (first) timers.delete(first);
    return first;
  };

  return {
    now: () => now,
    after(delayMs, action) {
      const timer = { at: now + delayMs, action };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async advance(ms) {
      const end = now + ms;
      for (let timer = takeNext(end); timer; timer = takeNext(end)) {
        now = Math.max(now, timer.at);
        timer.action();
        await setImmediate();
      }
      now = end;
      await setImmediate();
    },
    get pending() {
      return timers.size;
    },
    get nextAt() {
      return Math.min(...[...timers].map(({ at }) => at));
    },
  };
}

/** So many turns of the event loop: each takes what the sockets of this process have received meanwhile. */
const TURNS = 100;

/**
 * Lets requests and answers that are under way arrive, to show that nothing more happens. Time alone is not enough: a
 * process that a busy machine keeps waiting may have turned its loop once in it.
 */
export async function settle(): Promise<void> {
  await setTimeout(60);
  await quiet(TURNS);
}
