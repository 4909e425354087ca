import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { GraphQLError } from 'graphql';
import type { WritableResult } from '../operation/pipeline.ts';
import { type MediaType, negotiateTypes } from './negotiation.ts';
import { type Headers, responseHead, stringifyResult } from './shown-result.ts';

export const REQUEST_ID = 'x-request-id';

const WELL_FORMED = /^[\w.-]{1,64}$/;

/** The id of a request: the client's own if it is 1 to 64 letters, digits or any of `_ . -`, else a new id. */
export function requestIdFor(given: string | string[] | null | undefined): string {
  const id = typeof given === 'string' ? given : randomUUID();
  // V8 builds a new UUID from twenty pieces and would keep them. Testing it with the pattern joins them.
  return WELL_FORMED.test(id) ? id : randomUUID();
}

export interface HttpResponse<Body = string | NonSharedBuffer> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export type PlainResponse = HttpResponse<string>;

/** Default headers of every response: no cache may keep answers, and browsers must not guess their type. */
export const COMMON_HEADERS: Headers = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** A string that waits for its client stays in V8's heap; a large one moves to a buffer outside the heap. */
const LARGE_LENGTH = 64 * 1024;

export interface FetchAPI {
  readonly Response: typeof globalThis.Response;
}

/** A response of Yoga's hooks. */
export function responseFor(
  { status, headers, body }: HttpResponse<string | NonSharedBuffer | Readable>,
  { Response }: FetchAPI,
): Response {
  // Yoga changes the headers that it is given.
  const all: Record<string, string> = { ...COMMON_HEADERS, ...headers };
  const isLarge = typeof body === 'string' && body.length > LARGE_LENGTH;
  // The types of the Fetch API lack Node's streams, which Yoga's responses accept.
  return new Response((isLarge ? Buffer.from(body) : body) as BodyInit, { status, headers: all });
}

/** Sends a response that does not come from Yoga, unless one has begun. */
export function sendResponse(
  response: ServerResponse,
  { status, headers, body }: HttpResponse,
  requestId?: string,
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    ...COMMON_HEADERS,
    ...headers,
    'content-length': String(Buffer.byteLength(body)),
    ...(requestId !== undefined && { [REQUEST_ID]: requestId }),
  });
  response.end(body);
}

/**
 * Follows the GraphQL over HTTP draft of August 2026. The highest status of the result and its errors counts. Under
 * `application/json` it follows the earlier drafts.
 */
export function responseTo(result: WritableResult, mediaType: MediaType): PlainResponse {
  return { ...responseHead(result, mediaType), body: stringifyResult(result) };
}

/** The response to a request error, in the media type that the request prefers. */
export function errorResponse(error: GraphQLError, accept?: string | null): PlainResponse {
  return responseTo({ errors: [error] }, negotiateTypes(accept).answer ?? 'application/json');
}
