import type { Answer, Call, Renewal, Send } from './call.ts';
import type { Changes } from './changes.ts';
import type { Clock } from './clock.ts';
import type { Copies } from './copies.ts';
import { CallFailure, TimedOut } from './failure.ts';

export interface FreshOptions {
  /** A copy younger than this is as good as a call, in ms; 0: none is. */
  readonly freshMs: number;
  /** A copy younger than this is better than waiting for a place in the quota or than an error, in ms. */
  readonly staleMs: number;
  readonly copies: Copies;
  readonly changes: Changes;
  readonly clock: Clock;
  readonly nameOf: <T>(call: Call<T>) => string;
  /** Whether a call could start at this moment. */
  readonly hasRoom: <T>(call: Call<T>) => boolean;
  /** Whether the API is known to be in trouble. */
  readonly isFailing: () => boolean;
}

/**
 * Serves reads from copies of earlier answers. A young copy is served as it is; an older one only when the quota has no
 * room or the API is failing, and then it is counted as stale and renewed in the background. Copies are kept by name,
 * and the name holds the number of the last write: a write leaves the copies before it behind.
 */
export function createFresh(options: FreshOptions): (next: Send) => Send {
  const { freshMs, staleMs, copies, changes, clock, nameOf, hasRoom, isFailing } = options;
  const keepMs = Math.max(freshMs, staleMs);
  if (keepMs === 0) return (next) => next;

  const serve = <T>(call: Call<T>, copy: Answer<unknown>, kind: 'fresh' | 'stale'): Answer<T> => {
    const { tally } = call.origin;
    tally[kind] += 1;
    call.onServed?.(kind);
    if (kind === 'stale') tally.oldestMs = Math.max(tally.oldestMs, clock.now() - copy.sentAt);
    return copy as Answer<T>;
  };

  return (next) => {
    const fetch = async <T>(call: Call<T>, name: string): Promise<Answer<T>> => {
      const answer = await next(call);
      // Under the name from before the call: if a write came between, nobody will ask for it.
      if (!changes.isUnsettled(call.resource))
        copies.set(name, answer, keepMs - (clock.now() - answer.sentAt));
      return answer;
    };

    const renewals = new Map<string, Renewal>();
    const renew = <T>(call: Call<T>, name: string, servedAgeMs: number) => {
      const existing = renewals.get(name);
      if (existing) {
        existing.servedAgeMs += servedAgeMs;
        return;
      }
      const rank: Renewal = { isWanted: false, onWanted() {}, servedAgeMs };
      renewals.set(name, rank);
      const renewal: Call<T> = {
        ...call,
        origin: { ...call.origin, tally: { ...call.origin.tally } },
        deadline: clock.now() + staleMs,
        signal: undefined,
        renewal: rank,
      };
      // A renewal that fails has nobody to tell; the next read tries again.
      fetch(renewal, name)
        .catch(() => {})
        .finally(() => renewals.delete(name));
    };

    return async (call) => {
      if (call.kind === 'write') return next(call);
      const name = nameOf(call);
      const copy = copies.get(name);
      if (!copy || changes.isUnsettled(call.resource)) return fetch(call, name);
      const ageMs = clock.now() - copy.sentAt;
      if (ageMs < freshMs) return serve(call, copy, 'fresh');
      if (ageMs >= staleMs) return fetch(call, name);
      if (isFailing() || !hasRoom(call)) {
        renew(call, name, ageMs);
        return serve(call, copy, 'stale');
      }
      try {
        return await fetch(call, name);
      } catch (failure) {
        const isStillGood = name === nameOf(call) && clock.now() - copy.sentAt < staleMs;
        if (isStillGood && isPassing(failure)) return serve(call, copy, 'stale');
        throw failure;
      }
    };
  };
}

/** Whether a failure is of the API or the quota, not an answer: then an older copy says more than the error. */
function isPassing(failure: unknown): boolean {
  if (!(failure instanceof CallFailure)) return false;
  return failure.transient || failure.unhealthy || failure instanceof TimedOut;
}
