import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Clock } from '../../../src/base/clock.ts';
import { quiet } from '../network/network.ts';

/** A clock that stands still until a test lets time pass. */
export interface ManualClock extends Clock {
  /** Lets time pass: timers fire in the order of their times, and what follows from one happens before the next. */
  advance(ms: number): Promise<void>;
  /** The same at once, for code that waits for no promise. */
  step(ms: number): void;
  /** Timers that are set and have neither fired nor been called off. */
  readonly pending: number;
  /** When the next of them fires. */
  readonly nextAt: number;
}

export function createManualClock(): ManualClock {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly action: () => void }>();

  /** Goes to the next timer that is due until then, or else to this time. Returns whether there was a timer. */
  const goOn = (end: number): boolean => {
    const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
    now = Math.max(now, next?.at ?? end);
    if (!next) return false;
    timers.delete(next);
    next.action();
    return true;
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
      while (goOn(end)) await setImmediate();
      await setImmediate();
    },
    step(ms) {
      const end = now + ms;
      while (goOn(end));
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
