import type { MaybePromise } from '../../state/maybe-promise.ts';
import type { Quotas } from '../../state/port.ts';
import { Accounts } from '../accounts.ts';
import type { Call } from '../call.ts';
import type { Clock } from '../clock.ts';
import type { CallFailure } from '../errors.ts';
import type { KnownAccounts } from '../known-accounts.ts';
import type { Progress } from '../progress.ts';
import { AccountLimiter } from './account-limiter.ts';
import { createArrivals } from './arrival.ts';
import type { Permit } from './permit.ts';

export interface RateLimiterOptions {
  /** Requests in any sliding second for one API key; 0: no limit, only pauses that the API asks for. */
  readonly rate: number;
  readonly clock: Clock;
  readonly quotas: Quotas;
  /** Whose key the API has accepted; with none given, no key is asked for more than its quota. */
  readonly known?: KnownAccounts | undefined;
}

export interface RateLimiter {
  /** What a call needs to be sent, at once if it may. @throws RateLimited when it cannot start in time; ClientLeft. */
  acquire<T>(call: Call<T>, progress: Progress): MaybePromise<Permit>;
  /** Whether a call could start at this moment and leave places for others. */
  hasRoom<T>(call: Call<T>): boolean;
  /** Ends the wait of all calls of an account. */
  rejectQueued(account: string, failureFor: (call: Call<unknown>) => CallFailure): void;
}

/** Calls start no faster than the quota of their key allows. */
export function createRateLimiter({ rate, clock, quotas, known }: RateLimiterOptions): RateLimiter {
  const arrivedBy = createArrivals(clock);
  const options = { rate: rate > 0 ? rate : Number.POSITIVE_INFINITY, clock, quotas, arrivedBy, known };
  const accounts = new Accounts((account) => new AccountLimiter(account, options));
  return {
    acquire: (call, progress) => accounts.of(call.origin.account).acquire(call, progress),
    hasRoom: (call) => accounts.get(call.origin.account)?.hasRoom(call) ?? true,
    rejectQueued: (account, failureFor) => accounts.get(account)?.rejectQueued(failureFor),
  };
}
