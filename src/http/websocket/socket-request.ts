import type { IncomingMessage } from 'node:http';
import type { ClientRequest, SentCredentials } from '../../observability/request-record.ts';
import type { Signal } from '../../transport/signal.ts';
import { readCredentials } from '../client-request.ts';

/** Headers that a client has put in `connectionParams`, where a page can set none. Their names are in lower case. */
export type SentHeaders = ReadonlyMap<string, string>;

export const NO_HEADERS: SentHeaders = new Map();

/** The texts in `connectionParams`, and in `headers` of it, are headers: `{ token }`, `{ headers: { authorization } }`. */
export function headersIn(connectionParams: unknown): SentHeaders {
  if (!isObject(connectionParams)) return NO_HEADERS;
  const { headers, ...others } = connectionParams;
  const entries = [...Object.entries(others), ...(isObject(headers) ? Object.entries(headers) : [])];
  return new Map(
    entries
      .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
      .map(([name, value]) => [name.toLowerCase(), value]),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One operation of a WebSocket connection, which stands for a request: it has the headers of the whole connection. */
export class SocketClientRequest implements ClientRequest {
  readonly method = 'GET';
  readonly path = '/graphql';
  readonly signal: Signal;
  readonly #upgrade: IncomingMessage;
  readonly #sent: SentHeaders;

  constructor(upgrade: IncomingMessage, sent: SentHeaders, signal: Signal) {
    this.#upgrade = upgrade;
    this.#sent = sent;
    this.signal = signal;
  }

  get credentials(): SentCredentials {
    return readCredentials((name) => this.header(name));
  }

  get address(): string {
    return this.#upgrade.socket.remoteAddress ?? '';
  }

  header(name: string): string | null {
    const value = this.#sent.get(name) ?? this.#upgrade.headers[name];
    return (Array.isArray(value) ? value.join(', ') : value) ?? null;
  }
}
