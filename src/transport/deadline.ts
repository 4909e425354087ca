import type { Clock } from './clock.ts';

/** A timer that fires this long after its time shows that the process was busy or stood still meanwhile. */
const LATE_MS = 50;

/** A deadline that has not passed yet. */
export interface Deadline {
  callOff(): void;
}

/**
 * Runs `expire` once `delayMs` have passed, unless it is called off. A process that was busy or stood still finds its
 * timers due before it finds the answers that came in time: then those are read first, and `wasLate` says that the wait
 * tells nothing about the API.
 */
export function atDeadline(clock: Clock, delayMs: number, expire: (wasLate: boolean) => void): Deadline {
  return new Timer(clock, delayMs, expire);
}

class Timer implements Deadline {
  readonly #clock: Clock;
  readonly #dueAt: number;
  readonly #expire: (wasLate: boolean) => void;
  #cancel: () => void;

  constructor(clock: Clock, delayMs: number, expire: (wasLate: boolean) => void) {
    this.#clock = clock;
    this.#dueAt = clock.now() + delayMs;
    this.#expire = expire;
    this.#cancel = clock.after(delayMs, () => this.#onDue());
  }

  callOff(): void {
    this.#cancel();
  }

  #onDue(): void {
    if (this.#clock.now() - this.#dueAt <= LATE_MS) this.#expire(false);
    else this.#cancel = this.#clock.after(0, () => this.#expire(true));
  }
}
