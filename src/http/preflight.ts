import { getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { requestError } from '../errors.ts';
import { isJson } from './media-type.ts';

/**
 * Headers that a page of another origin cannot send without the browser asking first (a CORS preflight), which this
 * gateway does not grant. The last two are what Apollo's clients send.
 */
export const PREFLIGHT_HEADERS = [
  'x-graphql-csrf',
  'apollo-require-preflight',
  'x-apollo-operation-name',
] as const;

/**
 * Keeps pages of other origins from running queries by GET. A POST needs no such header: its content type, which must
 * be application/json, has the same effect. It looks at the operation because a mutation is told about its method
 * instead, by Yoga.
 */
export function createGetGuard(): Plugin {
  return {
    onParse() {
      return ({ result, context: { request, params } }) => {
        if (request?.method !== 'GET' || result instanceof Error || isPreflighted(request.headers)) return;
        if (getOperationAST(result, params?.operationName)?.operation === 'mutation') return;
        throw requestError(
          'CSRF_PREVENTED',
          400,
          `A GET request needs a header that a page of another origin cannot send unasked. Add "${PREFLIGHT_HEADERS[0]}: 1", or POST the operation as application/json.`,
        );
      };
    },
  };
}

function isPreflighted(headers: Headers): boolean {
  return (
    isJson(headers.get('content-type') ?? '') || PREFLIGHT_HEADERS.some((name) => Boolean(headers.get(name)))
  );
}
