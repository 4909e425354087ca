import type { CombinedError } from 'urql';

/** The meaning of a refusal of LuaAuth, by its type. */
const REFUSALS: Readonly<Record<string, string>> = {
  AccountExpired: 'Your LuaAuth account has expired. Renew it, then try again.',
  NothingToEdit: 'Nothing was changed: everything is like that already.',
  TierTooLow: 'Your LuaAuth tier does not include this.',
  DiscordAlreadyLinked: 'Another user of the project has this Discord id.',
  AlreadyBlacklisted: 'This user is blacklisted already.',
  NotBlacklisted: 'This user is not blacklisted.',
  MaxSystemsReached: 'Your account has as many ad systems as it may have.',
  ProjectNotUsable: 'This project cannot have an ad system: it is unknown, or not yours.',
};

/** The meaning of an error, by its code. */
const ERRORS: Readonly<Record<string, string>> = {
  UNAUTHENTICATED:
    'The key is missing, expired, unknown to LuaAuth, or not one of this gateway. Sign out, and try another.',
  FORBIDDEN: 'The key is unknown, or this is not of its account.',
  RATE_LIMITED: 'The quota of LuaAuth is used up. Try again in a moment.',
  UPSTREAM_TIMEOUT: 'LuaAuth did not answer in time.',
  UPSTREAM_UNAVAILABLE: 'LuaAuth cannot be reached.',
  UPSTREAM_ERROR: 'LuaAuth failed.',
  GRAPHQL_VALIDATION_FAILED: 'This gateway does not offer that. It may be read-only.',
  PERSISTED_DOCUMENTS_ONLY:
    'This gateway runs listed documents only, and those of the dashboard are not listed.',
  TOO_MANY_STREAMS: 'Too many people follow live sessions with this key.',
  TOO_MANY_LIVE_SCRIPTS: 'Too many scripts are followed with this key.',
};

type GraphQLErrors = CombinedError['graphQLErrors'];

/** One sentence for each thing that went wrong. */
export function sayErrors({ networkError, graphQLErrors }: CombinedError): string[] {
  if (networkError) return ['The gateway cannot be reached.'];
  return [...new Set(graphQLErrors.map(sayError))];
}

function sayError({ message, extensions }: GraphQLErrors[number]): string {
  const { code, missingScopes, outOfReach, outcome } = extensions;
  const unsure =
    outcome === 'UNKNOWN' ? ' It may have happened all the same: look before you try again.' : '';
  if (missingScopes) {
    const scopes = new Set(Object.values(missingScopes as object).flat());
    return `Your key of this gateway lacks ${[...scopes].join(', ')}.`;
  }
  if (outOfReach) return 'Your key of this gateway does not reach this.';
  return `${ERRORS[String(code)] ?? message}${unsure}`;
}

export interface Refusal {
  readonly __typename: string;
  readonly message?: string;
  readonly fields?: readonly { readonly path: readonly string[]; readonly messages: readonly string[] }[];
  readonly reasons?: readonly string[];
}

/** Why LuaAuth refused, in a sentence; undefined: it did not. */
export function sayRefusal({ __typename, message, fields, reasons }: Refusal): string | undefined {
  if (message === undefined) return undefined;
  if (fields) {
    const said = fields.map(({ path, messages }) => `${path.at(-1)}: ${messages.join(', ')}`);
    return `LuaAuth does not take this: ${said.join('; ')}.`;
  }
  if (reasons) return `LuaAuth does not allow this: ${reasons.join(', ') || message}.`;
  return REFUSALS[__typename] ?? `LuaAuth refused: ${message}.`;
}
