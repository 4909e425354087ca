import type { Answer, Call, Send } from './call.ts';
import type { Clock } from './clock.ts';
import { CallFailure, RateLimited } from './failure.ts';
import type { Observed } from './observer.ts';

export interface RetryOptions {
  readonly clock: Clock;
  /** A number from 0 to 1, as `Math.random` gives. */
  readonly random: () => number;
  /** Whether the API is in a state in which trying again makes sense. */
  readonly mayRetry: () => boolean;
  /** Is told of each retry before it begins. */
  readonly onRetry?: ((call: Observed) => void) | undefined;
}

const MAX_RETRIES = 2;
const BASE_DELAY_MS = 100;
/** Retries for each request sent, so that retrying cannot multiply the load on an API in trouble. */
const BUDGET_RATIO = 0.2;
const BUDGET_MAX = 50;

/**
 * Tries again what may work a moment later: reads, and writes that were certainly not executed. Waits with full jitter
 * (any time up to a bound that doubles), spends from a budget, and never past the deadline.
 */
export function createRetry({ clock, random, mayRetry, onRetry }: RetryOptions): (next: Send) => Send {
  let budget = BUDGET_MAX / 2;

  const isWorthIt = (failure: unknown): failure is CallFailure => {
    if (!(failure instanceof CallFailure) || !failure.transient || !mayRetry()) return false;
    if (failure instanceof RateLimited && !failure.byApi) return false;
    return failure.kind === 'read' || failure.executed === 'no';
  };

  /** `ratelimited` waits for its turn in the pace, and costs the API nothing that the quota does not allow. */
  const spend = (failure: CallFailure): boolean => {
    if (failure instanceof RateLimited) return true;
    if (budget < 1) return false;
    budget -= 1;
    return true;
  };

  const deposit = () => {
    budget = Math.min(BUDGET_MAX, budget + BUDGET_RATIO);
  };

  const retry: Retry = async (next, call, first) => {
    let failure = first;
    for (let retries = 0; retries < MAX_RETRIES && isWorthIt(failure); retries += 1) {
      const delayMs = failure instanceof RateLimited ? 0 : random() * BASE_DELAY_MS * 2 ** retries;
      if (clock.now() + delayMs >= call.deadline || call.signal?.aborted || !spend(failure)) break;
      if (delayMs > 0) await new Promise<void>((resolve) => clock.after(delayMs, resolve));
      onRetry?.(call);
      deposit();
      try {
        return await next(call);
      } catch (again) {
        failure = again;
      }
    }
    throw failure;
  };

  return (next) => (call) => {
    deposit();
    return next(call).catch((failure) => retry(next, call, failure));
  };
}

type Retry = <T>(next: Send, call: Call<T>, failure: unknown) => Promise<Answer<T>>;
