import { Arrivals, type Departure } from './arrivals.ts';
import type { Permit, Quota, QuotaRules, QuotaStatus, Quotas } from './port.ts';

/** The second of the quota, plus a margin for errors of clocks and timers, in ms. */
export const WINDOW_MS = 1_002;
/**
 * The share of the permits that is reserved for calls with waiting callers. Without this share, revalidations would take all
 * permits at once, every second. A write would then wait for the next second.
 */
export const FOREGROUND_SHARE = 0.2;

/**
 * Quotas in memory. Each quota logs its last requests, and allows at most `rate` in any sliding window. Where 50
 * requests were allowed, a recorder measured 50 with a log. Fixed windows, token buckets and rate-limiter-flexible's
 * queue let 99 through in one second.
 */
export function createSlidingWindows(now: () => number): Quotas {
  const arrivals = new Arrivals(now);
  return {
    open: (_account, _part, limits, onFreed) => new SlidingWindowLog({ ...limits, now, arrivals, onFreed }),
  };
}

interface SlidingWindowOptions extends QuotaRules {
  readonly now: () => number;
  readonly arrivals: Arrivals;
  /** As for `Quotas.open`. */
  readonly onFreed: () => void;
  /** The length of the window, in ms. */
  readonly windowMs?: number;
}

/** A quota in memory. */
export class SlidingWindowLog implements Quota {
  /** Sent requests that count, or will count. */
  readonly requests: LoggedRequest[] = [];
  /** Permits that are held for requests not sent yet. */
  held = 0;
  isWanted = false;
  /** How long a request takes to arrive, in ms, as far as answers tell; smoothed. */
  arrivalMs = 0;
  readonly now: () => number;
  readonly arrivals: Arrivals;
  readonly #onFreed: () => void;
  readonly #limits: QuotaRules;
  readonly #windowMs: number;
  #reduced: number;
  #reducedAt: number;
  #forgottenAt = Number.NEGATIVE_INFINITY;
  #slowedAt = Number.NEGATIVE_INFINITY;

  constructor(options: SlidingWindowOptions) {
    this.#limits = options;
    this.#windowMs = options.windowMs ?? WINDOW_MS;
    this.now = options.now;
    this.arrivals = options.arrivals;
    this.#onFreed = options.onFreed;
    this.#reduced = options.rate;
    this.#reducedAt = options.now();
  }

