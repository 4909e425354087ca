import { print } from 'graphql';
import { type Client, createClient } from 'graphql-ws';
import type { WhoIsOnSubscription } from '../gql/graphql.ts';
import { WHO_IS_ON } from './document.ts';
import type { OpenStream, StreamError } from './follow.ts';

/**
 * graphql-ws, over a WebSocket. It does not retry by itself: it would ask again with the cursor of the beginning.
 * Node 20 has no WebSocket of its own, and takes the one of the package `ws`.
 */
export function createSocketClient(url: string, key: string, webSocketImpl?: unknown): Client {
  return createClient({
    url: url.replace(/^http/, 'ws'),
    connectionParams: { token: key },
    retryAttempts: 0,
    webSocketImpl,
  });
}

/** Each stream has a client of its own, so that none waits for a dead connection to close. */
export function openBySocket(createSocket: () => Client): OpenStream {
  const query = print(WHO_IS_ON);
  return (variables, { onEvent, onEnd }) =>
    createSocket().subscribe<WhoIsOnSubscription>(
      { query, variables },
      {
        next: ({ data }) => data && onEvent(data.scriptSessions),
        // A list is what the gateway said; anything else, such as a close event, is the connection's.
        error: (error) => onEnd(Array.isArray(error) ? (error as StreamError[]) : []),
        complete: () => onEnd(),
      },
    );
}
