import type { Clock } from './clock.ts';

/** A place in the quota. It is held from the moment of booking, and counts from the moment of sending. */
export interface Booking {
  sent(): void;
  /** What was sent had arrived by then, now by default; what was never sent gives its place back. Only the first time counts. */
  done(arrivedBy?: number): void;
}

/**
 * Counts the starts of requests. This is the seam for several gateways on one quota: an implementation over a shared
 * store would lease places in advance, so that taking one stays synchronous.
 */
export interface Quota {
  /** A place now, or how many ms until one may be free (Infinity: when a booked one is sent or done). */
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
 * A start counts from the arrival of its request, so that two arrivals cannot come closer than two starts. One that is
 * still not answered when its place is due had arrived this long after its sending.
 */
const UNANSWERED_LAG_MS = 30;

/**
 * A log of the last starts: at most `limit` in any sliding window. Measured against a recorder, fixed windows, token
 * buckets and rate-limiter-flexible's queue let 99 through in one second where 50 were allowed; a log lets 50.
 */
export function createStartLog(options: StartLogOptions): Quota {
  const { limit: fullLimit, windowMs, backoff, recoveryPerSecond, clock } = options;
  if (fullLimit === Number.POSITIVE_INFINITY) return UNLIMITED;
  let starts: { countsFrom: number }[] = [];
  let booked = 0;
  let reduced = fullLimit;
  let reducedAt = clock.now();
  let slowedAt = Number.NEGATIVE_INFINITY;

  const limitNow = (now: number) =>
    Math.min(fullLimit, Math.floor(reduced + ((now - reducedAt) / 1000) * recoveryPerSecond * fullLimit));

  const forget = (now: number) => {
    if (starts.some(({ countsFrom }) => countsFrom + windowMs <= now)) {
      starts = starts.filter(({ countsFrom }) => countsFrom + windowMs > now);
    }
  };

  /** When the place of the start that is `index`-th to leave the window becomes free. */
  const freeAt = (index: number): number | undefined => {
    const counted = starts.map(({ countsFrom }) => countsFrom).sort((a, b) => a - b)[index];
    return counted === undefined ? undefined : counted + windowMs;
  };

  const book = (): Booking => {
    booked += 1;
    let start: { countsFrom: number } | undefined;
    let isDone = false;
    return {
      sent() {
        if (start) return;
        start = { countsFrom: clock.now() + UNANSWERED_LAG_MS };
        starts.push(start);
        booked -= 1;
      },
      done(arrivedBy = clock.now()) {
        if (isDone) return;
        isDone = true;
        if (start) start.countsFrom = arrivedBy;
        else booked -= 1;
      },
    };
  };

  return {
    take() {
      const now = clock.now();
      forget(now);
      const over = starts.length + booked - limitNow(now);
      if (over < 0) return book();
      const free = freeAt(over);
      return free === undefined ? Number.POSITIVE_INFINITY : Math.max(1, free - now);
    },
    etaMs(ahead) {
      const now = clock.now();
      forget(now);
      const limit = limitNow(now);
      const over = starts.length + booked - limit + ahead;
      if (over < 0) return 0;
      // Booked places are taken for starts of this moment.
      return (freeAt(over % limit) ?? now + windowMs) - now + windowMs * Math.floor(over / limit);
    },
    slowDown() {
      const now = clock.now();
      // All that was sent at the old speed may be refused: that is one lesson, not fifty.
      if (now - slowedAt < windowMs) return;
      slowedAt = now;
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

const UNLIMITED: Quota = {
  take: () => ({ sent() {}, done() {} }),
  etaMs: () => 0,
  slowDown() {},
  isIdle: () => true,
};
