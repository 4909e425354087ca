import type { CombinedError } from 'urql';
import { sayErrors } from './words.ts';

/** The outcome of something that the visitor did. */
export interface Outcome {
  readonly isGood: boolean;
  readonly text: string;
}

export function Notice({ outcome }: { readonly outcome: Outcome | undefined }) {
  if (!outcome) return null;
  return (
    <p className={`notice ${outcome.isGood ? 'good' : 'bad'}`} role={outcome.isGood ? 'status' : 'alert'}>
      {outcome.text}
    </p>
  );
}

/** A notice for each error; the other fields keep their data. */
export function Failures({ error }: { readonly error: CombinedError | undefined }) {
  if (!error) return null;
  return sayErrors(error).map((text) => <Notice key={text} outcome={{ isGood: false, text }} />);
}

export function Loading() {
  return (
    <p className="quiet" role="status">
      Loading …
    </p>
  );
}
