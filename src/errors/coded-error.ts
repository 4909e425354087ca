import { type ASTNode, GraphQLError } from 'graphql';
import { withoutStacks } from '../transport/errors.ts';

export type ErrorCode =
  | 'GRAPHQL_VALIDATION_FAILED'
  | 'INTERNAL_SERVER_ERROR'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'BAD_USER_INPUT'
  | 'RATE_LIMITED'
  | 'UPSTREAM_TIMEOUT'
  | 'UPSTREAM_UNAVAILABLE'
  | 'UPSTREAM_BAD_RESPONSE'
  | 'UPSTREAM_ERROR'
  // A request is wrong before its operation is read.
  | 'BAD_REQUEST'
  | 'BODY_TOO_LARGE'
  | 'CSRF_PREVENTED'
  | 'HOST_NOT_ALLOWED'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_ACCEPTABLE'
  | 'NOT_FOUND'
  | 'ORIGIN_NOT_ALLOWED'
  | 'OVERLOADED'
  | 'REQUEST_TIMEOUT'
  | 'SHUTTING_DOWN'
  | 'UNSUPPORTED_MEDIA_TYPE'
  // A document is run by id, or must be listed.
  | 'PERSISTED_DOCUMENT_NOT_FOUND'
  | 'PERSISTED_DOCUMENTS_OFF'
  | 'PERSISTED_DOCUMENTS_ONLY'
  | 'PERSISTED_QUERY_NOT_FOUND'
  | 'PERSISTED_QUERY_NOT_SUPPORTED'
  // A limit is exceeded.
  | 'DOCUMENT_TOO_LARGE'
  | 'OPERATION_TOO_LARGE'
  | 'TOO_DEEP'
  | 'ALIAS_TOO_LONG'
  | 'OPERATION_TOO_EXPENSIVE'
  | 'ANSWER_TOO_LARGE'
  | 'TOO_MANY_STREAMS'
  | 'TOO_MANY_LIVE_SCRIPTS'
  | 'TOO_MANY_OPERATIONS';

/** Has no stack: some errors are cached with their document, and a stack would keep variables in memory. */
export function codedError(
  code: ErrorCode,
  message: string,
  facts: object = {},
  nodes?: readonly ASTNode[],
): GraphQLError {
  return withoutStacks(() => new GraphQLError(message, { nodes, extensions: { code, ...facts } }));
}

/** The answer has this HTTP status for every media type. */
export function requestError(
  code: ErrorCode,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
  facts: object = {},
): GraphQLError {
  return codedError(code, message, { http: { status, headers }, ...facts });
}

export const OVERLOADED = requestError(
  'OVERLOADED',
  503,
  'The gateway has no capacity for this request now. Nothing was carried out: send it again in a moment.',
  { 'retry-after': '1' },
  { outcome: 'NOT_EXECUTED' },
);

/** JSON that is no valid request: 422, or 400 under `application/json`, as older drafts of GraphQL over HTTP require. */
export const MALFORMED = { status: 422, jsonStatus: 400 } as const;

export function malformedRequest(message: string): GraphQLError {
  return codedError('BAD_REQUEST', message, { http: MALFORMED });
}

/** The status of an operation that cannot run: 422, or 200 under `application/json`. */
export const CANNOT_RUN = { spec: true, status: 422 } as const;

/** The status is 200 under `application/json`, like a validation error. */
export function documentError(code: ErrorCode, status: number, message: string): GraphQLError {
  return codedError(code, message, { http: { spec: true, status } });
}

/** `argument` is the path of the value, such as `input.id` or `ids[3]`; `problem` says what is allowed. */
export function badUserInput(argument: string, problem: string): GraphQLError {
  return codedError('BAD_USER_INPUT', `${argument}: ${problem}`, { argument });
}
