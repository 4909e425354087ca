/** Receives what happens to streams of live data. */
export interface LiveObserver {
  /** How many there are now. */
  readonly counted?: (counts: { readonly streams: number; readonly scripts: number }) => void;
  readonly polled?: (outcome: 'changed' | 'same' | 'failed') => void;
  /** Receives the type of each event. */
  readonly delivered?: (event: string) => void;
}
