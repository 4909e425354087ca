import type { CacheEntries, CacheEntry } from '../../state/cache-entries.ts';
import type { MaybePromise } from '../../state/maybe-promise.ts';
import { createBoundedCache } from '../../state/memory.ts';
import type { Answer, Call, Source, WhyAsked } from '../call.ts';
import type { Clock } from '../clock.ts';
import { allowsOlderAnswer } from '../errors.ts';
import type { Interceptor, Send } from '../step.ts';
import { Usage } from '../usage.ts';

interface CacheOptions {
  /** An answer younger than this is as good as another call, in ms; 0: no answer is. */
  readonly freshMs: number;
  /** `freshMs` for endpoints with their own time, by its name. */
  readonly freshMsFor: Readonly<Record<string, number | undefined>>;
  /** An answer younger than this is better than an error or waiting for a permit, in ms. */
  readonly staleMs: number;
  readonly entries: CacheEntries;
  readonly clock: Clock;
  /** Whether no write has touched a read's resource since the read began. */
  readonly isCurrent: <T>(call: Call<T>) => MaybePromise<boolean>;
  readonly hasRoom: <T>(call: Call<T>) => boolean;
  readonly isFailing: <T>(call: Call<T>) => boolean;
}

/** When an answer that another process has filled is served. For a step of a store that processes share. */
export interface ServePolicy {
  /** How long an answer to the call is as good as another call, in ms. */
  freshMsOf(call: Call<unknown>): number;
  /** How long an answer to the call is kept, in ms. */
  keptMsOf(call: Call<unknown>): number;
  /** Whether an earlier answer will do. A poll needs the current state. */
  mayBeOlder(call: Call<unknown>): boolean;
  serve<T>(entry: CacheEntry, source: Source): Answer<T>;
}

/** How many reads are remembered with the key of their last answer. */
const MAX_LAST_KEPT = 10_000;

/**
 * Serves reads from earlier answers (RFC 9111, RFC 5861). A fresh entry is served at once. An older entry is served if
 * the quota has no room or the API is failing (stale-while-revalidate). An older entry also replaces the error of a
 * failed call (stale-if-error). The key of an entry holds the generation, so reads after a write find no older entry.
 */
export function createCache(options: CacheOptions) {
  const { freshMs, freshMsFor, staleMs, entries, clock } = options;
  const { isCurrent, hasRoom, isFailing } = options;
  /** Whether any answer is ever kept. */
  const keepsAnswers = Math.max(freshMs, staleMs, ...Object.values(freshMsFor).map((ms = 0) => ms)) > 0;
  const freshMsOf = ({ freshFor }: Call<unknown>) => freshMsFor[freshFor] ?? freshMs;
  const keptMsOf = (call: Call<unknown>) => Math.max(freshMsOf(call), staleMs);
  /** The last answer to each read, to know whether a write has made it old. */
  const lastKept = createBoundedCache<{ readonly key: string; readonly until: number }>(MAX_LAST_KEPT);
  /** The keys of the revalidations under way. */
  const revalidations = new Set<string>();

  const serve = <T>({ value, bytes, ageMs }: CacheEntry, source: Source): Answer<T> => ({
    value: value as T,
    bytes,
    sentAt: clock.now() - ageMs,
    source,
    ageMs,
  });

  const isBetterThanCall = <T>(call: Call<T>, { ageMs }: CacheEntry) =>
    !call.background && ageMs < staleMs && (isFailing(call) || !hasRoom(call));

  /** Serves an older entry in place of a failure (stale-if-error). */
  const serveInstead = async <T>(call: Call<T>, entry: CacheEntry, askedAt: number, failure: unknown) => {
    const ageMs = clock.now() - askedAt;
    if (ageMs >= staleMs || !allowsOlderAnswer(failure) || !(await isCurrent(call))) throw failure;
    return serve<T>({ ...entry, ageMs }, 'stale');
  };

  /** Keeps the answer. A write in between changes the key, so the entry is never read. */
  const fetch = <T>(next: Send, call: Call<T>, usage: Usage, entry?: CacheEntry) => {
    const askedAt = entry && clock.now() - entry.ageMs;
    return next(call, usage).then(
      (answer) => {
        const { value, bytes, sentAt } = answer;
        const now = clock.now();
        const ageMs = now - sentAt;
        const ttlMs = keptMsOf(call) - ageMs;
        entries.set(call.key, { value, bytes, ageMs }, ttlMs);
        lastKept.set(nameOf(call), { key: call.key, until: now + ttlMs });
        return answer;
      },
      (failure) => {
        if (!entry || askedAt === undefined) throw failure;
        return serveInstead(call, entry, askedAt, failure);
      },
    );
  };

  const revalidate = <T>(next: Send, call: Call<T>) => {
    const { key } = call;
    if (revalidations.has(key)) return;
    revalidations.add(key);
    const forget = () => void revalidations.delete(key);
    const deadline = clock.now() + staleMs;
    const renewal = { ...call, deadline, signal: undefined, background: 'revalidation' as const };
    // Drops a failure, since no client waits. The next read tries again.
    fetch(next, renewal, new Usage()).then(forget, forget);
  };

  const readOwn = <T>(next: Send, call: Call<T>, usage: Usage, entry: CacheEntry) => {
    // Where other processes may have written unnoticed, no entry counts as fresh.
    if (entry.ageMs < freshMsOf(call))
      return Promise.resolve(serve<T>(entry, call.isAlone ? 'stale' : 'fresh'));
    if (!isBetterThanCall(call, entry)) return fetch(next, call, usage, entry);
    revalidate(next, call);
    return Promise.resolve(serve<T>(entry, 'stale'));
  };

  /** Whether an earlier answer will do. A poll needs the current state. */
  const mayBeOlder = <T>(call: Call<T>) => !call.isUnshared && call.background !== 'poll';

  const step: Interceptor = (next) => {
    if (!keepsAnswers) return next;
    return (call, usage) => {
      // A write that may still be carried out would make any entry old.
      if (call.kind === 'write' || call.isInDoubt) return next(call, usage);
      const entry = mayBeOlder(call) ? entries.get(call.key) : undefined;
      return entry ? readOwn(next, call, usage, entry) : fetch(next, call, usage);
    };
  };
  const policy: ServePolicy = { freshMsOf, keptMsOf, mayBeOlder, serve };
  /** An answer in this process that is as good as a call; undefined: none is known at once. */
  const freshAnswer = (call: Call<unknown>): Answer<unknown> | undefined => {
    if (!keepsAnswers || call.isInDoubt || call.isAlone || !mayBeOlder(call)) return undefined;
    const entry = entries.get(call.key);
    if (!entry || entry.ageMs >= freshMsOf(call)) return undefined;
    return serve(entry, 'fresh');
  };

  /** Why a call asks the API if it does. With Redis, only the entries in this process are looked up. */
  const whyAsked = (call: Call<unknown>): WhyAsked => {
    if (!keepsAnswers || call.kind === 'write' || !mayBeOlder(call)) return 'bypass';
    if (call.isInDoubt) return 'written';
    if (entries.get(call.key)) return 'expired';
    const last = lastKept.get(nameOf(call));
    return last && last.key !== call.key && clock.now() < last.until ? 'written' : 'miss';
  };

  return { step, policy, freshAnswer, whyAsked };
}

/** Identifies a read without the generations of its resources. */
function nameOf({ origin, method, path, body }: Call<unknown>): string {
  return `${origin.account} ${method} ${path} ${body ?? ''}`;
}
