import type { About } from '../transport/call.ts';
import { BadResponse, CallFailure } from '../transport/errors.ts';

/** A field that the API found invalid, by its wire name. */
export interface RefusedField {
  readonly field: string;
  readonly messages: readonly string[];
}

/**
 * The API answered and said no (`upstream-api.md`, "failure"). `reason` names what it documents; a code that is not
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

  /** `unhealthy`: the HTTP status says that the API as a whole is in trouble. */
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
    this.provesKey = PROVING.has(reason);
  }
}

/** What the API says only to who is somebody; the others it may say to anyone. */
const PROVING: ReadonlySet<RefusalReason> = new Set([
  'invalid fields',
  'account expired',
  'nothing to edit',
  'tier too low',
  'discord already linked',
  'already blacklisted',
  'not blacklisted',
  'undocumented',
]);

export type RefusalReason =
  | 'internal server error'
  | 'invalid endpoint'
  | 'not permitted'
  | 'invalid fields'
  | 'account expired'
  | 'nothing to edit'
  | 'tier too low'
  | 'discord already linked'
  | 'already blacklisted'
  | 'not blacklisted'
  | 'undocumented';

/** The failure envelope once read. */
export interface Refusal {
  readonly code: number;
  readonly message: string;
  readonly fields: readonly RefusedField[];
  readonly authorization: readonly string[];
}

/** The codes that an endpoint documents for itself, such as `{ 0: 'account expired' }`. */
export type DocumentedCodes = Readonly<Record<number, RefusalReason>>;

/** What the API's words mean, whatever the code: the same refusal has other codes at other endpoints. */
const BY_MESSAGE: ReadonlyMap<string, RefusalReason> = new Map<string, RefusalReason>([
  ['internal server error', 'internal server error'],
  ['invalid endpoint', 'invalid endpoint'],
  ['unauthorized or invalid request', 'not permitted'],
  ['account expired', 'account expired'],
  ['cannot edit nothing', 'nothing to edit'],
  ['tier does not allow ffa mode', 'tier too low'],
  ['key already exists with this discord', 'discord already linked'],
  ['user already blacklisted', 'already blacklisted'],
  ['user not blacklisted', 'not blacklisted'],
]);

/** What every endpoint may say. */
const GENERIC: ReadonlySet<RefusalReason> = new Set(['internal server error', 'invalid endpoint']);

/**
 * What a refusal means: by its message first, then by the endpoint's own codes. What the endpoint does not document is
 * undocumented, also when another one does.
 */
export function reasonOf(refusal: Refusal, documented: DocumentedCodes): RefusalReason {
  const said = BY_MESSAGE.get(refusal.message.trim().toLowerCase());
  if (said === undefined) {
    const own = documented[refusal.code];
    if (own !== undefined) return own;
  } else if (GENERIC.has(said) || Object.values(documented).includes(said)) return said;
  // An authorization failure outweighs an invalid field: fixing the field would not help.
  if (refusal.authorization.length > 0) return 'not permitted';
  if (refusal.fields.length > 0) return 'invalid fields';
  return said === 'not permitted' ? said : 'undocumented';
}

/** Whether an endpoint has answered, but not with what was wanted: another endpoint may have it. */
export function isAnsweredWithout(error: unknown): boolean {
  return (error instanceof Refused || error instanceof BadResponse) && !error.transient;
}

export function isRateLimit(refusal: Refusal): boolean {
  return refusal.code === -1 && refusal.message.trim().toLowerCase() === 'ratelimited';
}
