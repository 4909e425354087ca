import { ApolloClient, type ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { relayStylePagination } from '@apollo/client/utilities';
// In your project: from 'luaauth-graphql/possible-types'.
import { possibleTypes } from '../../../schema/possible-types.js';
import { graphql } from './gql/index.ts';

/** Apollo Client: pages of sessions are joined in the cache, one list for each script and filter. */
export function createApollo(url: string, key: string, before?: ApolloLink): ApolloClient {
  const http = new HttpLink({ uri: url, headers: { token: key } });
  return new ApolloClient({
    link: before ? before.concat(http) : http,
    cache: new InMemoryCache({
      // Without this, `... on Refusal { message }` has no message, and nothing says so.
      possibleTypes,
      typePolicies: { Script: { fields: { sessions: relayStylePagination(['filter']) } } },
    }),
  });
}

export const SCRIPT = graphql(/* GraphQL */ `
  query ApolloScript($id: ID!, $first: Int, $after: String) {
    script(id: $id) {
      id
      name
      enabled
      sessions(first: $first, after: $after) {
        edges {
          node {
            id
            robloxId
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

/** The script comes back with its id, which is all that the cache needs to bring it up to date everywhere. */
export const TOGGLE = graphql(/* GraphQL */ `
  mutation ApolloToggle($input: ToggleScriptInput!) {
    toggleScript(input: $input) {
      __typename
      ... on ToggleScriptSuccess {
        script {
          id
          enabled
        }
      }
      ... on Refusal {
        message
      }
    }
  }
`);

const DELETE = graphql(/* GraphQL */ `
  mutation ApolloDelete($input: DeleteScriptInput!) {
    deleteScript(input: $input) {
      __typename
      ... on DeleteScriptSuccess {
        deletedScriptId
      }
      ... on Refusal {
        message
      }
    }
  }
`);

/** The cache does not notice that a script is deleted, so it is evicted by hand. */
export function deleteScript(client: ApolloClient, id: string) {
  return client.mutate({
    mutation: DELETE,
    variables: { input: { id } },
    update(cache, { data }) {
      if (data?.deleteScript.__typename !== 'DeleteScriptSuccess') return;
      cache.evict({ id: cache.identify({ __typename: 'Script', id: data.deleteScript.deletedScriptId }) });
      cache.gc();
    },
  });
}
