/** Receives events of live streams. */
export interface LiveObserver {
  /** The current counts. */
  readonly counted?: (counts: { readonly streams: number; readonly scripts: number }) => void;
  readonly polled?: (outcome: 'changed' | 'same' | 'failed') => void;
  /** Receives the type of each delivered event. */
  readonly delivered?: (event: string) => void;
}
