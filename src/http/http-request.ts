import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientRequest, SentCredentials } from '../observability/request-record.ts';
import { AbortSource, type Signal } from '../transport/signal.ts';
import { OPERATION_PATH } from './address.ts';
import type { BodyLease } from './body-budget.ts';
import { type BodyReader, readNodeBody, readWebBody } from './read-body.ts';

/** One HTTP request of plain values, as an adapter hands it over. */
export interface HttpRequest extends ClientRequest {
  readonly searchParams: URLSearchParams;
  /** As it was sent: of a body that was parsed in front of the gateway, Yoga says everywhere that it was JSON. */
  readonly contentType: string | null;
  /** Gives the reader's result for at most `limit` bytes of the body. @throws as `readNodeBody` does */
  readBody<Read>(limit: number, lease: BodyLease, reader: BodyReader<Read>): Promise<Read>;
}

/** Reads the headers in which a client can send a key. The only place that does: what it reads the log hides. */
export abstract class CredentialedRequest {
  #credentials: SentCredentials | undefined;

  abstract header(name: string): string | null;

  get credentials(): SentCredentials {
    this.#credentials ??= {
      token: this.header('token') ?? undefined,
      bearer: this.header('authorization')?.replace(/^Bearer(?: +|$)/i, ''),
    };
    return this.#credentials;
  }
}

/** A view of a node:http request that costs nothing until it is looked at. */
export class NodeRequest extends CredentialedRequest implements HttpRequest {
  readonly message: IncomingMessage;
  readonly contentType: string | null;
  readonly #response: ServerResponse;
  #signal: AbortSource | undefined;
  #url: URL | undefined;

  constructor(message: IncomingMessage, response: ServerResponse) {
    super();
    this.message = message;
    this.contentType = message.headers['content-type'] ?? null;
    this.#response = response;
  }

  get method(): string {
    return this.message.method ?? '';
  }

  get path(): string {
    const { url = '' } = this.message;
    return url === OPERATION_PATH ? url : (this.#parsed()?.pathname ?? (url.split('?', 1)[0] as string));
  }

  get searchParams(): URLSearchParams {
    return this.#parsed()?.searchParams ?? new URLSearchParams();
  }

  get address(): string {
    return this.message.socket.remoteAddress ?? '';
  }

  get signal(): Signal {
    if (!this.#signal) {
      this.#signal = new AbortSource();
      if (this.#response.destroyed) this.close();
    }
    return this.#signal;
  }

  /** To be called when its response is closed: what goes on for a client that has left is aborted. */
  close(): void {
    if (!this.#response.writableFinished) this.#signal?.abort();
  }

  header(name: string): string | null {
    const value = this.message.headers[name];
    return (Array.isArray(value) ? value.join(', ') : value) ?? null;
  }

  readBody<Read>(limit: number, lease: BodyLease, reader: BodyReader<Read>): Promise<Read> {
    return readNodeBody(this.message, limit, lease, reader);
  }

  /** Undefined: host and path make no URL. */
  #parsed(): URL | undefined {
    if (this.#url) return this.#url;
    const { headers, url } = this.message;
    // Express keeps there what it cuts off of a path where the gateway is mounted.
    const { originalUrl = url } = this.message as { readonly originalUrl?: string };
    const text = `http://${headers.host ?? 'localhost'}${originalUrl}`;
    this.#url = URL.canParse(text) ? new URL(text) : undefined;
    return this.#url;
  }
}

/** The same of a Fetch API request. */
export class FetchRequest extends CredentialedRequest implements HttpRequest {
  readonly address = '';
  readonly method: string;
  readonly path: string;
  readonly searchParams: URLSearchParams;
  readonly contentType: string | null;
  readonly #request: Request;

  constructor(request: Request, { pathname, searchParams }: URL) {
    super();
    this.#request = request;
    this.method = request.method;
    this.path = pathname;
    this.searchParams = searchParams;
    this.contentType = request.headers.get('content-type');
  }

  get signal(): Signal {
    return this.#request.signal;
  }

  header(name: string): string | null {
    return this.#request.headers.get(name);
  }

  readBody<Read>(limit: number, lease: BodyLease, reader: BodyReader<Read>): Promise<Read> {
    return readWebBody(this.#request, limit, lease, reader);
  }
}
