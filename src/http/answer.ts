import type { ServerResponse } from 'node:http';
import type { GraphQLError } from 'graphql';
import { together } from '../transport/together.ts';
import { REQUEST_ID, requestIdOf } from './request-id.ts';

/** An answer that was made without Yoga: to a plugin's early end, to a node:http response, to a bare socket. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What every answer carries unless it has its own: answers are for one caller only, and JSON is nothing but JSON. */
export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

/** The answer for an error of `requestError`, in the media type that the request's `accept` header prefers. */
export function errorAnswer(error: GraphQLError, accept?: string | null): Answer {
  const { http, ...extensions } = error.extensions as { http: { status: number; headers: object } };
  const mediaType = accept?.includes('application/graphql-response+json')
    ? 'application/graphql-response+json'
    : 'application/json';
  return {
    status: http.status,
    headers: { 'content-type': `${mediaType}; charset=utf-8`, ...http.headers },
    body: JSON.stringify({ errors: [{ message: error.message, extensions }] }),
  };
}

/** Sends an answer past Yoga; one that has begun already goes on as it is. */
export function sendAnswer(response: ServerResponse, { status, headers, body }: Answer): void {
  if (response.headersSent || response.destroyed) return;
  const all = { ...COMMON_HEADERS, ...headers, 'content-length': Buffer.byteLength(body) };
  const id = requestIdOf(response);
  response.writeHead(status, id === undefined ? all : { ...all, [REQUEST_ID]: id }).end(body);
}

/** The same for the most common answer, a JSON text with the status 200. */
export function sendJson(response: ServerResponse, contentType: string, body: string): void {
  sendLater({ response, contentType, body });
}

interface JsonAnswer {
  readonly response: ServerResponse;
  readonly contentType: string;
  readonly body: string;
}

const sendLater = together<JsonAnswer>(sendNow, ({ response }) => response.destroy());

const COMMON = Object.entries(COMMON_HEADERS).flat();

/** In the form that node:http is fastest with. */
function sendNow({ response, contentType, body }: JsonAnswer): void {
  if (response.headersSent || response.destroyed) return;
  const length = String(Buffer.byteLength(body));
  const headers = [...COMMON, 'content-type', contentType, 'content-length', length];
  const id = requestIdOf(response);
  if (id !== undefined) headers.push(REQUEST_ID, id);
  response.writeHead(200, headers).end(body);
}
