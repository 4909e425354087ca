import { ToolbarButton, useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useState } from 'react';
import type { PageOptions } from '../../../http/graphiql-options.ts';

interface KeyBarProps {
  readonly page: PageOptions;
  readonly onKey: (key: string) => void;
}

/** The line above GraphiQL: the field for the visitor's key, and a note about the API behind the page. */
export function KeyBar({ page: { credential, note }, onKey }: KeyBarProps) {
  const [key, setKey] = useState(credential?.publicKey ?? '');
  return (
    // This class applies GraphiQL's colours, light and dark.
    <header className="graphiql-container key-bar">
      {credential && (
        <label>
          {credential.label}
          <input
            type={key !== '' && key === credential.publicKey ? 'text' : 'password'}
            value={key}
            // A browser would fill in a password for another page of this host.
            autoComplete="off"
            spellCheck={false}
            onChange={({ target }) => {
              setKey(target.value);
              onKey(target.value.trim());
            }}
          />
        </label>
      )}
      <span>{note}</span>
    </header>
  );
}

/** Plans the current operation in the place of running it. `plan` calls the function that sends the operation. */
export function PlanButton({ plan }: { readonly plan: (send: () => void) => void }) {
  const { run } = useGraphiQLActions();
  const isBusy = useGraphiQL(({ isFetching, subscription }) => isFetching || subscription !== null);
  return (
    <ToolbarButton
      className="plan-button"
      label="Plan: the highest price in REST calls. Nothing runs."
      disabled={isBusy}
      onClick={() => plan(() => void run())}
    >
      Plan
    </ToolbarButton>
  );
}

/** Runs the current operation at Ctrl-Enter, or Cmd-Enter, anywhere on the page. The editors do it themselves. */
export function RunKeys() {
  const { run } = useGraphiQLActions();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
      // A button that has the focus must not be pressed as well.
      event.preventDefault();
      run();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [run]);
  return null;
}
