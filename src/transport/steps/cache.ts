import type { MaybePromise } from '../../state/maybe-promise.ts';
import type { CacheEntries, CacheEntry, Coordination, Lease, Lookup, SharedCache } from '../../state/port.ts';
import type { About, Answer, Call, Progress, Send, Source } from '../call.ts';
import type { Clock } from '../clock.ts';
import { allowsOlderAnswer } from '../errors.ts';

interface CacheOptions {
  /** An answer younger than this is as good as another call, in ms; 0: no answer is. */
  readonly freshMs: number;
  /** `freshMs` for endpoints with their own time, by its name. */
  readonly freshMsFor: Readonly<Record<string, number | undefined>>;
  /** An answer younger than this is better than an error or waiting for a permit, in ms. */
  readonly staleMs: number;
  readonly entries: CacheEntries;
  /** The entries that all processes share; undefined: there is no other process. */
  readonly shared: SharedCache | undefined;
  readonly clock: Clock;
  /** Whether no write has touched a read's resource since the read began. */
  readonly isCurrent: <T>(call: Call<T>) => MaybePromise<boolean>;
  readonly hasRoom: <T>(call: Call<T>) => boolean;
  readonly isFailing: <T>(call: Call<T>) => boolean;
  /** Gives the current partition from other processes; undefined: there is no other process. */
  readonly coordination: Pick<Coordination, 'partition'> | undefined;
  readonly inBackground: (about: About) => Progress;
}

const FIRST_WAIT_MS = 4;
const LONGEST_WAIT_MS = 200;
const WAIT_GROWTH = 1.5;

function turnOf({ origin, revalidation }: Call<unknown>): Lookup['turn'] {
  if (revalidation) return 'last';
  return origin.callerRate === undefined ? 'usual' : 'limited';
}

/**
 * Serves reads from earlier answers (RFC 9111, RFC 5861). A fresh entry is served at once. An older entry is served if
 * the quota has no room or the API is failing (stale-while-revalidate). An older entry also replaces the error of a
 * failed call (stale-if-error). The key of an entry holds the generation, so reads after a write find no older entry.
 * Between the two tiers, calls of one key become one.
 */
