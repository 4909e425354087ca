import type { OperationTypeNode } from 'graphql';
import { requestError } from '../errors/coded-error.ts';
import type { ClientRequest } from '../observability/request-record.ts';
import { isJson } from './media-type.ts';

/**
 * Headers that a page of another origin cannot send without the browser asking first (a CORS preflight), which this
 * gateway does not grant. All but the first are what clients of others' servers send.
 */
export const PREFLIGHT_HEADERS = [
  'x-graphql-csrf',
  'graphql-require-preflight',
  'x-graphql-yoga-csrf',
  'apollo-require-preflight',
  'x-apollo-operation-name',
] as const;

/**
 * Refuses an operation that its method may not carry: a mutation by GET, and a query by GET that a page of another origin
 * could have sent unasked. A POST needs no such header: its content type, which must be application/json, has the same
 * effect. @throws BAD_REQUEST, CSRF_PREVENTED
 */
export function checkMethod(operation: OperationTypeNode, request: ClientRequest): void {
  if (request.method !== 'GET') return;
  if (operation === 'mutation') throw MUTATION_BY_GET;
  if (!isPreflighted(request)) throw UNGUARDED_GET;
}

/** A key does as well. Of the schemes of `authorization` only Bearer: browsers send what they know of others unasked. */
function isPreflighted(request: ClientRequest): boolean {
  return (
    isJson(request.header('content-type') ?? '') ||
    Boolean(request.header('token')) ||
    /^Bearer +\S/i.test(request.header('authorization') ?? '') ||
    PREFLIGHT_HEADERS.some((name) => Boolean(request.header(name)))
  );
}

const MUTATION_BY_GET = requestError(
  'BAD_REQUEST',
  405,
  'Can only perform a mutation operation from a POST request.',
  { Allow: 'POST' },
);

const UNGUARDED_GET = requestError(
  'CSRF_PREVENTED',
  400,
  `A GET request needs a header that a page of another origin cannot send unasked. Add "${PREFLIGHT_HEADERS[0]}: 1", or POST the operation as application/json.`,
);
