import type { Origin, Send } from '../transport/call.ts';
import type { Clock } from '../transport/clock.ts';
import type { Signal } from '../transport/signal.ts';
import type { PageSizes } from './page-sizes.ts';

/** The API as one caller sees it during one operation. Endpoints take it as their first argument. */
export interface Api {
  readonly send: Send;
  readonly clock: Clock;
  /** The caller's key, and what the operation has cost so far. */
  readonly origin: Origin;
  /** Aborted when the client leaves. */
  readonly signal: Signal | undefined;
  readonly timeouts: Timeouts;
  readonly pageSizes: PageSizes;
  /** When the operation as a whole must be over, in ms on the clock. */
  readonly deadline: number;
}

/** How long one call may take in all, in milliseconds, by its kind. */
export interface Timeouts {
  readonly read: number;
  readonly write: number;
}
