import type { Clock } from '../../src/base/clock.ts';
import type { RandomSource } from '../../src/base/random-source.ts';
import { createSeeded, type Seeded } from '../support/random/seeded.ts';
import type { Kernel, Owner } from './kernel.ts';

/** A clock that is fast or slow. */
export class DriftingClock {
  readonly #kernel: Kernel;
  readonly rate: number;
  readonly #aheadMs: number;

  /** @param drift - 0.01: it is fast by 1 % */
  constructor(kernel: Kernel, drift: number, aheadMs: number) {
    this.#kernel = kernel;
    this.rate = 1 + drift;
    this.#aheadMs = aheadMs;
  }

  now(): number {
    return this.#kernel.now * this.rate + this.#aheadMs;
  }
}

/** The clock of a process. Timers are whole ms on it, and fire up to a millisecond early, or late. */
export function processClock(kernel: Kernel, owner: Owner, time: DriftingClock, random: Seeded): Clock {
  return {
    now: () => time.now(),
    after(delayMs, action) {
      const wholeMs = Math.max(1, Math.trunc(delayMs));
      return kernel.after((wholeMs - 0.9 + 2 * random.next()) / time.rate, action, owner);
    },
    soon: (action) => void kernel.after(0, action, owner),
  };
}

/** A source of random numbers for one process. */
export function processRandom(...words: readonly (string | number)[]): RandomSource {
  const seeded = createSeeded('process', ...words);
  return {
    next: seeded.next,
    bytes(count) {
      const bytes = Buffer.allocUnsafe(count);
      for (let at = 0; at < count; at += 1) bytes[at] = seeded.below(256);
      return bytes;
    },
  };
}
