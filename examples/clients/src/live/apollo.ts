import { type ApolloClient, CombinedGraphQLErrors, CombinedProtocolErrors } from '@apollo/client';
import { WHO_IS_ON } from './document.ts';
import type { OpenStream } from './follow.ts';

/** Apollo Client, by multipart: its `HttpLink` speaks it by itself. The cache would keep everybody who ever came. */
export function openByApollo(client: ApolloClient): OpenStream {
  return (variables, { onEvent, onEnd }) => {
    const stream = client.subscribe({ query: WHO_IS_ON, variables, fetchPolicy: 'no-cache' });
    const subscription = stream.subscribe({
      next({ data, error }) {
        // These are errors of the gateway, before or in the stream; any other error is the connection's.
        if (CombinedGraphQLErrors.is(error) || CombinedProtocolErrors.is(error)) onEnd(error.errors);
        else if (error) onEnd();
        else if (data) onEvent(data.scriptSessions);
      },
      complete: () => onEnd(),
    });
    return () => subscription.unsubscribe();
  };
}
