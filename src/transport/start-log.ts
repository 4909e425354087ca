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
  /** The same for a call that nobody waits for: some places stay free, and one such call keeps its distance from the next. */
  takeSpare(): Booking | number;
  /** Whether a call would leave those places free. */
  hasSpare(): boolean;
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
 * The share of the places that is kept for calls that somebody waits for. Without it, and without the distance, renewals
 * would take all places at once, second after second, and a write would wait for the next second.
 */
const KEPT_SHARE = 0.2;
/** A process that is busy comes late to each of them: what was missed for so long may follow at once. */
const CATCH_UP_MS = 200;

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
  let spareFrom = Number.NEGATIVE_INFINITY;

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

  const sparePlaces = (now: number) => limitNow(now) - Math.floor(limitNow(now) * KEPT_SHARE);
  /** In how many ms one of so many places may be free; 0: now. */
  const freeInMs = (places: number, now: number): number => {
    forget(now);
    const over = starts.length + booked - places;
    if (over < 0) return 0;
    const free = freeAt(over);
    return free === undefined ? Number.POSITIVE_INFINITY : Math.max(1, free - now);
  };

  return {
    take() {
      const now = clock.now();
      return freeInMs(limitNow(now), now) || book();
    },
    takeSpare() {
      const now = clock.now();
      const places = sparePlaces(now);
      const waitMs = Math.max(spareFrom - now, freeInMs(places, now));
      if (waitMs > 0) return waitMs;
      spareFrom = Math.max(spareFrom, now - CATCH_UP_MS) + windowMs / places;
      return book();
    },
    hasSpare() {
      const now = clock.now();
      return freeInMs(sparePlaces(now), now) === 0;
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

const FREE: Booking = { sent() {}, done() {} };

const UNLIMITED: Quota = {
  take: () => FREE,
  takeSpare: () => FREE,
  hasSpare: () => true,
  etaMs: () => 0,
  slowDown() {},
  isIdle: () => true,
};
