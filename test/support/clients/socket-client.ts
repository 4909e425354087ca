import { once } from 'node:events';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { TestGateway } from '../gateways/gateway.ts';
import type { Told } from './event-stream.ts';

type Gateway = Pick<TestGateway, 'url'>;

export const socketUrl = ({ url }: Gateway) => `${url.replace('http', 'ws')}/graphql`;

/** The client that most use. */
export function openClient(
  gateway: Gateway,
  connectionParams: Record<string, unknown> = { token: 'sandbox-key' },
): Client {
  return createClient({
    url: socketUrl(gateway),
    webSocketImpl: WebSocket,
    connectionParams,
    retryAttempts: 0,
    lazyCloseTimeout: 0,
  });
}

interface Operation {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly extensions?: Record<string, unknown>;
}

/** All results of an operation, or what ended it. */
export async function resultsOf<Data>(client: Client, operation: Operation): Promise<Told<Data>[]> {
  const all: unknown[] = [];
  for await (const one of client.iterate(operation)) all.push(one);
  return all as Told<Data>[];
}

interface ServerMessage {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

/** The text of a request for a WebSocket at a path. */
export const upgradeText = (path: string): string =>
  [
    `GET ${path} HTTP/1.1`,
    'host: localhost',
    'connection: Upgrade',
    'upgrade: websocket',
    'sec-websocket-version: 13',
    'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-protocol: graphql-transport-ws',
    '\r\n',
  ].join('\r\n');

/** A bare WebSocket, for what no client would send. */
export async function openSocket(
  gateway: Gateway,
  { connectionParams, ...options }: { headers?: Record<string, string>; connectionParams?: unknown } = {},
) {
  const socket = new WebSocket(socketUrl(gateway), 'graphql-transport-ws', options);
  const messages: ServerMessage[] = [];
  let taken = 0;
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  socket.on('error', () => undefined);
  const closed = once(socket, 'close').then(([code, reason]) => ({ code, reason: String(reason) }));
  await once(socket, 'open');
  const send = (message: unknown) =>
    socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  const next = async (): Promise<ServerMessage> => {
    while (messages.length <= taken) await once(socket, 'message');
    return messages[taken++] as ServerMessage;
  };
  if (connectionParams !== undefined) {
    send({ type: 'connection_init', payload: connectionParams });
    await next();
  }
  return {
    socket,
    messages,
    closed,
    send,
    next,
    subscribe: (id: string, query: string, variables?: object) =>
      send({ type: 'subscribe', id, payload: { query, variables } }),
  };
}

/** The answer of the gateway to a request for a WebSocket that it does not grant. */
export async function refusedUpgrade(
  url: string,
  protocols: string | string[],
  headers: Record<string, string> = {},
) {
  const socket = new WebSocket(url, protocols, { headers });
  socket.on('error', () => undefined);
  const [, response] = await once(socket, 'unexpected-response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode as number, body: Buffer.concat(chunks).toString() };
}
