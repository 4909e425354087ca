import type { About, Allowance, Answer, CallSource } from './call.ts';

/**
 * Counts the REST calls of one operation, and how its reads were answered. An answered read counts under exactly one of
 * `calls`, `shared`, `fresh` and `stale`. A read whose call failed and that got a stale answer counts under `stale`.
 * Its requests still count under `calls`.
 */
export class Usage {
  readonly allowance: Allowance;
  readonly sources: CallSource[] | undefined;
  /** REST requests that this operation caused: reads, writes and retries. */
  calls = 0;
  shared = 0;
  /** Reads served from an answer in the cache that counts as fresh. */
  fresh = 0;
  /** Reads served from an older answer, because the quota had no room or the API was failing. */
  stale = 0;
  /** The longest wait of a call for its turn, in ms. */
  queuedMs = 0;
  /** The age of the oldest stale answer that was served, in ms. */
  oldestMs = 0;
  /** Whether Redis was lost meanwhile. */
  isLost = false;
  /** Cloudflare's name of the last request that its proxy answered in place of the API. */
  ray: string | undefined;

  /** Called when a request is about to be written. If it throws, the request is not written. */
  onSend: ((call: About) => void) | undefined;

  /** `maxBytes`: decoded bytes that the operation's calls may receive in all. `keepsSources`: whether `sources` is kept. */
  constructor(maxBytes = Number.POSITIVE_INFINITY, keepsSources = false) {
    this.allowance = { bytesLeft: maxBytes };
    this.sources = keepsSources ? [] : undefined;
  }

  sent(call: About): void {
    this.onSend?.(call);
    this.calls += 1;
  }

  waited(waitedMs: number): void {
    if (waitedMs > this.queuedMs) this.queuedMs = waitedMs;
  }

  answered({ source, ageMs }: Answer<unknown>): void {
    // The read's own call was counted when it was sent.
    if (source === 'call') return;
    this[source] += 1;
    if (source === 'stale' && ageMs > this.oldestMs) this.oldestMs = ageMs;
  }

  counts() {
    const { calls, shared, fresh, stale, queuedMs, ray } = this;
    return { calls, shared, fresh, stale, queuedMs: Math.ceil(queuedMs), ray };
  }
}
