import type { CacheEntry, CopyAnswer, SharedCopies } from '../../state/port.ts';
import type { Answer, Call, Interceptor, Send } from '../call.ts';
import type { Clock } from '../clock.ts';
import { isPassing } from '../errors.ts';
import type { Progress } from '../progress.ts';

export interface SharedCopiesOptions {
  readonly shared: SharedCopies | undefined;
  /** A copy younger than this is as good as a call, in ms; 0: none is, and nothing is shared. */
  readonly freshMs: number;
  /** One younger than this is better than waiting for a place in the quota or than an error, in ms. */
  readonly staleMs: number;
  readonly clock: Clock;
  /** Whether a call could start at this moment. */
  readonly hasRoom: <T>(call: Call<T>) => boolean;
  /** Whether the API is known to be in trouble. */
  readonly isFailing: <T>(call: Call<T>) => boolean;
}

const FIRST_WAIT_MS = 4;
const LONGEST_WAIT_MS = 200;
const WAIT_GROWTH = 1.5;

/**
 * Takes a read's answer from another process: a copy that one has kept, or the call that one makes. One that can have
 * neither makes the call for all.
 */
export function shareCopies(options: SharedCopiesOptions): Interceptor {
  const { shared, freshMs } = options;
  if (!shared || freshMs === 0) return (next) => next;
  return (next) => {
    const step = new Sharing(shared, options, next);
    // While a write is under way, or others may write without this one's knowing, nothing may be served or kept. What is
    // polled is wanted as it is now.
    return (call, progress) =>
      call.kind === 'write' || call.isInDoubt || call.loss > 0 || call.revalidation?.isPoll
        ? next(call, progress)
        : step.read(call, progress);
  };
}

class Sharing {
  readonly #shared: SharedCopies;
  readonly #options: SharedCopiesOptions;
  readonly #next: Send;

  constructor(shared: SharedCopies, options: SharedCopiesOptions, next: Send) {
    this.#shared = shared;
    this.#options = options;
    this.#next = next;
  }

  async read<T>(call: Call<T>, progress: Progress): Promise<Answer<T>> {
    const { freshMs, clock } = this.#options;
    const isBackground = call.revalidation !== undefined;
    let since: number | undefined;
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(LONGEST_WAIT_MS, waitMs * WAIT_GROWTH)) {
      const answer = await this.#shared.ask(call.origin.account, call.key, { freshMs, since, isBackground });
      const { entry } = answer;
      if (entry && answer.isEnough) return this.#serve(entry, since === undefined ? 'fresh' : 'shared');
      if (entry && this.#isBetterThanWaiting(call, entry)) {
        answer.lead?.giveUp();
        return this.#serve(entry, 'stale');
      }
      if (answer.lead) return this.#lead(call, progress, answer);
      since ??= answer.askedAt;
      const leftMs = call.deadline - clock.now();
      // The next step says why it fails.
      if (leftMs <= 0 || call.signal?.aborted) return this.#next(call, progress);
      await new Promise<void>((resolve) => clock.after(Math.min(waitMs, leftMs), resolve));
    }
  }

  async #lead<T>(call: Call<T>, progress: Progress, { entry, lead }: CopyAnswer): Promise<Answer<T>> {
    const { clock, freshMs, staleMs } = this.#options;
    const askedAt = entry && clock.now() - entry.ageMs;
    try {
      const answer = await this.#next(call, progress);
      const { value, bytes, sentAt } = answer;
      const ageMs = clock.now() - sentAt;
      lead?.keep({ value, bytes, ageMs }, Math.max(freshMs, staleMs) - ageMs);
      return answer;
    } catch (failure) {
      lead?.giveUp();
      const ageMs = askedAt === undefined ? Number.POSITIVE_INFINITY : clock.now() - askedAt;
      if (!entry || ageMs >= staleMs || !isPassing(failure)) throw failure;
      return this.#serve({ ...entry, ageMs }, 'stale');
    }
  }

  #isBetterThanWaiting<T>(call: Call<T>, { ageMs }: CacheEntry): boolean {
    const { staleMs, isFailing, hasRoom } = this.#options;
    return !call.revalidation && ageMs < staleMs && (isFailing(call) || !hasRoom(call));
  }

  #serve<T>({ value, bytes, ageMs }: CacheEntry, source: 'fresh' | 'shared' | 'stale'): Answer<T> {
    return { value: value as T, bytes, sentAt: this.#options.clock.now() - ageMs, source, ageMs };
  }
}