  take(_waiting: number, isBackground: boolean): Permit | number {
    const now = this.now();
    if (this.#limits.rate === Number.POSITIVE_INFINITY) return FREE;
    const waitMs = this.#freeInMs(this.#permitsAt(now, isBackground), now);
    if (waitMs > 0) {
      this.isWanted = true;
      return waitMs;
    }
    this.held += 1;
    return new LoggedRequest(this);
  }

  freed(): void {
    this.isWanted = false;
    this.#onFreed();
  }

  etaMs(ahead: number, isBackground = false): number {
    const now = this.now();
    return this.#isUnlimited ? 0 : this.#permitInMs(ahead, this.#permitsAt(now, isBackground), now);
  }

  slowDown(): void {
    const now = this.now();
    // The API may refuse all requests sent at the old speed. Slow down only once for all of them.
    if (now - this.#slowedAt < this.#windowMs) return;
    this.#slowedAt = now;
    this.#reduced = Math.max(1, Math.floor(this.#permitsAt(now) * this.#limits.backoff));
    this.#reducedAt = now;
  }

  status(): QuotaStatus {
    const now = this.now();
    this.#forget(now);
    const limit = this.#isUnlimited ? this.#limits.rate : this.#permitsAt(now);
    const used = this.requests.length + this.held;
    const remaining = Math.max(0, limit - used);
    const lastAt = Math.max(now, this.#expectedAt(this.requests.length - 1, now) ?? now);
    return { limit, remaining, used, resetInMs: Math.max(lastAt - now, this.held > 0 ? this.#windowMs : 0) };
  }

  isIdle(): boolean {
    const now = this.now();
    this.#forget(now);
    if (this.requests.length > 0 || this.held > 0) return false;
    return this.#permitsAt(now) === this.#limits.rate;
  }

  get #isUnlimited(): boolean {
    return this.#limits.rate === Number.POSITIVE_INFINITY;
  }

  #permitsAt(now: number, isBackground = false): number {
    const { rate, recoveryPerSecond } = this.#limits;
    const recovered = ((now - this.#reducedAt) / 1_000) * recoveryPerSecond * rate;
    const permits = Math.min(rate, Math.floor(this.#reduced + recovered));
    return isBackground ? permits - Math.floor(permits * FOREGROUND_SHARE) : permits;
  }

  /** Time until one of `permits` permits may be free, in ms. 0: now. */
  #freeInMs(permits: number, now: number): number {
    // While enough permits are free, one `#forget` per window bounds the memory.
    const areFree = this.requests.length + this.held < permits;
    if (areFree && now - this.#forgottenAt < this.#windowMs) return 0;
    this.#forget(now);
    const over = this.requests.length + this.held - permits;
    if (over < 0) return 0;
    const arrivedBy = nth(
      this.requests.map((request) => request.arrivedBy),
      over,
    );
    return arrivedBy === undefined ? Number.POSITIVE_INFINITY : Math.max(1, arrivedBy + this.#windowMs - now);
  }

  #permitInMs(ahead: number, rate: number, now: number): number {
    // Skips the scan of all requests, which costs more than the rest of a waiting call.
    if (this.requests.length + this.held + ahead < rate) return 0;
    this.#forget(now);
    const over = this.requests.length + this.held - rate + ahead;
    if (over < 0) return 0;
    // Held permits count as requests sent now.
    const firstMs = (this.#expectedAt(over % rate, now) ?? now + this.#windowMs) - now;
    return firstMs + (this.arrivalMs + this.#windowMs) * Math.floor(over / rate);
  }

  /** When the `index`-th request leaves the window and frees its permit, if the network to the API works. */
  #expectedAt(index: number, now: number): number | undefined {
    const expected = this.requests.map(({ arrivedBy, sentAt, wayMs }) =>
      Math.min(arrivedBy, Math.max(sentAt + wayMs, now)),
    );
    const arrivedBy = nth(expected, index);
    return arrivedBy === undefined ? undefined : arrivedBy + this.#windowMs;
  }

  #forget(now: number): void {
    this.#forgottenAt = now;
    const requests = this.requests;
    let kept = 0;
    for (const request of requests) {
      if (request.arrivedBy + this.#windowMs <= now) continue;
      requests[kept] = request;
      kept += 1;
    }
    requests.length = kept;
  }
}

/** The `index`-th smallest time. Sorts `times` in place. */
function nth(times: number[], index: number): number | undefined {
  return times.sort((a, b) => a - b)[index];
}

/** Counts for a window from its arrival. */
class LoggedRequest implements Permit, Departure {
  readonly log: SlidingWindowLog;
  isHeld = true;
  sentAt = 0;
  wayMs = 0;
  arrivedBy = 0;

  constructor(log: SlidingWindowLog) {
    this.log = log;
  }

  get mayBeUsed(): boolean {
    return true;
  }

  sent(): void {
    const { log } = this;
    if (!this.isHeld) return;
    this.isHeld = false;
    log.arrivals.sent(this);
    log.held -= 1;
    log.requests.push(this);
    if (log.isWanted) log.freed();
  }

  answered(): void {
    const { log } = this;
    if (this.isHeld) return;
    log.arrivalMs += (log.arrivals.answered(this) - log.arrivalMs) / 8;
    this.learnt();
  }

  learnt(): void {
    if (this.log.isWanted) this.log.freed();
  }

  release(): void {
    const { log, isHeld } = this;
    this.isHeld = false;
    if (isHeld) log.held -= 1;
    else log.arrivals.abandoned(this);
    if (isHeld && log.isWanted) log.freed();
  }
}

const FREE: Permit = { mayBeUsed: true, sent() {}, answered() {}, release() {} };
