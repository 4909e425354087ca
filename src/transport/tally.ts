/**
 * How the REST calls and reads of one operation came about. Every read that is answered counts under exactly one of the
 * first four; one that falls back on an older copy after its own call failed counts under `stale`, its requests under
 * `calls`.
 */
export interface Tally {
  /** REST requests that this operation caused: reads, writes and retries. */
  calls: number;
  /** Reads that were answered by another one's call. */
  shared: number;
  /** Reads served from a copy that counts as fresh. */
  fresh: number;
  /** Reads served from an older copy, because the quota had no room or the API was failing. */
  stale: number;
  /** The longest that one of its calls waited for its turn, in ms. */
  queuedMs: number;
  /** The age of the oldest copy that was served, in ms. */
  oldestMs: number;
}

export function createTally(): Tally {
  return { calls: 0, shared: 0, fresh: 0, stale: 0, queuedMs: 0, oldestMs: 0 };
}
