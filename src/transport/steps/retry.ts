import { type AccountRecord, Accounts, type KnownAccounts } from '../accounts.ts';
import type { Call, Interceptor, Progress, Send } from '../call.ts';
import type { Clock } from '../clock.ts';
import { CallFailure, RateLimited } from '../errors.ts';

interface RetryOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly mayRetry: <T>(call: Call<T>) => boolean;
  readonly known: KnownAccounts;
}

const MAX_RETRIES = 2;
const BASE_DELAY_MS = 100;
/** Number of requests that earn a retry, so that retries cannot multiply the load on an API in trouble. */
const REQUESTS_PER_RETRY = 5;
const BUDGET_MAX = 50 * REQUESTS_PER_RETRY;

class Budget implements AccountRecord {
  left = BUDGET_MAX / 2;
  isIdle = () => this.left >= BUDGET_MAX / 2;
}

/**
 * Retries reads, and writes that were certainly not executed. Full jitter: waits a random time up to a bound that
 * doubles. Spends from a budget of the account, and never retries past the deadline.
 */
export function retry({ clock, random, mayRetry, known }: RetryOptions): Interceptor {
  const budgets = new Accounts(() => new Budget());

  const isWorthIt = (failure: unknown): failure is CallFailure => {
    if (!(failure instanceof CallFailure) || !failure.transient) return false;
    if (failure instanceof RateLimited && !failure.byApi) return false;
    return failure.kind === 'read' || failure.executed === 'no';
  };

  /** A `ratelimited` call spends nothing: it waits in the queue, and the quota bounds its load. */
  const spend = (failure: CallFailure, budget: Budget): boolean => {
    if (failure instanceof RateLimited) return true;
    if (budget.left < REQUESTS_PER_RETRY) return false;
    budget.left = Math.min(BUDGET_MAX, budget.left) - REQUESTS_PER_RETRY;
    return true;
  };

  const tryAgain = async <T>(next: Send, call: Call<T>, progress: Progress, budget: Budget, why: unknown) => {
    let failure = why;
    for (let retries = 0; retries < MAX_RETRIES && isWorthIt(failure) && mayRetry(call); retries += 1) {
      const delayMs = failure instanceof RateLimited ? 0 : random() * BASE_DELAY_MS * 2 ** retries;
      if (clock.now() + delayMs >= call.deadline || call.signal?.aborted || !spend(failure, budget)) break;
      if (delayMs > 0) await new Promise<void>((resolve) => clock.after(delayMs, resolve));
      if (!mayRetry(call)) break;
      budget.left += 1;
      try {
        return await next(call, progress);
      } catch (again) {
        failure = again;
      }
    }
    throw failure;
  };

  return (next) => (call, progress) => {
    // All unknown keys share a budget, because a client can make up any number of keys.
    const name = known.has(call.origin.account) ? call.origin.account : 'unknown';
    const budget = budgets.get(name) ?? budgets.add(name);
    budget.left += 1;
    if (call.isSentOnce) return next(call, progress);
    return next(call, progress).catch((failure) => tryAgain(next, call, progress, budget, failure));
  };
}
