import type { About } from '../transport/call.ts';
import { CallFailure } from '../transport/errors.ts';

interface RefusedField {
  readonly field: string;
  readonly messages: readonly string[];
}

/** The API said no (`docs/luaauth-api.md#failures`). `undocumented`: this endpoint does not document the code. */
export class Refused extends CallFailure {
  override name = 'Refused' as const;
  readonly reason: RefusalReason;
  readonly code: number;
  readonly fields: readonly RefusedField[];
  readonly authorization: readonly string[];

  /** `unhealthy`: the HTTP status says that the API as a whole is unhealthy. */
  constructor(about: About, reason: RefusalReason, refusal: Refusal, { unhealthy = false } = {}) {
    // "the server failed while processing the request": the write may have been carried out, and a retry may work.
    const hasFailed = reason === 'internal server error';
    super(about, refusal.message, {
      transient: hasFailed,
      executed: hasFailed ? 'unknown' : 'no',
      unhealthy: unhealthy && hasFailed,
      provesKey: rowOf(reason).provesKey ?? true,
    });
    this.reason = reason;
    this.code = refusal.code;
    this.fields = refusal.fields;
    this.authorization = refusal.authorization;
  }
}

interface RefusalRow {
  /** The API's message in lower case. Undefined: the reason is recognized by other facts. */
  readonly message?: string;
  /** The GraphQL type for a refused write. Undefined: the refusal is an error. */
  readonly type?: string;
  readonly description?: string;
  readonly code: 'FORBIDDEN' | 'BAD_USER_INPUT' | 'UPSTREAM_ERROR';
  /** False if the API may say it without having accepted the key. */
  readonly provesKey?: false;
  /** Whether every endpoint may answer it. */
  readonly isGeneric?: boolean;
}

/** Every refusal that `docs/luaauth-api.md#failures` documents. To add one, add a row here and name it at its endpoint. */
const REFUSALS = {
  'internal server error': {
    message: 'internal server error',
    code: 'UPSTREAM_ERROR',
    provesKey: false,
    isGeneric: true,
  },
  'invalid endpoint': {
    message: 'invalid endpoint',
    code: 'UPSTREAM_ERROR',
    provesKey: false,
    isGeneric: true,
  },
  'already blacklisted': {
    message: 'user already blacklisted',
    type: 'AlreadyBlacklisted',
    description: 'The user is blacklisted already. The call changed nothing: `user` shows the current state.',
    code: 'BAD_USER_INPUT',
  },
  'not blacklisted': {
    message: 'user not blacklisted',
    type: 'NotBlacklisted',
    description: 'The user is not blacklisted. The call changed nothing: `user` shows the current state.',
    code: 'BAD_USER_INPUT',
  },
  'max systems reached': {
    message: 'max systems reached',
    type: 'MaxSystemsReached',
    description: "The account has reached LuaAuth's maximum number of ad systems.",
    code: 'FORBIDDEN',
  },
  'account expired': {
    message: 'account expired',
    type: 'AccountExpired',
    description: "The account's LuaAuth subscription has expired.",
    code: 'FORBIDDEN',
  },
  'nothing to edit': {
    message: 'cannot edit nothing',
    type: 'NothingToEdit',
    description:
      'The input changes nothing. The gateway refuses an input of the id alone without a REST call.',
    code: 'BAD_USER_INPUT',
  },
  'tier too low': {
    message: 'tier does not allow ffa mode',
    type: 'TierTooLow',
    description: "The account's tier does not include free-for-all mode.",
    code: 'FORBIDDEN',
  },
  'discord already linked': {
    message: 'key already exists with this discord',
    type: 'DiscordAlreadyLinked',
    description: 'Another licence key is linked to this Discord id already.',
    code: 'BAD_USER_INPUT',
  },
  'project not usable': {
    message: 'cannot use this project',
    type: 'ProjectNotUsable',
    description: 'LuaAuth does not allow an ad system for this project.',
    code: 'FORBIDDEN',
  },
  'invalid fields': {
    type: 'InvalidFields',
    description: 'LuaAuth found input fields invalid.',
    code: 'BAD_USER_INPUT',
    // It has the same message as "not permitted", and the API may say it before it checks the key.
    provesKey: false,
  },
  'not permitted': {
    message: 'unauthorized or invalid request',
    type: 'NotPermitted',
    description:
      'The API key has no permission, or the object does not exist: LuaAuth does not tell the two apart.',
    code: 'FORBIDDEN',
    provesKey: false,
  },
  undocumented: {
    type: 'UnknownRefusal',
    description: 'A refusal that LuaAuth does not document for this endpoint.',
    code: 'UPSTREAM_ERROR',
    provesKey: false,
  },
} as const satisfies Readonly<Record<string, RefusalRow>>;

export type RefusalReason = keyof typeof REFUSALS;

/** Refusals of writes at any endpoint. */
export const REFUSALS_OF_ANY_WRITE = ['invalid fields', 'not permitted', 'undocumented'] as const;

export const REASONS = Object.keys(REFUSALS) as readonly RefusalReason[];

export function rowOf(reason: RefusalReason): RefusalRow {
  return REFUSALS[reason];
}

export interface Refusal {
  readonly code: number;
  readonly message: string;
  readonly fields: readonly RefusedField[];
  readonly authorization: readonly string[];
}

/** An endpoint's error codes, such as `{ 0: 'account expired' }`. */
export type DocumentedCodes = Readonly<Record<number, RefusalReason>>;

/** Reasons by message, because codes differ between endpoints. */
const BY_MESSAGE: ReadonlyMap<string | undefined, RefusalReason> = new Map(
  REASONS.map((reason) => [rowOf(reason).message, reason]),
);

/** Finds the reason by the message, then by the failures, then by the endpoint's codes. */
export function reasonOf(refusal: Refusal, documented: DocumentedCodes): RefusalReason {
  const said = BY_MESSAGE.get(refusal.message.trim().toLowerCase());
  if (said !== undefined && (rowOf(said).isGeneric || Object.values(documented).includes(said))) return said;
  // Only "unauthorized or invalid request" lists failures, under a code that may be documented for something else.
  // An authorization failure outweighs an invalid field: correcting the field would not help.
  if (refusal.authorization.length > 0) return 'not permitted';
  if (refusal.fields.length > 0) return 'invalid fields';
  if (said === undefined) return documented[refusal.code] ?? 'undocumented';
  return said === 'not permitted' ? said : 'undocumented';
}
