import type { Clock } from '../base/clock.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { Signal } from '../base/signal.ts';
import type { PageSizes } from '../state/page-sizes.ts';
import type { Call, Origin } from '../transport/call.ts';
import type { RateLimitStatus } from '../transport/scheduler/scheduler.ts';
import type { UpstreamStatus } from '../transport/steps/circuit-breaker.ts';
import type { Usage } from '../transport/usage.ts';

/** Makes a call, with cache, queue and retries. */
export type Ask = <T>(call: Call<T>, usage: Usage) => Promise<T>;

/** The first argument of an endpoint: everything that a call for one caller in one operation needs. */
export interface Access {
  readonly ask: Ask;
  readonly clock: Clock;
  readonly origin: Origin;
  readonly usage: Usage;
  readonly signal: Signal | undefined;
  readonly timeouts: Timeouts;
  /** When the whole operation must be over, in ms of the clock. A slow call may move it. */
  deadline: number;
}

/** The API as one caller sees it during one operation. */
export interface Api extends Access {
  readonly pageSizes: PageSizes;
  rateLimit(account: string): MaybePromise<RateLimitStatus>;
  status(account: string): UpstreamStatus;
}

/** The time limits of one call by its kind, in ms. */
export interface Timeouts {
  readonly read: number;
  readonly write: number;
}
