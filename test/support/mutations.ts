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
