import type { Clock } from '../../base/clock.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { CacheEntries, CacheEntry } from '../../state/cache-entries.ts';
import { type Answer, type Call, type Source, versionOf } from '../call.ts';
import { allowsOlderAnswer } from '../errors.ts';
import type { Interceptor, Send } from '../step.ts';
import { Usage } from '../usage.ts';
import { noted } from './sources.ts';

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
  serve<T>(entry: CacheEntry, source: Source): Answer<T>;
}

/**
 * Serves reads from earlier answers (RFC 9111, RFC 5861). A fresh entry is served at once. An older entry is served if
 * the quota has no room or the API is failing (stale-while-revalidate). An older entry also replaces the error of a
 * failed call (stale-if-error). A read after a write has another generation, so an older entry is not served.
 */
export function createCache(options: CacheOptions) {
  const { freshMs, freshMsFor, staleMs, entries, clock } = options;
  const { isCurrent, hasRoom, isFailing } = options;
  const freshMsOf = ({ notes, rules }: Call<unknown>) =>
    notes.maxAgeMs ?? freshMsFor[rules.freshFor] ?? freshMs;
  const keptMsOf = (call: Call<unknown>) =>
    Math.max(freshMsOf(call), freshMsFor[call.rules.freshFor] ?? freshMs, staleMs);
  /** The generations and names of the reads that are renewed now. */
  const revalidations = new Set<string>();

  const serve = <T>({ value, bytes, ageMs }: CacheEntry, source: Source): Answer<T> => ({
    value: value as T,
    bytes,
    sentAt: clock.now() - ageMs,
    source,
    ageMs,
  });

  const isBetterThanCall = <T>(call: Call<T>, { ageMs }: CacheEntry) =>
    !call.notes.background && ageMs < staleMs && (isFailing(call) || !hasRoom(call));

  /** Serves an older entry in place of a failure (stale-if-error). */
  const serveInstead = async <T>(call: Call<T>, entry: CacheEntry, askedAt: number, failure: unknown) => {
    const ageMs = clock.now() - askedAt;
    // A poll shows no older state than it knows.
    const mayServe = call.notes.maxAgeMs === undefined && ageMs < staleMs && allowsOlderAnswer(failure);
    if (!mayServe || !(await isCurrent(call))) throw failure;
    return serve<T>({ ...entry, ageMs }, 'stale');
  };

  /** Keeps the answer. A write in between changes the generation of later reads, so the entry is not served. */
  const fetch = <T>(next: Send, call: Call<T>, usage: Usage, entry?: CacheEntry) => {
    const askedAt = entry && clock.now() - entry.ageMs;
    return next(call, usage).then(
      (answer) => {
        const { value, bytes, sentAt } = answer;
        const ageMs = clock.now() - sentAt;
        entries.set(
          call.name,
          { generation: call.notes.generation, value, bytes, ageMs },
          keptMsOf(call) - ageMs,
        );
        return answer;
      },
      (failure) => {
        if (!entry || askedAt === undefined) throw failure;
        return serveInstead(call, entry, askedAt, failure);
      },
    );
  };

  const revalidate = <T>(next: Send, call: Call<T>) => {
    const renewed = versionOf(call);
    if (revalidations.has(renewed)) return;
    revalidations.add(renewed);
    const forget = () => void revalidations.delete(renewed);
    const deadline = clock.now() + staleMs;
    const notes = { ...call.notes, background: 'revalidation' as const };
    const renewal = { ...call, deadline, signal: undefined, notes };
    // Drops a failure, since no client waits. The next read tries again.
    fetch(next, renewal, new Usage()).then(forget, forget);
  };

  const readOwn = <T>(next: Send, call: Call<T>, usage: Usage, entry: CacheEntry) => {
    // Where other processes may have written unnoticed, no entry counts as fresh.
    if (entry.ageMs < freshMsOf(call))
      return Promise.resolve(serve<T>(entry, call.notes.isLost ? 'stale' : 'fresh'));
    if (!isBetterThanCall(call, entry)) return fetch(next, call, usage, entry);
    revalidate(next, call);
    return Promise.resolve(serve<T>(entry, 'stale'));
  };

  const step: Interceptor = (next) => (call, usage) => {
    if (call.kind === 'write' || keptMsOf(call) <= 0) return noted(next(call, usage), call, usage, 'bypass');
    const entry = entries.get(call.name);
    if (entry?.generation === call.notes.generation)
      return noted(readOwn(next, call, usage, entry), call, usage, 'expired');
    return noted(fetch(next, call, usage), call, usage, entry ? 'written' : 'miss');
  };
  const policy: ServePolicy = { freshMsOf, keptMsOf, serve };

  return { step, policy };
}
