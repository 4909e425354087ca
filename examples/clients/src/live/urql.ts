import type { Client } from '@urql/core';
import { WHO_IS_ON } from './document.ts';
import type { OpenStream } from './follow.ts';

/** urql, by server-sent events: its `fetchExchange` speaks them by itself, with `fetchSubscriptions: true`. */
export function openByUrql(client: Client): OpenStream {
  return (variables, { onEvent, onEnd }) => {
    const stream = client.subscription(WHO_IS_ON, variables);
    const { unsubscribe } = stream.subscribe(({ data, error, hasNext }) => {
      if (error) onEnd(error.graphQLErrors);
      // The end repeats the last data.
      else if (!hasNext) onEnd();
      else if (data) onEvent(data.scriptSessions);
    });
    // Unsubscribing while urql's reader gives a result makes it reject without a handler, which ends a Node process.
    return () => void setTimeout(unsubscribe);
  };
}
