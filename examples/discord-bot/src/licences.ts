import type { Gateway } from './gateway.ts';
import type { LicenceFieldsFragment, RefusalFieldsFragment } from './gql/graphql.ts';
import { graphql } from './gql/index.ts';

export type Licence = LicenceFieldsFragment;

/** LuaAuth said no. `message` tells the reason to the sender of the command. */
export class Refused extends Error {}

graphql(/* GraphQL */ `
  fragment LicenceFields on User {
    key
    discordId
    executions
    keyExpiresAt
    lastResetAt
    note
    blacklist {
      reason
      expiresAt
    }
  }
`);

graphql(/* GraphQL */ `
  fragment RefusalFields on Refusal {
    __typename
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
  }
`);

const FIND = graphql(/* GraphQL */ `
  query LicencesOf($discordId: ID!) {
    usersByDiscordId(discordId: $discordId) {
      ...LicenceFields
    }
  }
`);

const EDIT = graphql(/* GraphQL */ `
  mutation EditLicence($input: EditUserInput!) {
    editUser(input: $input) {
      __typename
      ...RefusalFields
    }
  }
`);

const BLACKLIST = graphql(/* GraphQL */ `
  mutation BlacklistLicence($input: BlacklistUserInput!) {
    blacklistUser(input: $input) {
      __typename
      ...RefusalFields
    }
  }
`);

const UNBLACKLIST = graphql(/* GraphQL */ `
  mutation UnblacklistLicence($input: UnblacklistUserInput!) {
    unblacklistUser(input: $input) {
      __typename
      ...RefusalFields
    }
  }
`);

const CONNECTED = graphql(/* GraphQL */ `
  query Connected($project: ID!, $key: String!) {
    project(id: $project) {
      scripts {
        sessions(first: 100, filter: { userKey: $key }) {
          nodes {
            id
          }
        }
      }
    }
  }
`);

const DISCONNECT = graphql(/* GraphQL */ `
  mutation Disconnect($ids: [ID!]!) {
    disconnectSessions(input: { ids: $ids }) {
      __typename
      ...RefusalFields
    }
  }
`);

/** The most that one mutation takes. */
const MAX_IDS = 100;

/** The bot's operations on licences, each by its key. Each throws `Refused`, or `OperationFailed`. */
export function createLicences(execute: Gateway, projectId: string) {
  return {
    /** The licences of a Discord id, by the gateway's table. */
    async find(discordId: string): Promise<readonly Licence[]> {
      const { usersByDiscordId } = await execute(FIND, { discordId });
      return (usersByDiscordId ?? []).filter((licence) => licence !== null);
    },
    async setExpiry(key: string, at: Date): Promise<void> {
      const { editUser } = await execute(EDIT, { input: { key, keyExpiresAt: at.toISOString() } });
      if (editUser.__typename !== 'EditUserSuccess') throw refusedBy(editUser);
    },
    async blacklist(key: string, reason: string | undefined, until: Date | undefined): Promise<void> {
      const input = { key, reason, expiresAt: until?.toISOString() };
      const { blacklistUser } = await execute(BLACKLIST, { input });
      if (blacklistUser.__typename !== 'BlacklistUserSuccess') throw refusedBy(blacklistUser);
    },
    async unblacklist(key: string): Promise<void> {
      const { unblacklistUser } = await execute(UNBLACKLIST, { input: { key } });
      if (unblacklistUser.__typename !== 'UnblacklistUserSuccess') throw refusedBy(unblacklistUser);
    },
    /** Ends the sessions of a licence, at most 100 in each script of the project, and tells how many those were. */
    async kick(key: string): Promise<number> {
      const { project } = await execute(CONNECTED, { project: projectId, key });
      const ids = (project?.scripts ?? [])
        .flatMap((script) => script?.sessions?.nodes ?? [])
        .map(({ id }) => id);
      for (let start = 0; start < ids.length; start += MAX_IDS) {
        const { disconnectSessions } = await execute(DISCONNECT, { ids: ids.slice(start, start + MAX_IDS) });
        if (disconnectSessions.__typename !== 'DisconnectSessionsSuccess')
          throw refusedBy(disconnectSessions);
      }
      return ids.length;
    },
  };
}

export type Licences = ReturnType<typeof createLicences>;

/** Describes a type of refusal in a sentence, also a type of a later version. */
function refusedBy(refusal: RefusalFieldsFragment): Refused {
  const { __typename: type, message } = refusal;
  if (type === 'AccountExpired') return new Refused('The LuaAuth account has expired. Nothing was changed.');
  const details =
    type === 'InvalidFields'
      ? refusal.fields.map(({ path, messages }) => `${path.at(-1)}: ${messages.join(', ')}`)
      : type === 'NotPermitted'
        ? refusal.reasons
        : [];
  return new Refused(`LuaAuth refused: ${[message, ...details].join('; ')}.`);
}
