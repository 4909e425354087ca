import { GraphQLError } from 'graphql';
import { CANNOT_RUN, MALFORMED, requestError } from '../errors/coded-error.ts';

/** Thrown where an operation is refused for several reasons; a single reason is thrown itself. No Error, because a stack would serve for nothing. */
export class RefusedOperation {
  readonly errors: readonly GraphQLError[];

  constructor(errors: readonly GraphQLError[]) {
    this.errors = errors;
  }
}

/** Only a caller of `fetch` that has aborted its request receives this answer. */
export const LEFT = requestError(
  'BAD_REQUEST',
  400,
  'The client left before this operation began.',
  {},
  { outcome: 'NOT_EXECUTED' },
);

export const NO_STREAM = requestError(
  'NOT_ACCEPTABLE',
  406,
  'A subscription needs a stream. Accept text/event-stream or multipart/mixed;subscriptionSpec=1.0, or connect by WebSocket with the subprotocol graphql-transport-ws.',
);

/** The specification of September 2025 calls such a document invalid, but graphql-js would execute it. */
export const NO_MUTATION = new GraphQLError(
  'This schema has no mutations, because the gateway is READ_ONLY.',
  { extensions: { code: 'GRAPHQL_VALIDATION_FAILED', http: CANNOT_RUN } },
);

export const NO_OPERATION = new GraphQLError(
  'Could not determine what operation to execute. Set operationName to the name of an operation in the document. Only a document with a single operation needs no operationName.',
  { extensions: { code: 'OPERATION_RESOLUTION_FAILURE', http: MALFORMED } },
);
