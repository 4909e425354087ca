import type { IncomingMessage, ServerResponse } from 'node:http';
import { AbortSource } from '../base/signal.ts';
import { type ClientRequest, credentialsIn } from '../client-request.ts';
import type { Reservation } from '../gate/memory.ts';
import type { RequestRecord } from '../observability/request-record.ts';
import type { ResultStream } from '../operation/result-stream.ts';
import type { OwnPath } from './address.ts';
import { wasRead } from './body.ts';
import type { AcceptedTypes } from './negotiation.ts';

export interface HttpRequest extends ClientRequest {
  /** The approximate memory of its URL and headers until it is answered. */
  readonly headBytes: number;
  /** The content type that the client sent. Yoga replaces it with JSON if the body was parsed in front of the gateway. */
  readonly contentType: string | null;
  /** The request of node:http. Undefined for a request by `fetch`. */
  readonly message?: IncomingMessage;
  /** Whether code in front of the gateway has read the message. */
  readonly wasRead?: boolean;
}

export interface NodeRequest extends HttpRequest {
  readonly signal: AbortSource;
  readonly message: IncomingMessage;
}

/** A request and what the gateway knows about it, from its arrival to its answer. */
export type Exchange = (ByNode | ByFetch) & ExchangeState;

interface ByNode {
  readonly request: NodeRequest;
  readonly response: ServerResponse;
}

interface ByFetch {
  readonly request: HttpRequest;
  readonly response?: undefined;
}

interface ExchangeState {
  readonly record: RequestRecord;
  readonly wants: AcceptedTypes;
  /** The reserved memory of the body, until the pipeline takes it over. */
  reservation?: Reservation | undefined;
  /** The results of a subscription. */
  results?: ResultStream;
}

/** Ends the results that no client receives. */
export function abandon({ results }: Exchange): void {
  void results?.return?.();
}

/** What Yoga hands to every hook. */
export interface ServerContext {
  readonly exchange: Exchange;
}

export function nodeRequest(message: IncomingMessage, ownPath: OwnPath = asItIs): NodeRequest {
  const { method = '', url = '', socket } = message;
  // Express keeps the full path here when the gateway is mounted.
  const { originalUrl = url } = message as { readonly originalUrl?: string };
  const header = (name: string) => headerOf(message, name);
  return {
    message,
    method,
    path: ownPath(originalUrl.split('?', 1)[0] as string),
    headBytes: headBytesOf(message),
    contentType: header('content-type'),
    credentials: credentialsIn(header('token'), header('authorization')),
    address: socket.remoteAddress ?? '',
    socket,
    signal: new AbortSource(),
    wasRead: wasRead(message),
    header,
  };
}

const asItIs: OwnPath = (path) => path;

/** A header by its name in lower case. */
export function headerOf({ headers }: IncomingMessage, name: string): string | null {
  const value = headers[name];
  return (Array.isArray(value) ? value.join(', ') : value) ?? null;
}

/** The approximate memory of a request's URL and headers. */
export function headBytesOf({ url = '', rawHeaders }: IncomingMessage): number {
  let bytes = url.length + (rawHeaders.length / 2) * HEADER_BYTES;
  for (const text of rawHeaders) bytes += text.length;
  return bytes;
}

/**
 * The memory of a header beside its text, as bytes of a body: two strings in an array and an entry of an object take
 * `HEAP_PER_BYTE` times as many bytes of heap.
 */
const HEADER_BYTES = 16;

/** @param url - of the request */
export function fetchRequest(
  { method, headers, signal }: Request,
  { pathname, search }: URL,
  ownPath: OwnPath = asItIs,
): HttpRequest {
  const header = (name: string) => headers.get(name);
  return {
    method,
    path: ownPath(pathname),
    // The server of the Fetch API holds and bounds the headers.
    headBytes: search.length,
    contentType: header('content-type'),
    credentials: credentialsIn(header('token'), header('authorization')),
    address: '',
    signal,
    header,
  };
}
