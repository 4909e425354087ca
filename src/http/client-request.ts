import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientRequest, SentCredentials } from '../observability/request-record.ts';
import { AbortSource, type Signal } from '../transport/signal.ts';

/** A view of a node:http request that costs nothing until it is looked at. */
export class NodeClientRequest implements ClientRequest {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #signal: Signal | undefined;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
  }

  get method(): string {
    return this.#request.method ?? '';
  }

  get path(): string {
    return (this.#request.url ?? '').split('?', 1)[0] as string;
  }

  get credentials(): SentCredentials {
    return readCredentials((name) => this.header(name));
  }

  get address(): string {
    return this.#request.socket.remoteAddress ?? '';
  }

  get signal(): Signal {
    this.#signal ??= abortedWith(this.#response);
    return this.#signal;
  }

  header(name: string): string | null {
    const value = this.#request.headers[name];
    return (Array.isArray(value) ? value.join(', ') : value) ?? null;
  }
}

/** The same of a Fetch API request. */
export class FetchClientRequest implements ClientRequest {
  readonly address = '';
  readonly path: string;
  readonly #request: Request;

  constructor(request: Request, path: string) {
    this.#request = request;
    this.path = path;
  }

  get method(): string {
    return this.#request.method;
  }

  get credentials(): SentCredentials {
    return readCredentials((name) => this.header(name));
  }

  get signal(): Signal {
    return this.#request.signal;
  }

  header(name: string): string | null {
    return this.#request.headers.get(name);
  }
}

function abortedWith(response: ServerResponse): Signal {
  const source = new AbortSource();
  const onClose = () => {
    if (!response.writableFinished) source.abort();
  };
  if (response.destroyed) onClose();
  else response.on('close', onClose);
  return source;
}

/** Reads the headers in which a client can send a key. The only place that does: what it reads the log hides. */
export function readCredentials(header: (name: string) => string | null): SentCredentials {
  const authorization = header('authorization');
  return {
    token: header('token') ?? undefined,
    bearer: authorization === null ? undefined : authorization.replace(/^Bearer(?: +|$)/i, ''),
  };
}

/** Whether a request says who sends it, true or not. */
export function hasCredential(request: ClientRequest): boolean {
  return Boolean(request.header('token') || request.header('authorization'));
}
