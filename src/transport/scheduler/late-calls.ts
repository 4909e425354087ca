import type { Origin } from '../call.ts';
import { RateLimited } from '../errors.ts';
import type { AccountQueue } from './account-queue.ts';
import type { Pauses } from './pauses.ts';
import type { Shared } from './shared.ts';
import type { Turn } from './turn.ts';

interface Wait {
  readonly ms: number;
  /** Whether the caller's own quota, not the key's, is what the call waits for longest. */
  readonly isOfCaller: boolean;
}

/** Refuses waiting calls of an account that cannot start in time, and says when to come back. */
export class LateCalls {
  readonly #queue: AccountQueue;
  readonly #pauses: Pauses;
  readonly #shared: Shared;
  /** Operations of which a read was refused, and until when their further reads are refused if they have to wait. */
  readonly #refused = new WeakMap<Origin, { readonly until: number; readonly wait: Wait }>();

  constructor(queue: AccountQueue, pauses: Pauses, shared: Shared) {
    this.#queue = queue;
    this.#pauses = pauses;
    this.#shared = shared;
  }

  /**
   * The refusal of a new call in the queue if too many wait, or if it cannot start in time; undefined: it waits. A read that
   * cannot start in time takes the waiting reads of its operation along, and the next reads: their permits would be spent on
   * half of an answer.
   */
  refusalOfNew(call: Turn): RateLimited | undefined {
    if (this.#queue.isFullFor(call)) return this.refusalOf(call);
    if (call.isInBackground) return undefined;
    const now = this.#shared.clock.now();
    const { origin } = call.call;
    const leftMs = Math.max(0, call.startBy - now);
    const wait = this.#longestWait(call, leftMs);
    if (call.isWrite) return wait.ms > leftMs ? refusal(call, wait) : undefined;
    if (wait.ms <= leftMs) {
      const before = this.#refused.get(origin);
      return before && before.until > now
        ? refusal(call, { ...before.wait, ms: before.until - now })
        : undefined;
    }
    this.#refused.set(origin, { until: now + wait.ms, wait });
    for (const other of this.#queue.lineOf(call).all())
      if (other !== call && !other.isWrite) other.fail(refusal(other, wait));
    return refusal(call, wait);
  }

  refusalOf(call: Turn): RateLimited {
    return refusal(call, this.#longestWait(call, 0));
  }

  /** Fails the waiting calls to an endpoint that cannot start before the end of its pause. */
  refuseDuringPause(endpoint: string): void {
    const until = this.#shared.clock.now() + this.#pauses.leftMs(endpoint);
    for (const call of this.#queue.all())
      if (call.call.endpoint === endpoint && call.startBy < until) call.fail(this.refusalOf(call));
  }

  /** How long the call has to wait for permits, and at least `leastMs`. */
  #longestWait(call: Turn, leastMs: number): Wait {
    const { total, unaccepted, queue } = this.#shared;
    let longest: Wait = {
      ms: Math.max(leastMs, this.#pauses.leftMs(call.call.endpoint)),
      isOfCaller: false,
    };
    for (const pool of call.pools) {
      // Most calls are in time even behind all that wait. Counting the calls before them takes longer.
      if (pool.waitMs(pool.waiting) <= longest.ms) continue;
      const root = pool === total ? queue : pool === unaccepted.pool ? unaccepted.line : this.#queue;
      const before = call.isInBackground ? pool.waiting : this.#queue.lineOf(call).aheadOfLast(root);
      const ms = pool.waitMs(Math.min(pool.waiting, before));
      if (ms > longest.ms) longest = { ms, isOfCaller: pool.isOfCaller };
    }
    return longest;
  }
}

function refusal({ call }: Turn, { ms, isOfCaller }: Wait): RateLimited {
  return new RateLimited(call, Math.max(1, Math.ceil(ms)), { byApi: false, isOfCaller });
}
