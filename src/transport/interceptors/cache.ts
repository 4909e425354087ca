import type { MaybePromise } from '../../state/maybe-promise.ts';
import type { CacheEntries, CacheEntry } from '../../state/port.ts';
import type { About, Answer, Call, Interceptor, Send } from '../call.ts';
import type { Clock } from '../clock.ts';
import { isPassing } from '../errors.ts';
import type { Progress } from '../progress.ts';

export interface CacheOptions {
  /** An answer younger than this is as good as a call, in ms; 0: none is. */
  readonly freshMs: number;
  /** One younger than this is better than waiting for a place in the quota or than an error, in ms. */
  readonly staleMs: number;
  readonly entries: CacheEntries;
  readonly clock: Clock;
  /** Whether no write has touched a read's resource since the read began. */
  readonly isCurrent: <T>(call: Call<T>) => MaybePromise<boolean>;
  /** Whether a call could start at this moment. */
  readonly hasRoom: <T>(call: Call<T>) => boolean;
  /** Whether the API is known to be in trouble. */
  readonly isFailing: <T>(call: Call<T>) => boolean;
  /** The number of the loss of other processes that lasts; 0: none. */
  readonly currentLoss: () => number;
  /** Whom a call tells that belongs to no operation. */
  readonly inBackground: (about: About) => Progress;
}

/**
 * Serves reads from answers to earlier ones (RFC 9111, RFC 5861). A fresh one is served as it is. An older one is served
 * when the quota has no room or the API is failing: stale-while-revalidate, or stale-if-error after a call of its own.
 * Entries are kept by the read's key, which holds the generation: a write leaves those from before it behind.
 */
export function cache(options: CacheOptions): Interceptor {
  if (Math.max(options.freshMs, options.staleMs) === 0) return (next) => next;
  return (next) => {
    const step = new Cache(options, next);
    return (call, progress) => (call.kind === 'write' ? next(call, progress) : step.read(call, progress));
  };
}

class Cache {
  readonly #options: CacheOptions;
  readonly #next: Send;
  /** By key. An object, because the tables of a Map that has many come and go keep each other alive in V8. */
  readonly #revalidations: Record<string, { servedAgeMs: number } | undefined> = Object.create(null);

  constructor(options: CacheOptions, next: Send) {
    this.#options = options;
    this.#next = next;
  }

  read<T>(call: Call<T>, progress: Progress): Promise<Answer<T>> {
    // A write that may be carried out yet would make old whatever is kept.
    if (call.isInDoubt) return this.#next(call, progress);
    if (call.revalidation?.isPoll) return this.#fetch(call, progress);
    const entry = this.#options.entries.get(call.key);
    if (entry instanceof Promise) return entry.then((known) => this.#answer(call, progress, known));
    return this.#answer(call, progress, entry);
  }

  #answer<T>(call: Call<T>, progress: Progress, entry: CacheEntry | undefined): Promise<Answer<T>> {
    const { freshMs, staleMs, isFailing, hasRoom } = this.#options;
    if (!entry) return this.#fetch(call, progress);
    // Without the others nobody knows what is fresh.
    if (entry.ageMs < freshMs) return Promise.resolve(this.#serve(entry, call.loss > 0 ? 'stale' : 'fresh'));
    if (entry.ageMs >= staleMs) return this.#fetch(call, progress);
    if (isFailing(call) || !hasRoom(call)) {
      this.#revalidate(call, entry.ageMs);
      return Promise.resolve(this.#serve(entry, 'stale'));
    }
    return this.#fetchOrServe(call, progress, entry);
  }

  #serve<T>({ value, bytes, ageMs }: CacheEntry, source: 'fresh' | 'stale'): Answer<T> {
    return { value: value as T, bytes, sentAt: this.#options.clock.now() - ageMs, source, ageMs };
  }

  #fetch<T>(call: Call<T>, progress: Progress): Promise<Answer<T>> {
    return this.#next(call, progress).then((answer) => {
      const { entries, clock, freshMs, staleMs, currentLoss } = this.#options;
      const { value, bytes, sentAt } = answer;
      const ageMs = clock.now() - sentAt;
      if (call.loss !== currentLoss()) return answer;
      // If a write came between, nobody will ask for this key.
      void entries.set(call.key, { value, bytes, ageMs }, Math.max(freshMs, staleMs) - ageMs);
      return answer;
    });
  }

  /** stale-if-error */
  async #fetchOrServe<T>(call: Call<T>, progress: Progress, entry: CacheEntry): Promise<Answer<T>> {
    const { clock, staleMs, isCurrent } = this.#options;
    const askedAt = clock.now() - entry.ageMs;
    try {
      return await this.#fetch(call, progress);
    } catch (failure) {
      const ageMs = clock.now() - askedAt;
      if (ageMs >= staleMs || !isPassing(failure) || !(await isCurrent(call))) throw failure;
      return this.#serve({ ...entry, ageMs }, 'stale');
    }
  }

  /** stale-while-revalidate */
  #revalidate<T>(call: Call<T>, servedAgeMs: number): void {
    const { key } = call;
    const underWay = this.#revalidations[key];
    if (underWay) {
      underWay.servedAgeMs += servedAgeMs;
      return;
    }
    const { clock, staleMs, inBackground } = this.#options;
    const revalidation = { servedAgeMs };
    this.#revalidations[key] = revalidation;
    const forget = () => {
      delete this.#revalidations[key];
    };
    const background = { ...call, deadline: clock.now() + staleMs, signal: undefined, revalidation };
    // One that fails has nobody to tell; the next read tries again.
    this.#fetch(background, inBackground(call)).then(forget, forget);
  }
}
