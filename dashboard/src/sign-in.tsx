import { type FormEvent, useState } from 'react';
import { Mark } from './app.tsx';
import { createClient } from './client.ts';
import { graphql } from './gql/index.ts';
import { useSettings } from './settings.ts';
import { useTitle } from './title.ts';
import { sayKeyProblem } from './words.ts';

/** One REST call, which LuaAuth answers for every key that it knows. */
const CHECK = graphql(/* GraphQL */ `
  query CheckKey {
    adSystems {
      id
    }
  }
`);

export function SignIn({ onSignIn }: { readonly onSignIn: (key: string) => void }) {
  useTitle('Sign in');
  const [problem, setProblem] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);
  const sandboxKey = useSettings()?.sandboxKey;
  const check = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy) return;
    const field = event.currentTarget.elements.namedItem('key') as HTMLInputElement;
    const key = field.value.trim();
    setIsBusy(true);
    setProblem(undefined);
    const { error } = await createClient(key, () => {})
      .query(CHECK, {})
      .toPromise();
    setIsBusy(false);
    const found = sayKeyProblem(error);
    if (found === undefined) return onSignIn(key);
    setProblem(found);
    field.focus();
    field.select();
  };
  return (
    <main className="sign-in">
      <form className="card" onSubmit={check}>
        <Mark />
        <h1>LuaAuth dashboard</h1>
        <label>
          API key
          {/* A password manager would keep it for longer than the session. */}
          <input
            name="key"
            type="password"
            autoComplete="off"
            spellCheck={false}
            // biome-ignore lint/a11y/noAutofocus: it is the only field, and the visitor has come to fill it in.
            autoFocus
            aria-invalid={problem !== undefined}
            aria-describedby={problem && 'key-problem'}
          />
        </label>
        {problem && (
          <p id="key-problem" className="problem" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" aria-disabled={isBusy}>
          {isBusy ? 'Checking the key …' : 'Sign in'}
        </button>
        {sandboxKey && (
          <p>
            This gateway serves the sandbox, whose key is <code>{sandboxKey}</code>.
          </p>
        )}
        <p className="quiet">
          Enter your LuaAuth API key or your gateway key. Leave it empty if the gateway asks for no key. The
          key stays in this tab until you close the tab.
        </p>
      </form>
    </main>
  );
}
