import type { Send } from '../transport/call.ts';
import type { Clock } from '../transport/clock.ts';

/** The API as one caller sees it during one operation. Endpoints take it as their first argument. */
export interface Api {
  readonly send: Send;
  readonly clock: Clock;
  /** The caller's API key. */
  readonly key: string;
  /** Aborted when the client leaves: reads end with it, writes do not. */
  readonly signal: AbortSignal | undefined;
  readonly timeouts: Timeouts;
}

/** How long one call may take in all, in milliseconds, by its kind. */
export interface Timeouts {
  readonly read: number;
  readonly write: number;
}
