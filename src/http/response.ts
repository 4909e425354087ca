import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { type ExecutionResult, GraphQLError } from 'graphql';
import type { WritableResult } from '../operation/pipeline.ts';
import { type MediaType, negotiateTypes } from './negotiation.ts';

/** The id of a request, from the client or back to it. */
export const REQUEST_ID = 'x-request-id';

const WELL_FORMED = /^[\w.-]{1,64}$/;

/** The id of a request: the client's own if it is 1 to 64 letters, digits or any of `_ . -`, else a new id. */
export function requestIdFor(given: string | string[] | null | undefined): string {
  const id = typeof given === 'string' ? given : randomUUID();
  // A new UUID is built from twenty pieces, which V8 would keep; the test joins them.
  return WELL_FORMED.test(id) ? id : randomUUID();
}

type Headers = Readonly<Record<string, string>>;

/** An HTTP response as plain values. */
export interface HttpResponse {
  readonly status: number;
  /** By names in lower case. */
  readonly headers: Headers;
  readonly body: string | Buffer | StreamedBody;
}

/** A body that is sent in parts. */
export interface StreamedBody {
  /** Sends the body after the head, and ends with the response. */
  sendTo(response: ServerResponse): void;
  destroy(): void;
}

export function isStreamed(body: HttpResponse['body']): body is StreamedBody {
  return typeof body !== 'string' && !Buffer.isBuffer(body);
}

export interface PlainResponse extends HttpResponse {
  readonly body: string;
}

/** Default headers of every response: no cache may keep answers, and browsers must not guess their type. */
export const COMMON_HEADERS: Headers = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** A string that waits for its client stays in V8's heap; a large one moves to a buffer outside the heap. */
const LARGE_LENGTH = 64 * 1024;

interface ReadyResponse {
  readonly response: ServerResponse;
  readonly answer: HttpResponse;
  readonly requestId?: string;
}

/** Sends a response at once, unless one has begun. */
export function sendResponse({ response, answer, requestId }: ReadyResponse): void {
  const { status, headers, body } = answer;
  if (response.headersSent || response.destroyed) {
    if (isStreamed(body)) body.destroy();
    return;
  }
  // node:http is fastest with an array of names and values.
  const all: string[] = [];
  for (const name in COMMON_HEADERS) {
    if (headers[name] === undefined) all.push(name, COMMON_HEADERS[name] as string);
  }
  for (const name in headers) all.push(name, headers[name] as string);
  if (typeof body !== 'string' && isStreamed(body)) {
    if (requestId !== undefined) all.push(REQUEST_ID, requestId);
    response.writeHead(status, all);
    body.sendTo(response);
    return;
  }
  const length = Buffer.byteLength(body);
  if (status !== NOT_MODIFIED && headers['content-length'] === undefined)
    all.push('content-length', String(length));
  if (requestId !== undefined) all.push(REQUEST_ID, requestId);
  const bytes = body.length > LARGE_LENGTH && typeof body === 'string' ? Buffer.from(body) : body;
  // Most answers are ASCII, which is the same in both encodings and faster in latin1.
  response.writeHead(status, all).end(bytes, length === body.length ? 'latin1' : 'utf8');
}

/** This status has no body and no content-length. */
const NOT_MODIFIED = 304;

interface WaitingResponse extends ReadyResponse {
  /** Called with the error if the response cannot be sent. */
  readonly onFailure: (error: unknown) => void;
}

let ready: WaitingResponse[] = [];

/**
 * Sends a response at the end of the turn of the event loop, together with all others that are ready. Writing to a socket
 * wakes the process behind it, which is expensive, and a process just woken need not be woken again. With 64 connections on
 * two cores this gave 1.2 to 1.4 times as many small answers.
 */
export function sendInTurn(response: WaitingResponse): void {
  if (ready.push(response) === 1) setImmediate(sendReady);
}

function sendReady(): void {
  const responses = ready;
  ready = [];
  for (const one of responses) {
    try {
      sendResponse(one);
    } catch (error) {
      // The other responses must still be sent.
      one.response.destroy();
      one.onFailure(error);
    }
  }
}

