import type { IncomingMessage } from 'node:http';
import type { ExecutionResult } from 'graphql';
import type { Signal } from '../../base/signal.ts';
import { type ClientRequest, credentialsIn } from '../../client-request.ts';
import { headerOf } from '../../http/http-request.ts';
import { shownResult, stringifyResult } from '../../http/shown-result.ts';
import { parseRequestJson } from '../../operation/params.ts';
import { MESSAGE } from './protocol.ts';

export type ClientMessage = NonNullable<ReturnType<typeof readClientMessage>>;

const MAX_ID_LENGTH = 256;

/** Parses a message, but not the operation in it. Undefined if it is invalid. */
export function readClientMessage(text: string) {
  const message = parse(text);
  if (!isObject(message)) return undefined;
  const { type, id, payload } = message;
  switch (type) {
    case MESSAGE.connectionInit:
    case MESSAGE.ping:
    case MESSAGE.pong:
      return { type, payload };
    case MESSAGE.subscribe:
      return isId(id) ? { type, id, payload } : undefined;
    case MESSAGE.complete:
      return isId(id) ? { type, id } : undefined;
    default:
      return undefined;
  }
}

function isId(id: unknown): id is string {
  return typeof id === 'string' && id !== '' && id.length <= MAX_ID_LENGTH;
}

function parse(text: string): unknown {
  try {
    return parseRequestJson(text, 'The message');
  } catch {
    return undefined;
  }
}

export function nextMessage(id: string, result: ExecutionResult): string {
  return `{"id":${JSON.stringify(id)},"type":"${MESSAGE.next}","payload":${stringifyResult(result)}}`;
}

/** A message with the errors that end an operation. */
export function errorMessage(id: string, result: ExecutionResult): string {
  return JSON.stringify({ id, type: MESSAGE.error, payload: shownResult(result).errors });
}

/** Headers that a client sent in `connectionParams`, because web pages cannot set headers. Names are in lower case. */
export type SentHeaders = ReadonlyMap<string, string>;

export const NO_HEADERS: SentHeaders = new Map();

/**
 * Reads the texts in `connectionParams`, and in its member `headers`, as headers: `{ token }`, `{ headers: { authorization
 * } }`. Leaves out the header of the proxy, which names the client.
 */
export function headersIn(connectionParams: unknown, trustedProxy?: string): SentHeaders {
  if (!isObject(connectionParams)) return NO_HEADERS;
  const { headers, ...others } = connectionParams;
  const entries = [...Object.entries(others), ...(isObject(headers) ? Object.entries(headers) : [])];
  return new Map(
    entries
      .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
      .map(([name, value]): [string, string] => [name.toLowerCase(), value])
      .filter(([name]) => name !== trustedProxy?.toLowerCase()),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An operation of a WebSocket connection as a request, with the connection's headers. */
export function socketRequest(upgrade: IncomingMessage, sent: SentHeaders, signal: Signal): ClientRequest {
  const { socket } = upgrade;
  const header = (name: string) => sent.get(name) ?? headerOf(upgrade, name);
  return {
    method: 'GET',
    path: '/graphql',
    signal,
    credentials: credentialsIn(header('token'), header('authorization')),
    address: socket.remoteAddress ?? '',
    socket,
    header,
  };
}
