import type { Answer } from './call.ts';
import type { Progress } from './progress.ts';

/**
 * How the REST calls and reads of one operation came about. Every read that is answered counts under exactly one of the
 * first four; one that falls back on a stale answer after its own call failed counts under `stale`, its requests under
 * `calls`.
 */
export class Usage implements Progress {
  /** REST requests that this operation caused: reads, writes and retries. */
  calls = 0;
  /** Reads that were answered by another one's call. */
  shared = 0;
  /** Reads served from an answer in the cache that counts as fresh. */
  fresh = 0;
  /** Reads served from an older one, because the quota had no room or the API was failing. */
  stale = 0;
  /** The longest that one of its calls waited for its turn, in ms. */
  queuedMs = 0;
  /** The age of the oldest stale answer that was served, in ms. */
  oldestMs = 0;

  sent(): void {
    this.calls += 1;
  }

  dequeued(waitedMs: number): void {
    if (waitedMs > this.queuedMs) this.queuedMs = waitedMs;
  }

  answered({ source, ageMs }: Answer<unknown>): void {
    // Its own call was counted when it was sent.
    if (source === 'call') return;
    this[source] += 1;
    if (source === 'stale' && ageMs > this.oldestMs) this.oldestMs = ageMs;
  }

  queued(): void {}
  responded(): void {}
  ended(): void {}
  retried(): void {}
}
