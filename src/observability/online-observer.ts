/** Receives what is known of the scripts in `METRICS_SCRIPTS`. */
export interface OnlineObserver {
  /** Receives the number of connected users; undefined: it is not known now. */
  readonly sampled?: (scriptId: string, sessions: number | undefined) => void;
  /** Receives the executions of the last day that LuaAuth lists; undefined: it lists none. */
  readonly executed?: (scriptId: string, count: number | undefined) => void;
  /** Receives why there is no sample, once until there is a sample again. */
  readonly failed?: (scriptId: string, reason: string) => void;
}