/** `extensions.http` of an error, as Yoga defines it. Clients do not see it. */
interface HttpExtension {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the status applies only to `application/graphql-response+json`. */
  readonly spec?: boolean;
  /** The status under `application/json`, if it differs. */
  readonly jsonStatus?: number;
}

/** Data with errors under `application/graphql-response+json`. Clients treat it as success, and logs can distinguish it. */
const PARTIAL_SUCCESS = 294;

/** The headers of most answers. */
const TYPES: Readonly<Record<MediaType, Headers>> = {
  'application/json': { 'content-type': 'application/json; charset=utf-8' },
  'application/graphql-response+json': { 'content-type': 'application/graphql-response+json; charset=utf-8' },
};

/**
 * Makes the response of a result by the GraphQL over HTTP draft of August 2026. The highest status of the result and its
 * errors counts. Under `application/json` it follows the earlier drafts.
 */
export function responseTo(result: WritableResult, mediaType: MediaType): PlainResponse {
  const { errors, extensions, stringify = JSON.stringify } = result;
  if (errors || extensions) return { ...responseHead(result, mediaType), body: stringifyResult(result) };
  return { status: 200, headers: TYPES[mediaType], body: stringify(result) };
}

/** The response to a request error, in the media type that the request prefers. */
export function errorResponse(error: GraphQLError, accept?: string | null): PlainResponse {
  return responseTo({ errors: [error] }, negotiateTypes(accept).answer ?? 'application/json');
}

export function responseHead(result: ExecutionResult, mediaType: MediaType): Omit<PlainResponse, 'body'> {
  const headers: Record<string, string> = { ...TYPES[mediaType] };
  const isPlainJson = mediaType === 'application/json';
  const { data, errors } = result;
  const isPartial = !isPlainJson && data !== undefined && errors !== undefined;
  let status = isPartial ? PARTIAL_SUCCESS : 0;
  const apply = (http: HttpExtension) => {
    Object.assign(headers, http.headers);
    const { status: asked = 0, jsonStatus = http.spec ? 0 : asked } = http;
    status = Math.max(status, isPlainJson ? jsonStatus : asked);
  };
  const ofResult = httpOf(result);
  if (ofResult) apply(ofResult);
  for (const error of errors ?? []) {
    const http = httpOf(error);
    if (http) apply(http);
    // Yoga marks an error that it made of another thrown value, such as a text.
    else if (error.extensions?.unexpected && data === undefined) status = Math.max(status, 500);
  }
  return { status: status || 200, headers };
}

/** The JSON of a result, without the members for HTTP. */
export function stringifyResult(result: WritableResult): string {
  const { stringify = JSON.stringify } = result;
  return stringify(shownResult(result));
}

/** A result without the members for HTTP. Functions are not part of its JSON. */
export function shownResult(result: WritableResult): WritableResult {
  if (!result.errors && !httpOf(result)) return result;
  const shown = { ...result, extensions: forClients(result.extensions) };
  if (result.errors) Object.assign(shown, { errors: result.errors.map(shownError) });
  return shown;
}

/** Whether the result is a failure without data, which ends a stream. */
export function isFailure({ data, errors }: ExecutionResult): boolean {
  return errors !== undefined && data === undefined;
}

type Extensions = Readonly<Record<string, unknown>>;

function httpOf({ extensions }: { readonly extensions?: Extensions }): HttpExtension | undefined {
  return extensions?.http as HttpExtension | undefined;
}

function forClients(extensions: Extensions | undefined): Extensions | undefined {
  if (!extensions || !('http' in extensions || 'unexpected' in extensions)) return extensions;
  const { http: _http, unexpected: _unexpected, ...others } = extensions;
  return Object.keys(others).length > 0 ? others : undefined;
}

function shownError(error: GraphQLError): object {
  if (!(error instanceof GraphQLError)) return error;
  const formatted = error.toJSON();
  return { ...formatted, extensions: forClients(formatted.extensions) };
}
