import { graphql } from '../gql/index.ts';

/** The users connected to a script, and then who comes and goes. The fragment is what is known of each of them. */
export const WHO_IS_ON = graphql(/* GraphQL */ `
  subscription WhoIsOn($scriptId: ID!, $after: String) {
    scriptSessions(scriptId: $scriptId, after: $after) {
      __typename
      ... on LiveEvent {
        sequence
        cursor
      }
      ... on SessionsSnapshot {
        complete
        sessions {
          ...Visitor
        }
      }
      ... on SessionsChange {
        appeared {
          ...Visitor
        }
        disappearedIds
      }
      ... on SessionsDelay {
        reason
      }
    }
  }

  fragment Visitor on Session {
    id
    robloxId
    placeId
    createdAt
  }
`);
