import { type ReactNode, useId, useState } from 'react';
import { type Scope, useReason } from './allowed.tsx';

interface ActProps {
  /** The scopes that the action needs. */
  readonly needs: readonly Scope[];
  readonly className?: string;
  readonly isDisabled?: boolean;
  readonly onClick: () => void;
  readonly children: ReactNode;
}

/** A button that is off if the visitor's key may not use it. Then it has the reason, which a press shows. */
export function Act({ needs, className, isDisabled, onClick, children }: ActProps) {
  const reason = useReason(needs);
  const [isAsked, setIsAsked] = useState(false);
  const id = useId();
  if (reason === undefined)
    return (
      <button type="button" className={className} disabled={isDisabled} onClick={onClick}>
        {children}
      </button>
    );
  return (
    <span className="off">
      <button
        type="button"
        className={className}
        aria-disabled
        aria-describedby={id}
        title={reason}
        onClick={() => setIsAsked(true)}
      >
        {children}
      </button>
      <small id={id} className={isAsked ? 'quiet' : 'hidden-text'} role="status">
        {reason}
      </small>
    </span>
  );
}
