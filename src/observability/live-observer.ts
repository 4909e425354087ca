export interface LiveObserver {
  readonly counted?: (counts: { readonly streams: number; readonly scripts: number }) => void;
  readonly polled?: (outcome: 'changed' | 'same' | 'failed') => void;
  readonly delivered?: (event: string) => void;
}
