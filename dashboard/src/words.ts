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

const FINE = 'Your key and this page are fine.';

/** The meaning of an error, by its code. */
const ERRORS: Readonly<Record<string, string>> = {
  RATE_LIMITED: `Your quota of LuaAuth is used up for the moment. ${FINE}`,
  UPSTREAM_TIMEOUT: `LuaAuth did not answer in time. ${FINE}`,
  UPSTREAM_UNAVAILABLE: `LuaAuth cannot be reached. ${FINE}`,
  UPSTREAM_ERROR: `LuaAuth failed. ${FINE}`,
  GRAPHQL_VALIDATION_FAILED: 'This gateway does not offer that. It may be read-only.',
  PERSISTED_DOCUMENTS_ONLY:
    'This gateway runs listed documents only, and the documents of the dashboard are not listed.',
  TOO_MANY_STREAMS: 'Too many people follow live sessions with this key.',
  TOO_MANY_LIVE_SCRIPTS: 'Too many scripts are followed with this key.',
};

/** Objects that LuaAuth does not find, by the field of the schema that asked for it. */
const OBJECTS: Readonly<Record<string, string>> = {
  'Query.project': 'project with this id',
  'Query.script': 'script with this id',
  'Query.session': 'session with this id: it may have ended',
  'Query.user': 'user with this licence key',
  'Query.usersByDiscordId': 'user with a licence key that the table has for this Discord id',
};

const NO_TABLE =
  'This gateway has no table of Discord ids, which its operator would make. Look the user up by licence key.';

type GraphQLErrors = CombinedError['graphQLErrors'];

/** Whether all that went wrong is that the key does not reach an object, or that the object is unknown. */
export function isOutOfReach({ networkError, graphQLErrors }: CombinedError): boolean {
  return !networkError && graphQLErrors.every(({ extensions: { code } }) => code === 'FORBIDDEN');
}

/** One sentence for each thing that went wrong. */
export function sayErrors({ networkError, graphQLErrors, response }: CombinedError): string[] {
  if (!networkError) return [...new Set(graphQLErrors.map(sayError))];
  const status = response?.status;
  return [
    status
      ? `Something between this page and the gateway answered with the status ${status}.`
      : 'The gateway cannot be reached. Check your connection, and whether the gateway runs.',
  ];
}

function sayError({ message, extensions }: GraphQLErrors[number]): string {
  const { code, coordinate, missingScopes, outOfReach, outcome } = extensions;
  const unsure =
    outcome === 'UNKNOWN' ? ' It may have happened all the same: look before you try again.' : '';
  if (missingScopes) {
    const scopes = new Set(Object.values(missingScopes as object).flat());
    return `Your key of this gateway lacks ${[...scopes].join(', ')}.`;
  }
  if (outOfReach) return 'Your key of this gateway does not reach this.';
  if (code === 'UNAUTHENTICATED')
    return `${sayUnknownKey({ message, extensions })} Sign out, and try another.`;
  const isGateway = extensions.endpoint === undefined;
  if (code === 'FORBIDDEN' && coordinate === 'Query.usersByDiscordId' && isGateway) return NO_TABLE;
  if (code === 'FORBIDDEN') return sayForbidden(OBJECTS[String(coordinate)]);
  return `${ERRORS[String(code)] ?? message}${unsure}`;
}

/** A refusal with an endpoint is LuaAuth's. The gateway's own refusals say whether the key is missing, expired or unknown. */
const sayUnknownKey = ({
  message,
  extensions,
}: Pick<GraphQLErrors[number], 'message' | 'extensions'>): string =>
  extensions.endpoint === undefined ? message : 'LuaAuth does not know this key.';

const sayForbidden = (object: string | undefined): string =>
  object
    ? `Your account has no ${object}. Check what you opened: it may be mistyped, deleted or of another account.`
    : 'LuaAuth does not allow this: it is unknown, or of another account.';

/** Why nothing can be read with this key; undefined: the key is known, or the answer does not tell. */
export function sayKeyProblem(error: CombinedError | undefined): string | undefined {
  if (error?.networkError) return sayErrors(error).join(' ');
  const refusal = error?.graphQLErrors.find(({ extensions }) => extensions.code === 'UNAUTHENTICATED');
  return refusal && sayUnknownKey(refusal);
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

/** What a code of an error means to the operator of a gateway. */
const CODES: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'The key is missing, wrong or expired.',
  FORBIDDEN: 'LuaAuth refused, or the gateway key lacks a scope or does not reach the object.',
  BAD_USER_INPUT: 'A value is malformed or out of range.',
  RATE_LIMITED: 'The quota, or the rate of the gateway key, is used up.',
  UPSTREAM_TIMEOUT: 'LuaAuth did not answer in time.',
  UPSTREAM_UNAVAILABLE: 'LuaAuth cannot be reached.',
  UPSTREAM_BAD_RESPONSE: 'LuaAuth answered otherwise than documented.',
  UPSTREAM_ERROR: 'LuaAuth failed.',
  OVERLOADED: 'The gateway was too busy.',
  GRAPHQL_PARSE_FAILED: 'The document is not GraphQL.',
  GRAPHQL_VALIDATION_FAILED: 'The document does not fit the schema.',
  OPERATION_TOO_EXPENSIVE: 'It may need more REST calls than MAX_REST_CALLS.',
  OPERATION_TOO_LARGE: 'Its answer may be larger than MAX_ANSWER_OBJECTS.',
  PERSISTED_DOCUMENT_NOT_FOUND: 'The gateway does not know this document.',
  INTERNAL_SERVER_ERROR: 'The gateway failed: its log has the reason under the request id.',
};

export const sayCode = (code: string): string => CODES[code] ?? 'See the table of error codes in the docs.';
