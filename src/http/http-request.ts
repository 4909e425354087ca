import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientRequest, SentCredentials } from '../observability/request-record.ts';
import { AbortSource, type Signal } from '../transport/signal.ts';
import { OPERATION_PATH } from './address.ts';
import { type BodyLease, type BodyReader, readNodeBody, readWebBody, type Weighed } from './client-body.ts';

/** One HTTP request of plain values, as an adapter hands it over. */
export interface HttpRequest extends ClientRequest {
  readonly searchParams: URLSearchParams;
  /** As it was sent: of a body that was parsed in front of the gateway, Yoga says everywhere that it was JSON. */
  readonly contentType: string | null;
  /** Gives the reader's result for at most `limit` bytes of the body. @throws as `readNodeBody` does */
  readBody<Read extends Weighed>(limit: number, lease: BodyLease, reader: BodyReader<Read>): Promise<Read>;
}

/** The headers in which a client can send a key. Read nowhere else: the log hides what is read here. */
export function credentialsIn(request: Pick<ClientRequest, 'header'>): SentCredentials {
  return {
    token: request.header('token') ?? undefined,
    bearer: request.header('authorization')?.replace(/^Bearer(?: +|$)/i, ''),
  };
}

/** A view of a node:http request. */
export class NodeRequest implements HttpRequest {
  readonly message: IncomingMessage;
  readonly method: string;
  readonly path: string;
  readonly searchParams: URLSearchParams;
  readonly contentType: string | null;
  readonly credentials: SentCredentials;
  readonly address: string;
  readonly signal = new AbortSource();
  readonly #response: ServerResponse;

  constructor(message: IncomingMessage, response: ServerResponse) {
    const { method = '', url = '', headers, socket } = message;
    // Most requests are operations by POST, whose URL says nothing further.
    const parsed = url === OPERATION_PATH ? undefined : urlOf(message);
    this.message = message;
    this.method = method;
    this.path = parsed?.pathname ?? (url.split('?', 1)[0] as string);
    this.searchParams = parsed?.searchParams ?? NO_PARAMETERS;
    this.contentType = headers['content-type'] ?? null;
    this.credentials = credentialsIn(this);
    this.address = socket.remoteAddress ?? '';
    this.#response = response;
  }

  /** To be called when its response is closed: what goes on for a client that has left is aborted. */
  close(): void {
    if (!this.#response.writableFinished) this.signal.abort();
  }

  header(name: string): string | null {
    const value = this.message.headers[name];
    return (Array.isArray(value) ? value.join(', ') : value) ?? null;
  }

  readBody<Read extends Weighed>(limit: number, lease: BodyLease, reader: BodyReader<Read>): Promise<Read> {
    return readNodeBody(this.message, limit, lease, reader);
  }
}

const NO_PARAMETERS = new URLSearchParams();

/** Undefined: host and path make no URL. */
function urlOf(message: IncomingMessage): URL | undefined {
  const { headers, url } = message;
  // Express keeps there what it cuts off of a path where the gateway is mounted.
  const { originalUrl = url } = message as { readonly originalUrl?: string };
  const text = `http://${headers.host ?? 'localhost'}${originalUrl}`;
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** The same of a Fetch API request. */
export class FetchRequest implements HttpRequest {
  readonly address = '';
  readonly method: string;
  readonly path: string;
  readonly searchParams: URLSearchParams;
  readonly contentType: string | null;
  readonly credentials: SentCredentials;
  readonly #request: Request;

  constructor(request: Request, { pathname, searchParams }: URL) {
    this.#request = request;
    this.method = request.method;
    this.path = pathname;
    this.searchParams = searchParams;
    this.contentType = request.headers.get('content-type');
    this.credentials = credentialsIn(this);
  }

  get signal(): Signal {
    return this.#request.signal;
  }

  header(name: string): string | null {
    return this.#request.headers.get(name);
  }

  readBody<Read extends Weighed>(limit: number, lease: BodyLease, reader: BodyReader<Read>): Promise<Read> {
    return readWebBody(this.#request, limit, lease, reader);
  }
}
