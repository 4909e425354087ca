import { Mark } from './app.tsx';

export function SignIn({ onSignIn }: { readonly onSignIn: (key: string) => void }) {
  return (
    <main className="sign-in">
      <form className="card" action={(form) => onSignIn(String(form.get('key')).trim())}>
        <Mark />
        <h1>LuaAuth dashboard</h1>
        <label>
          API key
          {/* A password manager would keep it for longer than the session. */}
          <input name="key" type="password" autoComplete="off" spellCheck={false} />
        </label>
        <button type="submit">Sign in</button>
        <p className="quiet">
          Your LuaAuth API key, or the key that you were given for this gateway; nothing, if it asks for none.
          It stays in this tab until you close it.
        </p>
      </form>
    </main>
  );
}
