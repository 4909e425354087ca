import { type Clock, wait } from '../../base/clock.ts';
import type { Call } from '../call.ts';
import { CallFailure, RateLimited } from '../errors.ts';
import type { Interceptor } from '../step.ts';

interface RetryOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly mayRetry: (call: Call<unknown>) => boolean;
}

const MAX_RETRIES = 2;
const BASE_DELAY_MS = 100;

/**
 * Sends a read again, or a write that was certainly not executed, at most twice and never past the deadline. Full jitter: waits a
 * random time up to a bound that doubles. A call that LuaAuth refused as `ratelimited` waits for its turn instead.
 */
export function retry({ clock, random, mayRetry }: RetryOptions): Interceptor {
  return (next) => async (call, usage) => {
    for (let retries = 0; ; retries += 1) {
      try {
        return await next(retries === 0 ? call : { ...call, notes: { ...call.notes, isRetry: true } }, usage);
      } catch (failure) {
        if (retries === MAX_RETRIES || call.rules.isSentOnce || !isWorthRetry(failure)) throw failure;
        const delayMs = failure instanceof RateLimited ? 0 : random() * BASE_DELAY_MS * 2 ** retries;
        if (clock.now() + delayMs >= call.deadline || call.signal?.aborted || !mayRetry(call)) throw failure;
        if (delayMs > 0) await wait(clock, delayMs);
        if (!mayRetry(call)) throw failure;
      }
    }
  };
}

function isWorthRetry(failure: unknown): boolean {
  if (!(failure instanceof CallFailure) || !failure.transient) return false;
  if (failure instanceof RateLimited && !failure.byApi) return false;
  return failure.kind === 'read' || failure.executed === 'no';
}
