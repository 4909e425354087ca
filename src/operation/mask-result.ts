import type { ExecutionResult, GraphQLError } from 'graphql';
import { maskErrors, withOutcomes } from '../errors/masking.ts';
import type { RequestRecord, RequestTracker } from '../observability/request-record.ts';
import { RefusedOperation } from './operation-errors.ts';

export interface ResultMask {
  /** Hides unexpected errors from the client, and adds their outcomes to the errors of a mutation. Masks each result once. */
  mask(result: ExecutionResult, record: RequestRecord): ExecutionResult;
  /** The result of an operation that failed with this error. */
  failed(error: unknown, record: RequestRecord): ExecutionResult;
}

export function createResultMask(tracker: RequestTracker): ResultMask {
  /** Lists of errors that were masked: an adapter may hand a result back. */
  const maskedErrors = new WeakSet<object>();

  const mask: ResultMask['mask'] = (result, record) => {
    if (!result.errors || maskedErrors.has(result.errors)) return result;
    const masked = maskErrors(result.errors, {
      hasData: result.data !== undefined,
      onUnexpected(error) {
        tracker.unexpected(error, record);
        return record.requestId;
      },
    });
    const errors =
      record.operation?.type === 'mutation' ? withOutcomes(masked, progressOf(record), result.data) : masked;
    tracker.answered(record, errors);
    maskedErrors.add(errors);
    return { ...result, errors };
  };

  const failed: ResultMask['failed'] = (error, record) =>
    mask({ errors: error instanceof RefusedOperation ? error.errors : [error as GraphQLError] }, record);

  return { mask, failed };
}

function progressOf({ usage, writing, hasWritten }: RequestRecord) {
  return { hasRun: usage !== undefined, mayHaveWritten: hasWritten || (writing?.size ?? 0) > 0 };
}
