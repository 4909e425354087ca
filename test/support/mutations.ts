import { graphql } from '../gql/index.ts';

/** Each mutation with every member of its result. */
export const EDIT = graphql(/* GraphQL */ `
  mutation Edit($input: EditScriptInput!) {
    editScript(input: $input) {
      __typename
      ... on Refusal {
        message
      }
      ... on InvalidFields {
        fields {
          path
          messages
        }
      }
      ... on NotPermitted {
        reasons
      }
      ... on UnknownRefusal {
        code
      }
    }
  }
`);

export const UPDATE = graphql(/* GraphQL */ `
  mutation Update($input: UpdateScriptInput!) {
    updateScript(input: $input) {
      __typename
      ... on Refusal {
        message
      }
      ... on InvalidFields {
        fields {
          path
          messages
        }
      }
      ... on NotPermitted {
        reasons
      }
      ... on UnknownRefusal {
        code
      }
    }
  }
`);

export const TOGGLE = graphql(/* GraphQL */ `
  mutation Toggle($input: ToggleScriptInput!) {
    toggleScript(input: $input) {
      __typename
      ... on Refusal {
        message
      }
      ... on InvalidFields {
        fields {
          path
          messages
        }
      }
      ... on NotPermitted {
        reasons
      }
      ... on UnknownRefusal {
        code
      }
    }
  }
`);

export const DELETE = graphql(/* GraphQL */ `
  mutation Delete($input: DeleteScriptInput!) {
    deleteScript(input: $input) {
      __typename
      ... on DeleteScriptSuccess {
        deletedScriptId
      }
      ... on Refusal {
        message
      }
      ... on InvalidFields {
        fields {
          path
          messages
        }
      }
      ... on NotPermitted {
        reasons
      }
      ... on UnknownRefusal {
        code
      }
    }
  }
`);

export const DISCONNECT = graphql(/* GraphQL */ `
  mutation Disconnect($input: DisconnectSessionInput!) {
    disconnectSession(input: $input) {
      __typename
      ... on DisconnectSessionSuccess {
        disconnectedSessionId
      }
      ... on Refusal {
        message
      }
      ... on InvalidFields {
        fields {
          path
          messages
        }
      }
      ... on NotPermitted {
        reasons
      }
      ... on UnknownRefusal {
        code
      }
    }
  }
`);

export const DISCONNECT_MANY = graphql(/* GraphQL */ `
  mutation DisconnectMany($input: DisconnectSessionsInput!) {
    disconnectSessions(input: $input) {
      __typename
      ... on DisconnectSessionsSuccess {
        disconnectedSessionIds
      }
      ... on Refusal {
        message
      }
      ... on InvalidFields {
        fields {
          path
          messages
        }
      }
      ... on NotPermitted {
        reasons
      }
      ... on UnknownRefusal {
        code
      }
    }
  }
`);

export const MESSAGE = graphql(/* GraphQL */ `
  mutation Message($input: MessageSessionInput!) {
    messageSession(input: $input) {
      __typename
      ... on MessageDelivered {
        response
      }
      ... on MessageNotDelivered {
        reason
        detail
      }
      ... on Refusal {
        message
      }
      ... on InvalidFields {
        fields {
          path
          messages
        }
      }
      ... on NotPermitted {
        reasons
      }
      ... on UnknownRefusal {
        code
      }
    }
  }
`);