export function createCache(options: CacheOptions) {
  const { freshMs, freshMsFor, staleMs, entries, shared, clock } = options;
  const { isCurrent, hasRoom, isFailing, coordination, inBackground } = options;
  /** Whether any answer is ever kept. */
  const keepsAnswers = Math.max(freshMs, staleMs, ...Object.values(freshMsFor).map((ms = 0) => ms)) > 0;
  const freshMsOf = ({ freshFor }: Call<unknown>) => freshMsFor[freshFor] ?? freshMs;
  /** Revalidations under way, by key. An object, because the old tables of a busy Map keep each other alive in V8. */
  const revalidations: Record<string, { servedAgeMs: number } | undefined> = Object.create(null);

  const serve = <T>({ value, bytes, ageMs }: CacheEntry, source: Source): Answer<T> => ({
    value: value as T,
    bytes,
    sentAt: clock.now() - ageMs,
    source,
    ageMs,
  });

  const isBetterThanCall = <T>(call: Call<T>, { ageMs }: CacheEntry) =>
    !call.revalidation && ageMs < staleMs && (isFailing(call) || !hasRoom(call));

  /** Serves an older entry in place of a failure (stale-if-error). */
  const serveInstead = async <T>(call: Call<T>, entry: CacheEntry, askedAt: number, failure: unknown) => {
    const ageMs = clock.now() - askedAt;
    if (ageMs >= staleMs || !allowsOlderAnswer(failure) || !(await isCurrent(call))) throw failure;
    return serve<T>({ ...entry, ageMs }, 'stale');
  };

  /** Stores the answer in the tier that gave the lease. A write in between changes the key, so the entry is never read. */
  const fetch = <T>(next: Send, call: Call<T>, progress: Progress, entry?: CacheEntry, lease?: Lease) => {
    const askedAt = entry && clock.now() - entry.ageMs;
    return next(call, progress).then(
      (answer) => {
        const { value, bytes, sentAt } = answer;
        const ageMs = clock.now() - sentAt;
        const ttlMs = Math.max(freshMsOf(call), staleMs) - ageMs;
        const made = { value, bytes, ageMs };
        if (lease) lease.fill(made, ttlMs);
        else if (call.partition === (coordination?.partition ?? 0)) void entries.set(call.key, made, ttlMs);
        return answer;
      },
      (failure) => {
        lease?.release();
        if (!entry || askedAt === undefined) throw failure;
        return serveInstead(call, entry, askedAt, failure);
      },
    );
  };

  const revalidate = <T>(next: Send, call: Call<T>, servedAgeMs: number) => {
    const { key } = call;
    const underWay = revalidations[key];
    if (underWay) {
      underWay.servedAgeMs += servedAgeMs;
      return;
    }
    const revalidation = { servedAgeMs };
    revalidations[key] = revalidation;
    const forget = () => {
      delete revalidations[key];
    };
    const background = { ...call, deadline: clock.now() + staleMs, signal: undefined, revalidation };
    // Drops a failure, since no client waits. The next read tries again.
    fetch(next, background, inBackground(call)).then(forget, forget);
  };

  const readOwn = <T>(next: Send, call: Call<T>, progress: Progress, entry: CacheEntry) => {
    // During a partition, other processes may have written, so no entry counts as fresh.
    if (entry.ageMs < freshMsOf(call))
      return Promise.resolve(serve<T>(entry, call.partition > 0 ? 'stale' : 'fresh'));
    if (!isBetterThanCall(call, entry)) return fetch(next, call, progress, entry);
    revalidate(next, call, Math.round(entry.ageMs));
    return Promise.resolve(serve<T>(entry, 'stale'));
  };

  /** Serves an entry of another process, or waits for its call. Without either, makes the call for all processes. */
  const readShared = async <T>(tier: SharedCache, next: Send, call: Call<T>, progress: Progress) => {
    const lookup = { freshMs: freshMsOf(call), turn: turnOf(call) };
    let since: string | undefined;
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(LONGEST_WAIT_MS, waitMs * WAIT_GROWTH)) {
      const result = await tier.lookUp(call.origin.account, call.key, { ...lookup, since });
      const { entry, lease } = result;
      if (entry && result.isFreshEnough) return serve<T>(entry, since === undefined ? 'fresh' : 'shared');
      if (entry && isBetterThanCall(call, entry)) {
        lease?.release();
        return serve<T>(entry, 'stale');
      }
      if (lease) return fetch(next, call, progress, entry, lease);
      since ??= result.seen;
      const leftMs = call.deadline - clock.now();
      // The next step fails with the reason.
      if (leftMs <= 0 || call.signal?.aborted) return next(call, progress);
      await new Promise<void>((resolve) => clock.after(Math.min(waitMs, leftMs), resolve));
    }
  };

  /** Whether an earlier answer will do. A poll needs the current state. */
  const mayBeOlder = <T>(call: Call<T>) => !call.isUnshared && !call.revalidation?.isPoll;

  return {
    ownTier: (next: Send): Send => {
      if (!keepsAnswers) return next;
      return (call, progress) => {
        // A write that may still be carried out would make any entry old.
        if (call.kind === 'write' || call.isInDoubt) return next(call, progress);
        const entry = mayBeOlder(call) ? entries.get(call.key) : undefined;
        if (!entry) return fetch(next, call, progress);
        if (!(entry instanceof Promise)) return readOwn(next, call, progress, entry);
        return entry.then((known) =>
          known ? readOwn(next, call, progress, known) : fetch(next, call, progress),
        );
      };
    },
    sharedTier: (next: Send): Send => {
      if (!shared) return next;
      return (call, progress) => {
        // While other processes may write unnoticed, the shared tier neither serves nor keeps answers.
        const usesStore = call.kind === 'read' && !call.isInDoubt && call.partition === 0;
        return usesStore && mayBeOlder(call) && freshMsOf(call) > 0
          ? readShared(shared, next, call, progress)
          : next(call, progress);
      };
    },
  };
}
