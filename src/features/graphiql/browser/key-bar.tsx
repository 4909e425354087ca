import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useState } from 'react';
import type { PageOptions } from '../../../http/graphiql-options.ts';
import type { TextStorage } from './storage.ts';

/** The name under which a window stores the key, if the visitor wants it to. */
const STORED = 'luaauth-graphql:key';

/** The key that the page begins with: the key that this window has stored, or the public key. */
export const firstKey = (publicKey: string, storage: TextStorage) => storage.getItem(STORED) ?? publicKey;

interface KeyBarProps {
  readonly page: PageOptions;
  readonly storage: TextStorage;
  readonly onKey: (key: string) => void;
}

/** The line above GraphiQL: the field for the visitor's key, and a note about the API behind the page. */
export function KeyBar({ page: { credential, note }, storage, onKey }: KeyBarProps) {
  return (
    // This class applies GraphiQL's colours, light and dark.
    <header className="graphiql-container key-bar">
      {credential && (
        <KeyField label={credential.label} publicKey={credential.publicKey} storage={storage} onKey={onKey} />
      )}
      <span>{note}</span>
    </header>
  );
}

interface KeyFieldProps extends Omit<KeyBarProps, 'page'> {
  readonly label: string;
  readonly publicKey: string;
}

function KeyField({ label, publicKey, storage, onKey }: KeyFieldProps) {
  const [key, setKey] = useState(firstKey(publicKey, storage));
  const [isStored, setStored] = useState(storage.getItem(STORED) !== null);
  const store = (text: string, isWanted: boolean) =>
    isWanted ? storage.setItem(STORED, text.trim()) : storage.removeItem(STORED);
  return (
    <>
      <label>
        {label}
        <input
          type={key !== '' && key === publicKey ? 'text' : 'password'}
          value={key}
          autoComplete="off"
          spellCheck={false}
          onChange={({ target }) => {
            setKey(target.value);
            onKey(target.value.trim());
            store(target.value, isStored);
          }}
        />
      </label>
      <label>
        <input
          type="checkbox"
          checked={isStored}
          onChange={({ target }) => {
            setStored(target.checked);
            store(key, target.checked);
          }}
        />
        Keep until this window closes
      </label>
    </>
  );
}

/** Plans the current operation in the place of running it. `plan` calls the function that sends the operation. */
export function PlanButton({ plan }: { readonly plan: (send: () => void) => void }) {
  const { run } = useGraphiQLActions();
  const isBusy = useGraphiQL(({ isFetching, subscription }) => isFetching || subscription !== null);
  return (
    <button
      type="button"
      className="small-button plan-button"
      title="The highest price in REST calls. Nothing runs."
      disabled={isBusy}
      onClick={() => plan(() => void run())}
    >
      Plan
    </button>
  );
}
