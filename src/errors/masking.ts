import { GraphQLError } from 'graphql';
import { CallFailure } from '../transport/errors.ts';
import { codedError } from './coded-error.ts';
import { describe } from './describe.ts';

const MASKED = 'Something went wrong in the gateway.';

/** Receives an error that nobody expects, and gives the request id under which client and log both find it. */
export type OnUnexpected = (error: unknown) => string | undefined;

/**
 * What a client sees of the errors of a result: known failures with their code, GraphQL's own as they are, the rest masked.
 * Errors are never written to, since some are kept with their document. Without data an unexpected error is a 500.
 */
export function maskErrors(
  errors: readonly unknown[],
  hasData: boolean,
  onUnexpected: OnUnexpected,
): readonly GraphQLError[] {
  return errors.map((error) => maskError(error, hasData, onUnexpected));
}

function maskError(error: unknown, hasData: boolean, onUnexpected: OnUnexpected): GraphQLError {
  const located = error instanceof GraphQLError ? error : undefined;
  const original = located?.originalError ?? error;
  if (original instanceof CallFailure) return at(located, describe(original));
  if (located && (original === located || original instanceof GraphQLError)) return withCode(located);
  const requestId = onUnexpected(error);
  const http = hasData ? {} : { http: { status: 500 } };
  return at(
    located,
    codedError('INTERNAL_SERVER_ERROR', MASKED, { ...(requestId && { requestId }), ...http }),
  );
}

/** GraphQL itself gives no code to what only variables can do, such as null for the `if` of @include. */
function withCode(error: GraphQLError): GraphQLError {
  if (error.extensions.code !== undefined) return error;
  return at(error, codedError('BAD_USER_INPUT', error.message, error.extensions));
}

/** The same error at the place in the document and the answer where the original was. */
function at(located: GraphQLError | undefined, error: GraphQLError): GraphQLError {
  const { nodes, source, positions, path } = located ?? {};
  return new GraphQLError(error.message, { nodes, source, positions, path, extensions: error.extensions });
}
