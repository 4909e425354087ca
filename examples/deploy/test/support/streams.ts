import { request } from 'node:https';
import { createClient } from 'graphql-ws';
import { type ClientOptions, WebSocket } from 'ws';
import { type Answer, openTls } from './ask.ts';
import type { RunningProxy } from './proxies.ts';

/** The first result of a subscription by the protocol `graphql-transport-ws`; then the client leaves. */
export async function firstOverWebSocket(
  proxy: RunningProxy,
  connectionParams: Record<string, unknown>,
  query: string,
): Promise<unknown> {
  class WebSocketToProxy extends WebSocket {
    constructor(address: string, protocols?: string | string[]) {
      // They all go to node:https, which the types do not say.
      super(address, protocols, openTls(proxy, {}) as ClientOptions);
    }
  }
  const client = createClient({
    url: `wss://127.0.0.1:${proxy.tlsPort}/graphql`,
    webSocketImpl: WebSocketToProxy,
    connectionParams,
    retryAttempts: 0,
  });
  try {
    for await (const result of client.iterate({ query })) return result;
    return undefined;
  } finally {
    await client.dispose();
  }
}

/** The text of a subscription as server-sent events, up to its first event; then the client leaves. */
export function eventsOf(proxy: RunningProxy, token: string, query: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      openTls(proxy, {
        method: 'POST',
        path: '/graphql',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream', token },
      }),
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (!/^data: .+\n/m.test(text)) return;
          outgoing.destroy();
          resolve(text);
        });
        response.on('error', () => undefined);
        response.on('end', () => reject(new Error(`It ended: ${response.statusCode} ${text}`)));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(JSON.stringify({ query }));
  });
}

/** The answer to a request for a WebSocket. A connection that is taken is closed. */
export function tryUpgrade(
  proxy: RunningProxy,
  path: string,
  headers: Record<string, string> = {},
): Promise<Pick<Answer, 'status' | 'body'>> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      openTls(proxy, {
        path,
        headers: {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
          'sec-websocket-protocol': 'graphql-transport-ws',
          ...headers,
        },
      }),
    );
    outgoing.on('upgrade', ({ statusCode }, socket) => {
      socket.destroy();
      resolve({ status: statusCode, body: '' });
    });
    outgoing.on('response', async (response) => {
      const body = await response.setEncoding('utf8').toArray();
      resolve({ status: response.statusCode, body: body.join('') });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
