import type { RateLimited } from '../errors.ts';
import type { AccountQueue } from './account-queue.ts';
import type { Pool } from './pool.ts';
import type { ScheduledCall } from './scheduled-call.ts';
import type { Shared } from './shared.ts';

interface Wait {
  readonly etaMs: number;
  /** The pool that has no permit before; undefined: the call can start now. */
  readonly pool: Pool | undefined;
}

/** Refuses waiting calls of an account that cannot start in time, and says when to come back. */
export class LateCalls {
  readonly #queue: AccountQueue;
  readonly #shared: Shared;
  readonly #key: Pool;

  constructor(queue: AccountQueue, key: Pool, shared: Shared) {
    this.#queue = queue;
    this.#key = key;
    this.#shared = shared;
  }

  /**
   * The refusal of a new call in the queue that cannot start in time; undefined: it waits. A read takes the waiting reads of
   * its operation along, and the next reads: their permits would be spent on half of an answer.
   */
  refusalOfNew(call: ScheduledCall): RateLimited | undefined {
    if (call.isInBackground) return undefined;
    const { now } = this;
    const { origin } = call.call;
    const { pool, etaMs } = this.#longestWait(call, Math.max(0, call.startBy - now));
    if (!pool) {
      const refused = call.isWrite ? undefined : this.#shared.refused.get(origin);
      return refused && refused.until > now
        ? refused.pool.refusal(call.call, refused.until - now)
        : undefined;
    }
    if (!call.isWrite) {
      this.#shared.refused.set(origin, { until: now + etaMs, pool });
      for (const read of this.#queue.operationOf(call))
        if (read !== call) read.sender.fail(pool.refusal(read.call, etaMs));
    }
    return pool.refusal(call.call, etaMs);
  }

  refusalOf(call: ScheduledCall): RateLimited {
    const { pool = this.#key, etaMs } = this.#longestWait(call, 0);
    return pool.refusal(call.call, etaMs);
  }

  /** Fails each waiting call of the pool that cannot start before the end of the pause. The pool may be new to the call. */
  refuseDuringPause(pool: Pool, pauseMs: number): void {
    const until = this.now + pauseMs;
    for (const call of this.#queue.all()) {
      if (call.call.endpoint === pool.options.part) call.join(pool);
      if (call.startBy < until && call.pools.includes(pool)) call.sender.fail(this.refusalOf(call));
    }
  }

  private get now(): number {
    return this.#shared.clock.now();
  }

  /** The longest wait for a permit, if it is longer than `atLeastMs`. */
  #longestWait(call: ScheduledCall, atLeastMs: number): Wait {
    const { total, unaccepted, queue } = this.#shared;
    let longest: Wait = { etaMs: atLeastMs, pool: undefined };
    for (const pool of call.pools) {
      // Most calls are in time even behind all that wait. Counting the calls before them takes longer.
      if (pool.etaMs(pool.waiting) <= longest.etaMs) continue;
      const root = pool === total ? queue : pool === unaccepted.pool ? unaccepted.line : this.#queue;
      const before = call.isInBackground ? pool.waiting : this.#queue.aheadOf(call, root);
      const etaMs = pool.etaMs(Math.min(pool.waiting, before));
      if (etaMs > longest.etaMs) longest = { etaMs, pool };
    }
    return longest;
  }
}
