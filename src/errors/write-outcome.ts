import { GraphQLError } from 'graphql';
import { CallFailure } from '../transport/errors.ts';
import { describe } from './describe.ts';

/** Whether a write was carried out, as far as can be known. */
export type MutationOutcome = 'EXECUTED' | 'NOT_EXECUTED' | 'UNKNOWN';

/** What can come up at any time while an operation runs. */
const AT_ANY_TIME: readonly unknown[] = ['INTERNAL_SERVER_ERROR', 'ANSWER_TOO_LARGE'];

/** How a write has ended that threw this. */
export function endOfWrite(error: unknown): {
  readonly errorCode: string;
  readonly outcome: MutationOutcome;
} {
  const told = error instanceof CallFailure ? describe(error) : error;
  const { code = 'INTERNAL_SERVER_ERROR', outcome } = told instanceof GraphQLError ? told.extensions : {};
  return {
    errorCode: String(code),
    outcome:
      (outcome as MutationOutcome | undefined) ?? (AT_ANY_TIME.includes(code) ? 'UNKNOWN' : 'NOT_EXECUTED'),
  };
}

/**
 * Adds to the errors of a mutation what became of the write: to those of its own fields, and of the operation as a whole.
 * What fails below such a field is a read after the write.
 */
export function withOutcomes(errors: readonly GraphQLError[], hasRun: boolean): readonly GraphQLError[] {
  return errors.map((error) => {
    if ((error.path?.length ?? 0) > 1 || error.extensions.outcome !== undefined) return error;
    const outcome: MutationOutcome = hasRun ? endOfWrite(error).outcome : 'NOT_EXECUTED';
    const { message, nodes, source, positions, path, originalError, extensions } = error;
    return new GraphQLError(message, {
      nodes,
      source,
      positions,
      path,
      originalError,
      extensions: { ...extensions, outcome },
    });
  });
}
