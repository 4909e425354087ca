import { instant } from './format.ts';
import type { LicenceFragment } from './gql/graphql.ts';
import { graphql } from './gql/index.ts';

/** The fields of a user that the page shows. Codegen finds fragments, so no file imports it. */
export const LICENCE = graphql(/* GraphQL */ `
  fragment Licence on User {
    id
    discordId
    executor
    executions
    keyExpiresAt
    lastResetAt
    totalFingerprintResets
    fingerprintAssigned
    note
    blacklist {
      reason
      expiresAt
    }
  }
`);

/** The properties that all dialogs of a user share. */
export interface OfUser {
  readonly licenceKey: string;
  readonly user: LicenceFragment;
  /** With a text: the action succeeded. */
  readonly onClose: (done?: string) => void;
}

export const sayEnd = (at: string | null | undefined): string => (at ? instant(at) : 'never');

export const sayBlacklist = ({ reason, expiresAt }: NonNullable<LicenceFragment['blacklist']>): string =>
  `${reason ? `for “${reason}”` : 'without a reason'}, ${expiresAt ? `until ${instant(expiresAt)}` : 'for good'}.`;
