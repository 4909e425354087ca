import { notify } from '../state/maybe-promise.ts';

/** Time as an argument, so that deadlines and pacing can be tested without waiting. */
export interface Clock {
  /** Milliseconds on a line that never goes back; only differences mean anything. */
  now(): number;
  /** Runs `action` once after `delayMs`, of which the system's clock takes 24 days at most; the returned function calls it off. */
  after(delayMs: number, action: () => void): () => void;
  /** Runs `action` at the end of this turn of the event loop; undefined: by `setImmediate`. */
  soon?(action: () => void): void;
}

/** A timer of Node that is to take longer fires at once. */
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

/** The time of day, in ms since 1970. */
export const timeOfDay: () => number = Date.now;

/** Keeps the process alive until the returned function is called, even if all its timers are in the background. */
export function keepAlive(): () => void {
  return systemClock.after(LONGEST_TIMER_MS, () => undefined);
}

/** Runs `action` at the end of this turn of the event loop. */
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

/** Runs `action` again and again, first after one period, until the returned function calls it off. */
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

/**
 * A clock of an embedder, whose failures end neither a call nor the process: `onFailure` is told. Where it gives no time, the
 * last one stands; where it gives nothing to call a timer off with, the timer is the system's.
 */
export function guardClock(clock: Clock, onFailure: (error: unknown) => void): Clock {
  let last = 0;
  return {
    now() {
      notify(() => {
        const now: unknown = clock.now();
        if (typeof now === 'number') last = now;
        return now;
      }, onFailure);
      return last;
    },
    after(delayMs, action) {
      let isOver = false;
      const once = () => {
        if (isOver) return;
        isOver = true;
        action();
      };
      let cancel: unknown;
      notify(() => {
        cancel = clock.after(delayMs, once);
        return cancel;
      }, onFailure);
      if (typeof cancel !== 'function') return systemClock.after(delayMs, once);
      const callOff = cancel;
      return () => {
        isOver = true;
        notify(() => callOff(), onFailure);
      };
    },
    soon(action) {
      let isDone = false;
      const once = () => {
        if (isDone) return;
        isDone = true;
        action();
      };
      notify(
        () => soon(clock, once),
        (error) => {
          onFailure(error);
          setImmediate(once);
        },
      );
    },
  };
}

/** A timer that fires this long after its time shows that the process was busy or stood still meanwhile. */
const LATE_MS = 50;

/**
 * Runs `expire` at a time on the clock, unless it is called off. A process that was busy or stood still finds its timers due
 * before it finds the answers that came in time: then those are read first, and `wasLate` says that the wait tells nothing
 * about the API.
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
