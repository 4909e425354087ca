import { useState } from 'react';
import { useQuery } from 'urql';
import { Failures } from './failures.tsx';
import { graphql } from './gql/index.ts';

const PAGE = 20;

/** A page costs two REST calls: the script, which the page before has made a copy of, and the page. */
const SESSIONS = graphql(/* GraphQL */ `
  query Sessions($id: ID!, $first: Int!, $after: String) {
    script(id: $id) {
      id
      name
      enabled
      totalSessions
      sessions(first: $first, after: $after) {
        nodes {
          id
          robloxId
          placeId
          createdAt
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

export function Sessions({ scriptId }: { readonly scriptId: string }) {
  /** Where each page so far begins: sessions come and go, so a page that one goes back to is asked for again. */
  const [cursors, setCursors] = useState<readonly (string | null)[]>([null]);
  return (
    <Page
      key={cursors.length}
      scriptId={scriptId}
      number={cursors.length}
      after={cursors.at(-1) ?? null}
      onPrevious={() => setCursors(cursors.slice(0, -1))}
      onNext={(endCursor) => setCursors([...cursors, endCursor])}
    />
  );
}

interface PageProps {
  readonly scriptId: string;
  readonly number: number;
  readonly after: string | null;
  readonly onPrevious: () => void;
  readonly onNext: (endCursor: string) => void;
}

function Page({ scriptId, number, after, onPrevious, onNext }: PageProps) {
  const [{ data, error }] = useQuery({
    query: SESSIONS,
    variables: { id: scriptId, first: PAGE, after },
    requestPolicy: 'network-only',
  });
  const script = data?.script;
  const { nodes, pageInfo } = script?.sessions ?? { nodes: [] };
  const endCursor = pageInfo?.hasNextPage ? pageInfo.endCursor : undefined;
  return (
    <section>
      <Failures error={error} />
      {!data && !error && <p role="status">Loading …</p>}
      {script && (
        <>
          <h2>
            {script.name}: page {number}
          </h2>
          <p>
            {script.enabled ? 'Enabled' : 'Disabled'}, {script.totalSessions.toLocaleString('en')} sessions so
            far
          </p>
          <ul>
            {nodes.map(({ id, robloxId, placeId, createdAt }) => (
              <li key={id}>
                <b>{robloxId}</b> in {placeId} since <time dateTime={createdAt}>{createdAt}</time>
              </li>
            ))}
          </ul>
        </>
      )}
      <button type="button" disabled={number === 1} onClick={onPrevious}>
        Previous
      </button>
      <button type="button" disabled={!endCursor} onClick={() => endCursor && onNext(endCursor)}>
        Next
      </button>
    </section>
  );
}
