/** Receives what subscriptions and their polls do. */
export interface LiveObserver {
  readonly counted?: (counts: { readonly streams: number; readonly scripts: number }) => void;
  readonly polled?: (outcome: 'changed' | 'same' | 'failed') => void;
  readonly delivered?: (event: string) => void;
}

/** Receives the samples of the scripts in METRICS_SCRIPTS. */
export interface OnlineObserver {
  /** Undefined: it is not known now. */
  readonly sampled?: (scriptId: string, sessions: number | undefined) => void;
  /** Called once until there is a sample again. */
  readonly failed?: (scriptId: string, reason: string) => void;
}
