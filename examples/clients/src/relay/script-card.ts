import {
  commitMutation,
  type Environment,
  fetchQuery,
  getFragment,
  getSingularSelector,
  graphql,
} from 'relay-runtime';
import type {
  ScriptCard_script$data,
  ScriptCard_script$key,
} from './__generated__/ScriptCard_script.graphql.ts';
import type { ScriptCardPageQuery } from './__generated__/ScriptCardPageQuery.graphql.ts';
import PAGE from './__generated__/ScriptCardPageQuery.graphql.ts';
import type { ScriptQuery } from './__generated__/ScriptQuery.graphql.ts';
import type { ToggleMutation } from './__generated__/ToggleMutation.graphql.ts';

/** The fragment of a component, which would read it by `useRefetchableFragment` or `usePaginationFragment`. */
export const CARD = graphql`
  fragment ScriptCard_script on Script
  @argumentDefinitions(first: { type: "Int", defaultValue: 2 }, after: { type: "String" })
  @refetchable(queryName: "ScriptCardPageQuery") {
    id
    name
    enabled
    sessions(first: $first, after: $after) @connection(key: "ScriptCard_sessions") {
      edges {
        node {
          id
          robloxId
        }
      }
      pageInfo {
        endCursor
        hasNextPage
      }
    }
  }
`;

const SCRIPT = graphql`
  query ScriptQuery($id: ID!) @throwOnFieldError {
    script(id: $id) {
      ...ScriptCard_script
    }
  }
`;

const TOGGLE = graphql`
  mutation ToggleMutation($input: ToggleScriptInput!) {
    toggleScript(input: $input) {
      __typename
      ... on ToggleScriptSuccess {
        script {
          enabled
        }
      }
      ... on Refusal {
        message
      }
    }
  }
`;

/** Asks for a script and the first page of its sessions. @throws what stands in errors for it */
export async function loadCard(environment: Environment, id: string): Promise<ScriptCard_script$key> {
  const data = await fetchQuery<ScriptQuery>(environment, SCRIPT, { id }).toPromise();
  if (!data) throw new Error('The answer has no data.');
  return data.script;
}

/** The data that the store holds for the fragment now. */
export function readCard(environment: Environment, key: ScriptCard_script$key): ScriptCard_script$data {
  const selector = getSingularSelector(getFragment(CARD), key);
  if (!selector) throw new Error('This is no script.');
  return environment.lookup(selector).data as unknown as ScriptCard_script$data;
}

/** Asks for the next page through `fetch__Script`; the connection in the store grows by it. */
export async function loadMore(environment: Environment, key: ScriptCard_script$key): Promise<void> {
  const { id, sessions } = readCard(environment, key);
  const after = sessions?.pageInfo.endCursor;
  await fetchQuery<ScriptCardPageQuery>(environment, PAGE, { id, after }).toPromise();
}

/** The script comes back with its id, and the store brings it up to date wherever it is shown. */
export function toggle(environment: Environment, id: string, enabled: boolean) {
  return new Promise<ToggleMutation['response']>((resolve, reject) => {
    commitMutation<ToggleMutation>(environment, {
      mutation: TOGGLE,
      variables: { input: { id, enabled } },
      onCompleted: resolve,
      onError: reject,
    });
  });
}
