import type { Outlook, Permit, Quota, QuotaStatus, Quotas } from './port.ts';
import { TimedPermit, WINDOW_MS } from './timed-permit.ts';

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
  return {
    open: (_account, _part, rate, onFreed) => new SlidingWindowLog({ rate, now, onFreed }),
  };
}

interface SlidingWindowOptions {
  readonly rate: number;
  readonly now: () => number;
  /** As for `Quotas.open`. */
  readonly onFreed: () => void;
}

/** A quota in memory. */
export class SlidingWindowLog implements Quota {
  /** Permits without a request, and permits whose requests count or will count. */
  readonly #requests: TimedPermit[] = [];
  #isWanted = false;
  readonly #now: () => number;
  readonly #onFreed: () => void;
  readonly #rate: number;
  #forgottenAt = Number.NEGATIVE_INFINITY;

  constructor(options: SlidingWindowOptions) {
    this.#rate = options.rate;
    this.#now = options.now;
    this.#onFreed = options.onFreed;
  }

  take(isBackground: boolean): Permit | number {
    const now = this.#now();
    if (this.#isUnlimited) return FREE;
    const waitMs = this.#freeInMs(this.#permitsFor(isBackground), now);
    if (waitMs > 0) {
      this.#isWanted = true;
      return waitMs;
    }
    const permit = new TimedPermit(this.#now, this.#changed);
    this.#requests.push(permit);
    return permit;
  }

  readonly #changed = (): void => {
    if (!this.#isWanted) return;
    this.#isWanted = false;
    this.#onFreed();
  };

  outlook(): Outlook {
    const limit = this.#rate;
    if (this.#isUnlimited) return { limit, used: 0, nextInMs: 0 };
    // A permit without a request returns at an unknown time. It is taken to be sent and answered now.
    const nextInMs = Math.min(this.#freeInMs(limit, this.#now()), WINDOW_MS);
    return { limit, used: this.#requests.length, nextInMs };
  }

  status(): QuotaStatus {
    const now = this.#now();
    this.#forget(now);
    const limit = this.#rate;
    const used = this.#requests.length;
    const remaining = Math.max(0, limit - used);
    const returnInMs = this.#requests.map(({ returnsAt }) => Math.min(returnsAt - now, WINDOW_MS));
    return { limit, remaining, used, resetInMs: Math.max(0, ...returnInMs) };
  }

  isIdle(): boolean {
    this.#forget(this.#now());
    return this.#requests.length === 0;
  }

  get #isUnlimited(): boolean {
    return this.#rate === Number.POSITIVE_INFINITY;
  }

  #permitsFor(isBackground: boolean): number {
    const rate = this.#rate;
    return isBackground ? rate - Math.floor(rate * FOREGROUND_SHARE) : rate;
  }

  /** Time until one of `permits` permits may be free, in ms. 0: now. */
  #freeInMs(permits: number, now: number): number {
    // While enough permits are free, one `#forget` per window bounds the memory.
    const areFree = this.#requests.length < permits;
    if (areFree && now - this.#forgottenAt < WINDOW_MS) return 0;
    this.#forget(now);
    const over = this.#requests.length - permits;
    if (over < 0) return 0;
    const returns = this.#requests.map(({ returnsAt }) => returnsAt).sort((one, other) => one - other);
    return Math.max(1, (returns[over] ?? now) - now);
  }

  #forget(now: number): void {
    this.#forgottenAt = now;
    const requests = this.#requests;
    let kept = 0;
    for (const request of requests) {
      if (request.returnsAt <= now) continue;
      requests[kept] = request;
      kept += 1;
    }
    requests.length = kept;
  }
}

const FREE: Permit = { mayBeUsed: true, sent() {}, answered() {}, release() {} };
