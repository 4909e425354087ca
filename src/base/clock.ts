/** Time as an argument, so that deadlines and pacing can be tested without waiting. */
export interface Clock {
  /** Milliseconds that never go back. Only differences have a meaning. */
  now(): number;
  /** Runs `action` once after `delayMs`. The returned function cancels it. The system's clock waits 24 days at most. */
  after(delayMs: number, action: () => void): () => void;
  /** Runs `action` at the end of this turn of the event loop; undefined: by `setImmediate`. */
  soon?(action: () => void): void;
}

/** A Node timer with a longer delay fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: performance.now.bind(performance),
  after(delayMs, action) {
    const timer = setTimeout(action, Math.min(delayMs, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
  soon: setImmediate,
};

/** The system's clock for work in the background: its timers do not keep the process alive. */
export const backgroundClock: Clock = {
  ...systemClock,
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs).unref();
    return () => clearTimeout(timer);
  },
};

export const timeOfDay: () => number = Date.now;

/** Keeps the process alive until the returned function is called, even if all its timers are in the background. */
export function keepAlive(): () => void {
  return systemClock.after(LONGEST_TIMER_MS, () => undefined);
}

export function soon(clock: Clock, action: () => void): void {
  if (clock.soon) clock.soon(action);
  else setImmediate(action);
}

export function endOfTurn(clock: Clock): Promise<void> {
  return new Promise((resolve) => soon(clock, resolve));
}

export function wait(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => void clock.after(delayMs, resolve));
}

export function every(clock: Clock, periodMs: number, action: () => void): () => void {
  let cancel: () => void;
  const wait = () => {
    cancel = clock.after(periodMs, () => {
      wait();
      action();
    });
  };
  wait();
  return () => cancel();
}

/** A timer that fires this late, in ms, shows that the process was busy or stood still. */
const LATE_MS = 50;

/**
 * A late process finds due timers before answers that came in time, so it reads the answers first. `wasLate` then says
 * that the timeout tells nothing about the API.
 */
export class Deadline {
  declare callOff: () => void;

  constructor(clock: Clock, at: number, expire: (wasLate: boolean) => void, now = clock.now()) {
    const dueAt = Math.max(at, now);
    this.callOff = clock.after(dueAt - now, () => {
      if (clock.now() - dueAt <= LATE_MS) expire(false);
      else this.callOff = clock.after(0, () => expire(true));
    });
  }
}
