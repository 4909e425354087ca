import type { MaybePromise } from '../state/maybe-promise.ts';
import type { PageSizes } from '../state/port.ts';
import type { Call, Origin, Signal } from '../transport/call.ts';
import type { Clock } from '../transport/clock.ts';
import type { Usage } from '../transport/observer.ts';
import type { RateLimitStatus } from '../transport/scheduler/scheduler.ts';
import type { UpstreamStatus } from '../transport/steps/circuit-breaker.ts';

/** A call's whole way, as it looks to who makes the call. */
export type Ask = <T>(call: Call<T>, usage: Usage) => Promise<T>;

/** The first argument of an endpoint: all that it needs to make a call for one caller during one operation. */
export interface Access {
  readonly ask: Ask;
  readonly clock: Clock;
  /** The caller's key. */
  readonly origin: Origin;
  /** The operation's cost so far. */
  readonly usage: Usage;
  /** Aborted when the client leaves. */
  readonly signal: Signal | undefined;
  readonly timeouts: Timeouts;
  /** When the operation as a whole must be over, in ms on the clock. A slow call may set it later. */
  deadline: number;
}

/** The API as one caller sees it during one operation. */
export interface Api extends Access {
  readonly pageSizes: PageSizes;
  /** Undefined: the API has accepted the key before. Otherwise it says how many of some reads go ahead of the others. */
  readonly trial: Trial | undefined;
  /** How the quota of the caller's key stands. */
  rateLimit(): MaybePromise<RateLimitStatus>;
  /** How the API answers the caller's key. */
  status(): UpstreamStatus;
}

/** Holds back the reads of a key that may be made up. */
interface Trial {
  ahead(reads: number): number;
  /** When the others may follow; never, if the operation is over. */
  readonly accepted: Promise<void>;
}

/** How long one call may take in all, in milliseconds, by its kind. */
export interface Timeouts {
  readonly read: number;
  readonly write: number;
}
