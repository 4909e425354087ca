import { GraphQLClient } from 'graphql-request';
import { graphql } from './gql/index.ts';

/** graphql-request: throws a ClientError as soon as one field fails; `errorPolicy: 'all'` gives data and errors instead. */
export function createRequestClient(url: string, key: string): GraphQLClient {
  return new GraphQLClient(url, { headers: { token: key } });
}

export const SCRIPTS = graphql(/* GraphQL */ `
  query RequestScripts($ids: [ID!]!) {
    scripts(ids: $ids) {
      id
      name
      totalExecutions
    }
  }
`);

/** A refusal is data, not an error: every member of the union is looked at where the mutation is called. */
export const EDIT = graphql(/* GraphQL */ `
  mutation RequestEdit($input: EditScriptInput!) {
    editScript(input: $input) {
      __typename
      ... on EditScriptSuccess {
        script {
          name
          freeForAll
        }
      }
      ... on Refusal {
        message
      }
    }
  }
`);
