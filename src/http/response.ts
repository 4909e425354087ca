import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { batchWrites } from '../transport/batched-writes.ts';
import type { Encoding } from './media-type.ts';

/** Carries the name of a request, from the client or back to it. */
export const REQUEST_ID = 'x-request-id';

const WELL_FORMED = /^[\w.-]{1,64}$/;

/** The id of a request: the client's own if it is 1 to 64 letters, digits or any of `_ . -`, else a new one. */
export function requestIdFor(given: string | string[] | null | undefined): string {
  return typeof given === 'string' && WELL_FORMED.test(given) ? given : randomUUID();
}

/** A response that is made without Yoga: to a plugin's early end, to node:http, to a bare socket. */
export interface PlainResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What every response carries unless it has its own: answers are for one caller only, and JSON is nothing but JSON. */
export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

/** Sends a response past Yoga; one that has begun already goes on as it is. */
export function sendResponse(
  response: ServerResponse,
  { status, headers, body }: PlainResponse,
  requestId?: string,
): void {
  if (response.headersSent || response.destroyed) return;
  const all = { ...COMMON_HEADERS, ...headers, 'content-length': Buffer.byteLength(body) };
  response
    .writeHead(status, requestId === undefined ? all : { ...all, [REQUEST_ID]: requestId })
    .end(bytesOf(body));
}

const LARGE_LENGTH = 64 * 1024;

/**
 * What to send of a text. One that waits until its client has read it stays in V8's heap; a large one is better kept
 * where there is more room.
 */
export function bytesOf(body: string): string | Buffer {
  return body.length > LARGE_LENGTH ? Buffer.from(body) : body;
}

/** The most common response: JSON text with the status 200. */
export interface JsonResponse {
  readonly response: ServerResponse;
  readonly contentType: string;
  /** Of `bytesOf`. */
  readonly body: string | Buffer;
  readonly requestId: string;
  /** How the body is compressed. */
  readonly encoding?: Encoding | undefined;
}

/** Sends it with all that are ready in the same turn of the event loop. One that cannot be sent is cut off. */
export const sendJson = batchWrites<JsonResponse>(sendNow, ({ response }) => response.destroy());

const COMMON = Object.entries(COMMON_HEADERS).flat();

/** In the form that node:http is fastest with. */
function sendNow({ response, contentType, body, requestId, encoding }: JsonResponse): void {
  if (response.headersSent || response.destroyed) return;
  const length = Buffer.byteLength(body);
  const headers = [
    ...COMMON,
    'content-type',
    contentType,
    'content-length',
    String(length),
    REQUEST_ID,
    requestId,
  ];
  // No cache may keep it, so none needs to know by `vary` what it depends on.
  if (encoding !== undefined) headers.push('content-encoding', encoding);
  // ASCII, which most answers are, is the same in both and faster in this one.
  response.writeHead(200, headers).end(body, length === body.length ? 'latin1' : 'utf8');
}
