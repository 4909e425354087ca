import { GraphQLError } from 'graphql';
import type { LimitCode } from './limits/over-limit.ts';
import { ID_FORM } from './luaauth/id.ts';
import { type RefusalReason, Refused } from './luaauth/refusal.ts';
import {
  BadResponse,
  CallFailure,
  ClientLeft,
  RateLimited,
  TimedOut,
  Unavailable,
} from './transport/failure.ts';

/** What `extensions.code` can say, next to GraphQL's usual ones. */
export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'BAD_USER_INPUT'
  | 'RATE_LIMITED'
  | 'UPSTREAM_TIMEOUT'
  | 'UPSTREAM_UNAVAILABLE'
  | 'UPSTREAM_BAD_RESPONSE'
  | 'UPSTREAM_ERROR'
  | RequestErrorCode
  | DocumentErrorCode
  | LimitCode;

/** What can be wrong with a request before there is an operation to look at. */
export type RequestErrorCode =
  | 'BAD_REQUEST'
  | 'BODY_TOO_LARGE'
  | 'CSRF_PREVENTED'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_ACCEPTABLE'
  | 'NOT_FOUND'
  | 'REQUEST_TIMEOUT'
  | 'SHUTTING_DOWN'
  | 'UNSUPPORTED_MEDIA_TYPE';

/** What can be wrong with a document that is asked for by its id, or that is not in the list. */
export type DocumentErrorCode =
  | 'PERSISTED_DOCUMENT_NOT_FOUND'
  | 'PERSISTED_DOCUMENTS_OFF'
  | 'PERSISTED_DOCUMENTS_ONLY'
  | 'PERSISTED_QUERY_NOT_FOUND'
  | 'PERSISTED_QUERY_NOT_SUPPORTED';

/** A refusal as the schema's types show it: what any write can meet, and what only editing can. */
export type RefusalResult = CommonRefusal | EditRefusal;
export type EditRefusal = {
  readonly type: 'AccountExpired' | 'NothingToEdit' | 'TierTooLow';
  readonly message: string;
};
export type CommonRefusal =
  | { readonly type: 'InvalidFields'; readonly message: string; readonly fields: readonly InvalidField[] }
  | { readonly type: 'NotPermitted'; readonly message: string; readonly reasons: readonly string[] }
  | { readonly type: 'UnknownRefusal'; readonly message: string; readonly code: number };

export interface InvalidField {
  readonly path: readonly string[];
  readonly messages: readonly string[];
}

/** The GraphQL input field behind each wire field of a mutation: `{ free_for_all: 'freeForAll' }`. */
export type InputNames = Readonly<Record<string, string>>;

/** A request that is refused as a whole: the answer has this HTTP status, whatever media type the client prefers. */
export function requestError(
  code: RequestErrorCode,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): GraphQLError {
  return codedError(code, message, { http: { status, headers } });
}

/** It travels like a validation error: with this status, or with 200 under `application/json`. */
export function documentError(code: DocumentErrorCode, status: number, message: string): GraphQLError {
  return codedError(code, message, { http: { spec: true, status } });
}

export function unauthenticated(message: string): GraphQLError {
  return codedError('UNAUTHENTICATED', message);
}

/** `argument` is the path of the offending value, such as `input.id` or `ids[3]`; `problem` says what is allowed. */
export function badUserInput(argument: string, problem: string): GraphQLError {
  return codedError('BAD_USER_INPUT', `${argument}: ${problem}`, { argument });
}

export function badId(argument: string, given: string): GraphQLError {
  return badUserInput(argument, `${quote(given)} is not an id. An id is ${ID_FORM}.`);
}

/** A refusal of a mutation that the schema has a type for; undefined for everything else. */
export function asRefusal(error: unknown, names: InputNames): RefusalResult | undefined {
  if (!(error instanceof Refused)) return undefined;
  const { code } = error;
  const message = error.message || error.reason;
  switch (error.reason) {
    case 'account expired':
      return { type: 'AccountExpired', message };
    case 'nothing to edit':
      return { type: 'NothingToEdit', message };
    case 'tier too low':
      return { type: 'TierTooLow', message };
    case 'invalid fields':
      return { type: 'InvalidFields', message, fields: error.fields.map((field) => named(field, names)) };
    case 'not permitted':
      return { type: 'NotPermitted', message, reasons: error.authorization };
    case 'undocumented':
      return { type: 'UnknownRefusal', message, code };
    case 'internal server error':
    case 'invalid endpoint':
      return undefined;
  }
}

