/** What `extensions.code` can say, next to GraphQL's usual ones. */
export type ErrorCode =
  | 'INTERNAL_SERVER_ERROR'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'BAD_USER_INPUT'
  | 'RATE_LIMITED'
  | 'UPSTREAM_TIMEOUT'
  | 'UPSTREAM_UNAVAILABLE'
  | 'UPSTREAM_BAD_RESPONSE'
  | 'UPSTREAM_ERROR'
  | 'COORDINATION_LOST'
  | RequestErrorCode
  | DocumentErrorCode
  | LimitCode;

/** What can be wrong with a request before there is an operation to look at. */
export type RequestErrorCode =
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
  | 'UNSUPPORTED_MEDIA_TYPE';

/** What can be wrong with a document that is asked for by its id, or that is not in the list. */
export type DocumentErrorCode =
  | 'PERSISTED_DOCUMENT_NOT_FOUND'
  | 'PERSISTED_DOCUMENTS_OFF'
  | 'PERSISTED_DOCUMENTS_ONLY'
  | 'PERSISTED_QUERY_NOT_FOUND'
  | 'PERSISTED_QUERY_NOT_SUPPORTED';

/** A request asks for more than is allowed: one for each limit. */
export type LimitCode =
  | 'DOCUMENT_TOO_LARGE'
  | 'TOO_MANY_TOKENS'
  | 'TOO_DEEP'
  | 'TOO_MANY_ALIASES'
  | 'TOO_MANY_DIRECTIVES'
  | 'TOO_MANY_ROOT_FIELDS'
  | 'ALIAS_TOO_LONG'
  | 'OPERATION_TOO_EXPENSIVE'
  | 'ANSWER_TOO_LARGE'
  | 'TOO_MANY_STREAMS'
  | 'TOO_MANY_LIVE_SCRIPTS'
  | 'TOO_MANY_OPERATIONS';
