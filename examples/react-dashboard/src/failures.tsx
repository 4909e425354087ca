import type { CombinedError } from 'urql';

const MEANINGS: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'The gateway asks for another key.',
  FORBIDDEN: 'The key is unknown, or this is not of its account.',
  RATE_LIMITED: 'The quota of LuaAuth is used up. Try again in a moment.',
  UPSTREAM_TIMEOUT: 'LuaAuth did not answer in time.',
  UPSTREAM_UNAVAILABLE: 'LuaAuth cannot be reached.',
};

/** What went wrong, by its code; the other fields keep their data. */
export function Failures({ error }: { readonly error: CombinedError | undefined }) {
  if (!error) return null;
  if (error.networkError) return <p role="alert">The gateway cannot be reached.</p>;
  return error.graphQLErrors.map(({ message, path, extensions }) => (
    <p role="alert" key={`${path?.join('.')} ${message}`}>
      {MEANINGS[String(extensions.code)] ?? message}
    </p>
  ));
}
