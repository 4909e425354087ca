/** Limits of live data. */
export interface LiveLimits {
  /** Calls in any sliding second for all streams of an API key; 0: what others leave. */
  readonly rate: number;
  /** Sessions of a script that are followed. */
  readonly maxSessions: number;
  /** Streams of an API key. */
  readonly maxStreams: number;
  /** Scripts that streams of an API key follow. */
  readonly maxScripts: number;
  /** How long a stream may last, in ms. */
  readonly maxLifetimeMs: number;
}
