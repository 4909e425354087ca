import { graphql } from './gql/index.ts';

export const DISCONNECT = graphql(/* GraphQL */ `
  mutation Disconnect($input: DisconnectSessionsInput!) {
    result: disconnectSessions(input: $input) {
      __typename
      ...RefusalParts
    }
  }
`);

/** Asked for when somebody wants to know: the key of a user is a secret, which no list needs. One REST call. */
export const USER_KEY = graphql(/* GraphQL */ `
  query UserKey($id: ID!) {
    session(id: $id) {
      id
      userKey
    }
  }
`);