/** What a client sees of anything that was thrown: known failures with their code, the rest masked. */
export function maskError(error: unknown, maskedMessage: string): Error {
  const located = error instanceof GraphQLError ? error : undefined;
  const original = located?.originalError ?? error;
  if (original instanceof CallFailure) return at(located, describe(original));
  if (located && (original === located || original instanceof GraphQLError)) {
    // GraphQL itself gives no code to what only variables can do, such as null for the `if` of @include.
    located.extensions.code ??= 'BAD_USER_INPUT';
    return located;
  }
  return at(located, codedError('INTERNAL_SERVER_ERROR', maskedMessage));
}

/** Whether an error is part of normal operation, so that nobody has to be told in the log. */
export function isExpected(error: unknown): boolean {
  return error instanceof GraphQLError
    ? isExpected(error.originalError ?? null)
    : error instanceof CallFailure;
}

function describe(failure: CallFailure): GraphQLError {
  const { endpoint } = failure;
  const outcome = failure.kind === 'write' ? { outcome: OUTCOME[failure.executed] } : {};
  const advice = failure.kind === 'write' ? ADVICE[failure.executed] : '';
  const say = (code: ErrorCode, message: string, facts: object = {}) =>
    codedError(code, `${endpoint}: ${message}.${advice}`, { endpoint, ...outcome, ...facts });

  if (failure instanceof Refused) {
    const message = `LuaAuth refused: ${failure.message || failure.reason}`;
    return say(REFUSAL_CODES[failure.reason], message, refusalFacts(failure));
  }
  if (failure instanceof RateLimited) {
    return say('RATE_LIMITED', failure.message, { retryAfterMs: failure.retryAfterMs ?? null });
  }
  if (failure instanceof TimedOut || failure instanceof ClientLeft)
    return say('UPSTREAM_TIMEOUT', failure.message);
  if (failure instanceof Unavailable) return say('UPSTREAM_UNAVAILABLE', failure.message);
  if (failure instanceof BadResponse) return say('UPSTREAM_BAD_RESPONSE', failure.message);
  return say('UPSTREAM_ERROR', failure.message);
}

const OUTCOME = { no: 'NOT_EXECUTED', unknown: 'UNKNOWN' } as const;

const ADVICE = {
  no: ' Nothing was changed; it is safe to try again.',
  unknown: ' Whether it was carried out is unknown: read the script before you try again.',
} as const;

const REFUSAL_CODES: Readonly<Record<RefusalReason, ErrorCode>> = {
  'not permitted': 'FORBIDDEN',
  'invalid fields': 'BAD_USER_INPUT',
  'account expired': 'FORBIDDEN',
  'tier too low': 'FORBIDDEN',
  'nothing to edit': 'BAD_USER_INPUT',
  'internal server error': 'UPSTREAM_ERROR',
  'invalid endpoint': 'UPSTREAM_ERROR',
  undocumented: 'UPSTREAM_ERROR',
};

function refusalFacts(failure: Refused): object {
  switch (failure.reason) {
    case 'not permitted':
      return { reasons: failure.authorization };
    case 'invalid fields':
      return { fields: failure.fields };
    default:
      return { upstreamCode: failure.code };
  }
}

function named(refused: Refused['fields'][number], names: InputNames): InvalidField {
  const field = Object.hasOwn(names, refused.field) ? names[refused.field] : refused.field;
  return { path: field ? ['input', field] : ['input'], messages: refused.messages };
}

function codedError(
  code: ErrorCode | 'INTERNAL_SERVER_ERROR',
  message: string,
  facts: object = {},
): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...facts } });
}

/** The same error at the place in the document and the answer where the original was. */
function at(located: GraphQLError | undefined, error: GraphQLError): GraphQLError {
  const { nodes, source, positions, path } = located ?? {};
  return new GraphQLError(error.message, { nodes, source, positions, path, extensions: error.extensions });
}

/** A value as given, on one line and at no length, for a message. */
function quote(given: string): string {
  return JSON.stringify(given.length <= 60 ? given : `${given.slice(0, 59)}…`);
}
