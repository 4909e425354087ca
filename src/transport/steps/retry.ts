import { createBoundedCache } from '../../state/memory.ts';
import type { Call } from '../call.ts';
import type { Clock } from '../clock.ts';
import { CallFailure, RateLimited } from '../errors.ts';
import { type KnownAccounts, MAX_KNOWN } from '../known-accounts.ts';
import type { Interceptor, Send } from '../step.ts';
import type { Usage } from '../usage.ts';

interface RetryOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly mayRetry: <T>(call: Call<T>) => boolean;
  readonly known: KnownAccounts;
}

const MAX_RETRIES = 2;
const BASE_DELAY_MS = 100;
const MOST_SAVED = 50;
const SAVED_AT_FIRST = 25;

/** Each request earns a fifth of a retry, so that retries cannot multiply the load on an API in trouble. */
class Budget {
  #retries = SAVED_AT_FIRST;

  earn(): void {
    this.#retries = Math.min(MOST_SAVED, this.#retries + 0.2);
  }

  /** @returns whether a retry was left */
  spend(): boolean {
    if (this.#retries < 1) return false;
    this.#retries -= 1;
    return true;
  }
}

/**
 * Retries reads, and writes that were certainly not executed. Full jitter: waits a random time up to a bound that
 * doubles. Spends from a budget of the account, and never retries past the deadline.
 */
export function retry({ clock, random, mayRetry, known }: RetryOptions): Interceptor {
  const budgets = createBoundedCache<Budget>(MAX_KNOWN);

  const budgetOf = (account: string): Budget => {
    // All unknown keys share a budget, because a client can make up any number of keys.
    const name = known.has(account) ? account : 'unknown';
    const given = budgets.get(name);
    if (given) return given;
    const budget = new Budget();
    budgets.set(name, budget);
    return budget;
  };

  const isWorthIt = (failure: unknown): failure is CallFailure => {
    if (!(failure instanceof CallFailure) || !failure.transient) return false;
    if (failure instanceof RateLimited && !failure.byApi) return false;
    return failure.kind === 'read' || failure.executed === 'no';
  };

  const tryAgain = async <T>(next: Send, call: Call<T>, usage: Usage, budget: Budget, why: unknown) => {
    let failure = why;
    for (let retries = 0; retries < MAX_RETRIES && isWorthIt(failure) && mayRetry(call); retries += 1) {
      // A `ratelimited` call waits in the queue, and the quota bounds its load.
      const isFree = failure instanceof RateLimited;
      const delayMs = isFree ? 0 : random() * BASE_DELAY_MS * 2 ** retries;
      if (clock.now() + delayMs >= call.deadline || call.signal?.aborted) break;
      if (!isFree && !budget.spend()) break;
      if (delayMs > 0) await new Promise<void>((resolve) => clock.after(delayMs, resolve));
      if (!mayRetry(call)) break;
      budget.earn();
      try {
        return await next({ ...call, isRetry: true }, usage);
      } catch (again) {
        failure = again;
      }
    }
    throw failure;
  };

  return (next) => (call, usage) => {
    const budget = budgetOf(call.origin.account);
    budget.earn();
    if (call.isSentOnce) return next(call, usage);
    return next(call, usage).catch((failure) => tryAgain(next, call, usage, budget, failure));
  };
}
