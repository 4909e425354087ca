import { graphql } from '../../generated/index.ts';

/** The fields that every refusal shows. */
graphql(/* GraphQL */ `
  fragment Refused on Refusal {
    message
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
`);

export const EDIT = graphql(/* GraphQL */ `
  mutation Edit($input: EditScriptInput!) {
    editScript(input: $input) {
      __typename
      ...Refused
    }
  }
`);

export const UPDATE = graphql(/* GraphQL */ `
  mutation Update($input: UpdateScriptInput!) {
    updateScript(input: $input) {
      __typename
      ...Refused
    }
  }
`);

export const TOGGLE = graphql(/* GraphQL */ `
  mutation Toggle($input: ToggleScriptInput!) {
    toggleScript(input: $input) {
      __typename
      ...Refused
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
      ...Refused
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
      ...Refused
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
      ...Refused
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
      ...Refused
    }
  }
`);

export const EDIT_PROJECT = graphql(/* GraphQL */ `
  mutation EditProject($input: EditProjectInput!) {
    editProject(input: $input) {
      __typename
      ...Refused
    }
  }
`);

export const DELETE_PROJECT = graphql(/* GraphQL */ `
  mutation DeleteProject($input: DeleteProjectInput!) {
    deleteProject(input: $input) {
      __typename
      ... on DeleteProjectSuccess {
        deletedProjectId
      }
      ...Refused
    }
  }
`);

export const EDIT_USER = graphql(/* GraphQL */ `
  mutation EditUser($input: EditUserInput!) {
    editUser(input: $input) {
      __typename
      ...Refused
    }
  }
`);

export const BLACKLIST = graphql(/* GraphQL */ `
  mutation Blacklist($input: BlacklistUserInput!) {
    blacklistUser(input: $input) {
      __typename
      ...Refused
    }
  }
`);

export const UNBLACKLIST = graphql(/* GraphQL */ `
  mutation Unblacklist($input: UnblacklistUserInput!) {
    unblacklistUser(input: $input) {
      __typename
      ...Refused
    }
  }
`);

export const CREATE_AD_SYSTEM = graphql(/* GraphQL */ `
  mutation CreateAdSystem($input: CreateAdSystemInput!) {
    createAdSystem(input: $input) {
      __typename
      ... on CreateAdSystemSuccess {
        adSystemId
      }
      ...Refused
    }
  }
`);

export const EDIT_AD_SYSTEM = graphql(/* GraphQL */ `
  mutation EditAdSystem($input: EditAdSystemInput!) {
    editAdSystem(input: $input) {
      __typename
      ... on EditAdSystemSuccess {
        adSystem {
          name
          allowExtending
        }
      }
      ...Refused
    }
  }
`);
