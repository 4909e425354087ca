import type { IncomingMessage, ServerResponse } from 'node:http';
import { Leave, type Signal } from '../transport/signal.ts';

/** What the gateway looks at in a request. A Fetch API Request is one. */
export interface RequestFacts {
  readonly method: string;
  readonly url: string;
  readonly headers: { get(name: string): string | null };
  /** Aborted when the client leaves before its answer is complete. */
  readonly signal: Signal;
}

/** A view of a node:http request that costs nothing until it is looked at. */
export class NodeRequest implements RequestFacts {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #signal: Signal | undefined;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
  }

  get method(): string {
    return this.#request.method as string;
  }

  get url(): string {
    return `http://${this.#request.headers.host ?? 'localhost'}${this.#request.url}`;
  }

  /** Itself: an object for the headers alone would be one more for each request. */
  get headers(): this {
    return this;
  }

  /** A header. */
  get(name: string): string | null {
    return headerOf(this.#request, name.toLowerCase());
  }

  get signal(): Signal {
    this.#signal ??= abortedWith(this.#response);
    return this.#signal;
  }
}

/** A header by its name in lower case, as the Fetch API would give it. */
export function headerOf({ headers }: IncomingMessage, name: string): string | null {
  const value = headers[name];
  return (Array.isArray(value) ? value.join(', ') : value) ?? null;
}

function abortedWith(response: ServerResponse): Signal {
  const leave = new Leave();
  const onClose = () => {
    if (!response.writableFinished) leave.abort();
  };
  if (response.closed) onClose();
  else response.on('close', onClose);
  return leave;
}
