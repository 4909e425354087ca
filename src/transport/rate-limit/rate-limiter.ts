import type { MaybePromise } from '../../state/maybe-promise.ts';
import type { Quotas } from '../../state/port.ts';
import type { Call } from '../call.ts';
import type { Clock } from '../clock.ts';
import type { CallFailure } from '../errors.ts';
import type { Progress } from '../progress.ts';
import { AccountLimiter } from './account-limiter.ts';
import { createArrivals } from './arrival.ts';
import type { Permit } from './permit.ts';

export interface RateLimiterOptions {
  /** Requests in any sliding second for one API key; 0: no limit, only pauses that the API asks for. */
  readonly rate: number;
  readonly clock: Clock;
  readonly quotas: Quotas;
}

export interface RateLimiter {
  /** What a call needs to be sent, at once if it may. @throws RateLimited when it cannot start in time; ClientLeft. */
  acquire<T>(call: Call<T>, progress: Progress): MaybePromise<Permit>;
  /** Whether a call could start at this moment and leave places for others. */
  hasRoom<T>(call: Call<T>): boolean;
  /** Ends the wait of all that wait. */
  rejectQueued(failureFor: (call: Call<unknown>) => CallFailure): void;
}

const SWEEP_AT = 1_000;

/** Calls start no faster than the quota of their key allows. */
export function createRateLimiter({ rate, clock, quotas }: RateLimiterOptions): RateLimiter {
  const accounts = new Map<string, AccountLimiter>();
  const arrivedBy = createArrivals(clock);
  const options = { rate: rate > 0 ? rate : Number.POSITIVE_INFINITY, clock, quotas, arrivedBy };
  let sweepAt = SWEEP_AT;

  const accountOf = (name: string): AccountLimiter => {
    let account = accounts.get(name);
    if (!account) {
      if (accounts.size >= sweepAt) sweep();
      account = new AccountLimiter(name, options);
      accounts.set(name, account);
    }
    return account;
  };

  const sweep = () => {
    for (const [name, account] of accounts) if (account.isIdle()) accounts.delete(name);
    sweepAt = Math.max(SWEEP_AT, accounts.size * 2);
  };

  return {
    acquire: (call, progress) => accountOf(call.origin.account).acquire(call, progress),
    hasRoom: (call) => accounts.get(call.origin.account)?.hasRoom(call) ?? true,
    rejectQueued(failureFor) {
      for (const account of accounts.values()) account.rejectQueued(failureFor);
    },
  };
}
