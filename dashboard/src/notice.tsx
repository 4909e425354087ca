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

interface FailuresProps {
  readonly error: CombinedError | undefined;
  readonly isBusy: boolean;
  readonly onRetry: (options: { requestPolicy: 'network-only' }) => void;
}

/** The errors of a page in plain words; the other fields keep their data. The request id finds the request in the gateway's log. */
export function Failures({ error, isBusy, onRetry }: FailuresProps) {
  if (!error) return null;
  const requestId: string | null | undefined = error.response?.headers?.get('x-request-id');
  return (
    <div className="notice bad" role="alert">
      {sayErrors(error).map((text) => (
        <p key={text}>{text}</p>
      ))}
      <p className="line">
        <button
          type="button"
          className="plain"
          aria-disabled={isBusy}
          onClick={() => isBusy || onRetry({ requestPolicy: 'network-only' })}
        >
          {isBusy ? 'Trying again …' : 'Try again'}
        </button>
        {requestId && (
          <small>
            Request id <code>{requestId}</code>, as in the gateway’s log
          </small>
        )}
      </p>
    </div>
  );
}

export const sayCopied = (isCopied: boolean, what: string): Outcome =>
  isCopied
    ? { isGood: true, text: `Copied ${what}.` }
    : { isGood: false, text: 'The browser did not allow this page to copy.' };

/** The shape of a page that has not come yet. */
export function Loading() {
  return (
    <div className="skeleton" role="status">
      <span className="hidden-text">Loading …</span>
      <i />
      <i />
      <i />
    </div>
  );
}
