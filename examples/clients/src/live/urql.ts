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
    // Left while it gives a result, urql's reader rejects with nobody to catch it, which ends a process of Node.
    return () => void setTimeout(unsubscribe);
  };
}
