import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type ClientRequest, credentialsIn, type SentCredentials } from '../client-request.ts';
import { AbortSource, type Signal } from '../transport/call.ts';
import { OPERATION_PATH, type OwnPath } from './address.ts';
import { wasRead } from './body.ts';

export interface HttpRequest extends ClientRequest {
  readonly searchParams: URLSearchParams;
  /** The approximate memory of its URL and headers until it is answered. */
  readonly headBytes: number;
  /** The content type that the client sent. Yoga replaces it with JSON if the body was parsed in front of the gateway. */
  readonly contentType: string | null;
  /** The request of node:http. Undefined for a request by `fetch`. */
  readonly message?: IncomingMessage;
  /** Whether code in front of the gateway has read the message. */
  readonly wasRead?: boolean;
}

export class NodeRequest implements HttpRequest {
  readonly message: IncomingMessage;
  readonly method: string;
  readonly path: string;
  readonly searchParams: URLSearchParams;
  readonly headBytes: number;
  readonly contentType: string | null;
  readonly credentials: SentCredentials;
  readonly address: string;
  readonly socket: Socket;
  /** A stream of HTTP/2 must not pause the socket of all. */
  readonly source: Socket | undefined;
  readonly signal = new AbortSource();
  readonly wasRead: boolean;

  constructor(message: IncomingMessage, ownPath?: OwnPath) {
    const { method = '', url = '', headers, socket } = message;
    // Most requests are operations by POST, whose URL needs no parsing.
    const parsed = url === OPERATION_PATH ? undefined : urlOf(message);
    this.message = message;
    this.method = method;
    const path = parsed?.pathname ?? (url.split('?', 1)[0] as string);
    this.path = ownPath?.(path) ?? path;
    this.searchParams = parsed?.searchParams ?? NO_PARAMETERS;
    this.headBytes = headBytesOf(message);
    this.contentType = headers['content-type'] ?? null;
    this.credentials = credentialsIn(this.header('token'), headers.authorization ?? null);
    this.address = socket.remoteAddress ?? '';
    this.socket = socket;
    this.source = message.httpVersionMajor === 1 ? socket : undefined;
    this.wasRead = wasRead(message);
  }

  header(name: string): string | null {
    return headerOf(this.message, name);
  }
}

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
const NO_PARAMETERS = new URLSearchParams();

/** Undefined if host and path make no URL. */
function urlOf(message: IncomingMessage): URL | undefined {
  const { headers, url } = message;
  // Express keeps the full path here when the gateway is mounted.
  const { originalUrl = url } = message as { readonly originalUrl?: string };
  const text = `http://${headers.host ?? 'localhost'}${originalUrl}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}

export class FetchRequest implements HttpRequest {
  readonly address = '';
  readonly method: string;
  readonly path: string;
  readonly searchParams: URLSearchParams;
  readonly headBytes: number;
  readonly contentType: string | null;
  readonly credentials: SentCredentials;
  readonly #request: Request;

  constructor(request: Request, { pathname, searchParams, search }: URL, ownPath?: OwnPath) {
    this.#request = request;
    this.method = request.method;
    this.path = ownPath?.(pathname) ?? pathname;
    this.searchParams = searchParams;
    // The server of the Fetch API holds and bounds the headers.
    this.headBytes = search.length;
    this.contentType = request.headers.get('content-type');
    this.credentials = credentialsIn(this.header('token'), this.header('authorization'));
  }

  get signal(): Signal {
    return this.#request.signal;
  }

  header(name: string): string | null {
    return this.#request.headers.get(name);
  }
}
