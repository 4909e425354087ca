import { useEffect, useMemo, useState } from 'react';
import { Provider } from 'urql';
import { AdSystems } from './ads.tsx';
import { WithScopes } from './allowed.tsx';
import { chooseUser } from './chosen.ts';
import { createClient } from './client.ts';
import { forgetKey, keepKey, readKey } from './key.ts';
import { Palette } from './palette.tsx';
import { Project } from './project.tsx';
import { Projects } from './projects.tsx';
import { createMeter, Quota } from './quota.tsx';
import { Requests } from './requests.tsx';
import { hrefOf, usePages, useRoute } from './route.ts';
import { Script } from './script.tsx';
import { SignIn } from './sign-in.tsx';
import { useTheme } from './theme.ts';
import { Users } from './users.tsx';

/** The page that an id belongs to stands below another one. */
const ABOVE: Readonly<Record<string, string>> = { project: 'projects', script: 'projects' };

export function App() {
  const [key, setKey] = useState(readKey);
  if (key === null) {
    const signIn = (given: string) => {
      keepKey(given);
      setKey(given);
    };
    return <SignIn onSignIn={signIn} />;
  }
  const signOut = () => {
    forgetKey();
    chooseUser('');
    setKey(null);
    location.hash = '';
  };
  return <SignedIn key={key} apiKey={key} onSignOut={signOut} />;
}

/** Everything that is known is known by this key, and goes with it. */
function SignedIn({ apiKey, onSignOut }: { readonly apiKey: string; readonly onSignOut: () => void }) {
  const { page } = useRoute();
  const pages = usePages();
  const { isOpen, open, close } = usePalette();
  const { meter, client } = useMemo(() => {
    const ofKey = createMeter();
    return { meter: ofKey, client: createClient(apiKey, ofKey.count) };
  }, [apiKey]);
  return (
    <Provider value={client}>
      <header>
        <a className="brand" href={hrefOf('projects')}>
          <Mark />
          LuaAuth
        </a>
        <nav>
          {pages.map(([name, title]) => (
            <a
              key={name}
              href={hrefOf(name)}
              aria-current={(ABOVE[page] ?? page) === name ? 'page' : undefined}
            >
              {title}
            </a>
          ))}
        </nav>
        <Quota meter={meter} />
        <button type="button" className="plain" aria-keyshortcuts="Control+K" onClick={open}>
          <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
            <circle cx="10.5" cy="10.5" r="6.5" />
            <path d="m15.5 15.5 5 5" />
          </svg>
          <span className="wide">
            Go to <kbd>Ctrl K</kbd>
          </span>
        </button>
        <DarkMode />
        <button type="button" className="plain" onClick={onSignOut}>
          Sign out
        </button>
      </header>
      <main>
        <WithScopes>
          <Page />
        </WithScopes>
      </main>
      {isOpen && <Palette onClose={close} />}
    </Provider>
  );
}

function DarkMode() {
  const { isDark, toggle } = useTheme();
  return (
    <button
      type="button"
      className="plain"
      aria-label="Dark mode"
      title="Dark mode"
      aria-pressed={isDark}
      onClick={toggle}
    >
      <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
        <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z" />
      </svg>
    </button>
  );
}

function usePalette() {
  const [isOpen, setIsOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const isShortcut = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k';
      // An open dialog comes first.
      if (!isShortcut || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      setIsOpen(true);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return { isOpen, open: () => setIsOpen(true), close: () => setIsOpen(false) };
}

function Page() {
  const { page, id } = useRoute();
  switch (page) {
    case 'project':
      return <Project key={id} id={id} />;
    case 'script':
      return <Script key={id} id={id} />;
    case 'users':
      return <Users />;
    case 'ads':
      return <AdSystems />;
    case 'requests':
      return <Requests />;
    default:
      return <Projects />;
  }
}

export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M12 1.5 21 6v6c0 5-3.7 8.8-9 10.5C6.7 20.8 3 17 3 12V6z" />
      <path className="inner" d="M8 15.5v-3m4 3V8m4 7.5v-5" />
    </svg>
  );
}
