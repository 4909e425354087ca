import type { Clock } from './clock.ts';

/** A place in the quota. It is held from the moment of booking, and counts from the moment of sending. */
export interface Booking {
  sent(): void;
  /** Gives the place back, if the request was never sent. */
  release(): void;
}

/**
 * Counts the starts of requests. This is the seam for several gateways on one quota: an implementation over a shared
 * store would lease places in advance, so that taking one stays synchronous.
 */
export interface Quota {
  /** A place now, or how many ms until one may be free (Infinity: when a booked one is sent or released). */
  take(): Booking | number;
  /** When the call behind `ahead` others could start, in ms from now, if nothing but time frees places. */
  etaMs(ahead: number): number;
  /** The API said that this was too fast: fewer starts for a while. */
  slowDown(): void;
  /** Whether it could be forgotten without allowing more. */
  isIdle(): boolean;
}

export interface StartLogOptions {
  /** Starts in any window; Infinity: no limit. */
  readonly limit: number;
  readonly windowMs: number;
  /** What is left of the limit after each `slowDown`. */
  readonly backoff: number;
  /** How much of the full limit comes back each second. */
  readonly recoveryPerSecond: number;
  readonly clock: Clock;
}

/**
 * A log of the last starts: at most `limit` in any sliding window. Measured against a recorder, fixed windows, token
 * buckets and rate-limiter-flexible's queue let 99 through in one second where 50 were allowed; a log lets 50.
 */
export function createStartLog(options: StartLogOptions): Quota {
  const { limit: fullLimit, windowMs, backoff, recoveryPerSecond, clock } = options;
  // Times of the starts in the window, oldest first.
  let starts: number[] = [];
  let booked = 0;
  let reduced = fullLimit;
  let reducedAt = clock.now();

  const limitNow = (now: number) =>
    Math.min(fullLimit, Math.floor(reduced + ((now - reducedAt) / 1000) * recoveryPerSecond * fullLimit));

  const forget = (now: number) => {
    const first = starts.findIndex((at) => at > now - windowMs);
    if (first !== 0) starts = first === -1 ? [] : starts.slice(first);
  };

  const book = (): Booking => {
    booked += 1;
    let open = true;
    const close = () => {
      const wasOpen = open;
      open = false;
      if (wasOpen) booked -= 1;
      return wasOpen;
    };
    return {
      sent() {
        if (close()) starts.push(clock.now());
      },
      release: () => void close(),
    };
  };

  return {
    take() {
      if (fullLimit === Number.POSITIVE_INFINITY) return FREE;
      const now = clock.now();
      forget(now);
      const over = starts.length + booked - limitNow(now);
      if (over < 0) return book();
      const blocking = starts[over];
      return blocking === undefined ? Number.POSITIVE_INFINITY : Math.max(1, blocking + windowMs - now);
    },
    etaMs(ahead) {
      if (fullLimit === Number.POSITIVE_INFINITY) return 0;
      const now = clock.now();
      forget(now);
      const limit = limitNow(now);
      const over = starts.length + booked - limit + ahead;
      if (over < 0) return 0;
      // Booked places are taken for starts of this moment.
      const blocking = starts[over % limit] ?? now;
      return blocking - now + windowMs * (1 + Math.floor(over / limit));
    },
    slowDown() {
      const now = clock.now();
      reduced = Math.max(1, Math.floor(limitNow(now) * backoff));
      reducedAt = now;
    },
    isIdle() {
      const now = clock.now();
      forget(now);
      return starts.length === 0 && booked === 0 && limitNow(now) === fullLimit;
    },
  };
}

const FREE: Booking = { sent() {}, release() {} };
