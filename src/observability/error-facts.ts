import { GraphQLError } from 'graphql';

export interface ErrorFacts {
  readonly type: string;
  readonly message: string;
  readonly code: string | undefined;
  /** Where in the answer. */
  readonly path: string | undefined;
  readonly stack: string | undefined;
  readonly cause: ErrorFacts | undefined;
}

const MAX_CAUSES = 5;

/** What a log may hold of an error. Its other members, such as a document or the headers of a request, stay out. */
export function errorFacts(error: unknown, causes = 0): ErrorFacts {
  if (error instanceof GraphQLError && error.originalError) {
    return { ...errorFacts(error.originalError, causes), path: error.path?.join('.') };
  }
  if (!(error instanceof Error)) {
    const message = `something other than an error was thrown: a value of type ${typeof error}`;
    return {
      type: typeof error,
      message,
      code: undefined,
      path: undefined,
      stack: undefined,
      cause: undefined,
    };
  }
  const { name, message, stack, cause } = error;
  const { code } = error as NodeJS.ErrnoException;
  return {
    type: name,
    message,
    code: typeof code === 'string' ? code : undefined,
    path: error instanceof GraphQLError ? error.path?.join('.') : undefined,
    stack,
    cause: cause instanceof Error && causes < MAX_CAUSES ? errorFacts(cause, causes + 1) : undefined,
  };
}
