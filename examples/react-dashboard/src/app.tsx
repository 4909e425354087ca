import { useState } from 'react';
import { type Client, Provider } from 'urql';
import { createClient } from './client.ts';
import { Project } from './project.tsx';
import { SignIn } from './sign-in.tsx';

interface Visit {
  readonly client: Client;
  readonly projectId: string;
}

/** The key lives in the client, and so in this page's memory: it is gone with the tab. */
export function App() {
  const [visit, setVisit] = useState<Visit>();
  if (!visit) {
    return (
      <SignIn onSignIn={({ apiKey, projectId }) => setVisit({ client: createClient(apiKey), projectId })} />
    );
  }
  return (
    <Provider value={visit.client}>
      <nav>
        <button type="button" onClick={() => setVisit(undefined)}>
          Sign out
        </button>
      </nav>
      <Project id={visit.projectId} />
    </Provider>
  );
}
