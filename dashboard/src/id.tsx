import { useState } from 'react';
import { copy } from './copy.ts';

/** An id on one line, with a button that copies all of it. `what` names the id, such as "script id". */
export function Id({ value, what }: { readonly value: string; readonly what: string }) {
  const [said, setSaid] = useState('Copy');
  return (
    <span className="id">
      <code title={value}>{value}</code>
      <button
        type="button"
        className="plain"
        aria-label={`${said} ${what}`}
        onClick={async () => setSaid((await copy(value)) ? 'Copied' : 'Not allowed to copy')}
      >
        {said}
      </button>
    </span>
  );
}
