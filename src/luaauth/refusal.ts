import type { About } from '../transport/call.ts';
import { BadResponse, CallFailure } from '../transport/errors.ts';

/** A field that the API found invalid, by its wire name. */
interface RefusedField {
  readonly field: string;
  readonly messages: readonly string[];
}

/**
 * The API answered and said no (`docs/luaauth-api.md#failures`). `reason` names what it documents; a code that is not
 * documented for the endpoint is `undocumented` and keeps its number.
 */
export class Refused extends CallFailure {
  override name = 'Refused' as const;
  readonly transient: boolean;
  readonly executed: 'no' | 'unknown';
  override readonly unhealthy: boolean;
  override readonly provesKey: boolean;
  readonly reason: RefusalReason;
  readonly code: number;
  readonly fields: readonly RefusedField[];
  readonly authorization: readonly string[];

  /** `unhealthy`: the HTTP status says that the API as a whole is unhealthy. */
  constructor(about: About, reason: RefusalReason, refusal: Refusal, { unhealthy = false } = {}) {
    super(about, refusal.message);
    this.reason = reason;
    this.code = refusal.code;
    this.fields = refusal.fields;
    this.authorization = refusal.authorization;
    // "the server failed while processing the request": it may have been carried out, and may work the next time.
    this.transient = reason === 'internal server error';
    this.executed = this.transient ? 'unknown' : 'no';
    this.unhealthy = unhealthy && this.transient;
    this.provesKey = rowOf(reason).provesKey ?? true;
  }
}

interface RefusalRow {
  /** The API's words, in lower case; undefined: something else shows it. */
  readonly message?: string;
  /** The GraphQL type of it, for a write; undefined: none, it is an error. */
  readonly type?: string;
  /** Says of the type when it is given. */
  readonly description?: string;
  /** The message of an error that is made of it. */
  readonly code: 'FORBIDDEN' | 'BAD_USER_INPUT' | 'UPSTREAM_ERROR';
  /** Whether the API says it only to somebody whose key it has accepted, as far as is known. */
  readonly provesKey?: false;
  /** Whether any endpoint may say it. */
  readonly isGeneric?: boolean;
}

/** Every refusal that `docs/luaauth-api.md#failures` documents, by its reason. A new one is a row here, and stands at its endpoint. */
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
    description: 'The user is blacklisted already. Repeating it changed nothing: `user` shows how it stands.',
    code: 'BAD_USER_INPUT',
  },
  'not blacklisted': {
    message: 'user not blacklisted',
    type: 'NotBlacklisted',
    description: 'The user is not blacklisted. Repeating it changed nothing: `user` shows how it stands.',
    code: 'BAD_USER_INPUT',
  },
  'max systems reached': {
    message: 'max systems reached',
    type: 'MaxSystemsReached',
    description: 'The account has as many ad systems as LuaAuth allows it.',
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
      'The input names nothing to change. The gateway notices an input of the id alone without a REST call.',
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
    description: 'LuaAuth does not let an ad system be made for this project.',
    code: 'FORBIDDEN',
  },
  'invalid fields': {
    type: 'InvalidFields',
    description: 'LuaAuth found fields of the input invalid.',
    code: 'BAD_USER_INPUT',
    // It has the words of "not permitted", and may be said before anybody has looked at the key.
    provesKey: false,
  },
  'not permitted': {
    message: 'unauthorized or invalid request',
    type: 'NotPermitted',
    description:
      'The API key may not do this, or there is no such thing: LuaAuth does not tell the two apart.',
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

/** Refusals that a write can meet at any endpoint. */
export const REFUSALS_OF_ANY_WRITE = ['invalid fields', 'not permitted', 'undocumented'] as const;

/** The reasons, in the order of the rows. */
export const REASONS = Object.keys(REFUSALS) as readonly RefusalReason[];

/** The row of a reason. */
export function rowOf(reason: RefusalReason): RefusalRow {
  return REFUSALS[reason];
}

/** The failure envelope once read. */
export interface Refusal {
  readonly code: number;
  readonly message: string;
  readonly fields: readonly RefusedField[];
  readonly authorization: readonly string[];
}

/** The codes that an endpoint documents for itself, such as `{ 0: 'account expired' }`. */
export type DocumentedCodes = Readonly<Record<number, RefusalReason>>;

/** The meaning of the API's words, whatever the code: the same refusal has other codes at other endpoints. */
const BY_MESSAGE: ReadonlyMap<string | undefined, RefusalReason> = new Map(
  REASONS.map((reason) => [rowOf(reason).message, reason]),
);

/**
 * Finds the reason of a refusal: by its message first, then by the endpoint's own codes. A code that the endpoint does not document is
 * undocumented, also when another one does.
 */
export function reasonOf(refusal: Refusal, documented: DocumentedCodes): RefusalReason {
  const said = BY_MESSAGE.get(refusal.message.trim().toLowerCase());
  if (said === undefined) {
    const own = documented[refusal.code];
    if (own !== undefined) return own;
  } else if (rowOf(said).isGeneric || Object.values(documented).includes(said)) return said;
  // An authorization failure outweighs an invalid field: fixing the field would not help.
  if (refusal.authorization.length > 0) return 'not permitted';
  if (refusal.fields.length > 0) return 'invalid fields';
  return said === 'not permitted' ? said : 'undocumented';
}

/** Whether an endpoint has answered, but not with what was wanted: another endpoint may have it. */
export function isAnsweredWithout(error: unknown): boolean {
  return (error instanceof Refused || error instanceof BadResponse) && !error.transient;
}
