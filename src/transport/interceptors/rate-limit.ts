import type { Interceptor } from '../call.ts';
import type { RateLimiter } from '../rate-limit/rate-limiter.ts';

/** Lets a call go on once it has its permit, which is then told how the request goes on. */
export function limitRate(limiter: RateLimiter): Interceptor {
  return (next) => (call, progress) => {
    const permit = limiter.acquire(call, progress);
    return permit instanceof Promise ? permit.then((given) => next(call, given)) : next(call, permit);
  };
}
