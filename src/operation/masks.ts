import type { ExecutionResult, GraphQLError } from 'graphql';
import { isExpected, maskError } from '../errors.ts';
import type { Visit } from './visit.ts';

/** Where the gateway tells of what nobody expects. */
export interface GatewayLog {
  /** `visit` is the request in which it happened, where that is known. */
  error(error: unknown, visit?: Visit): void;
}

/**
 * Masks errors. An unexpected one is told when the answer that it became part of is known: then the log and the client
 * hear of it under the same request id.
 */
export function createMasks({ error: write }: GatewayLog) {
  const log: GatewayLog = {
    error(error, visit) {
      try {
        write(error, visit);
      } catch {
        // A log that breaks down has nobody to tell, and no client is to pay for it.
      }
    },
  };
  const behind = new WeakMap<object, object>();
  const masked = new WeakSet<object>();
  return {
    mask(error: unknown, message: string): Error {
      const mask = maskError(error, message);
      if (mask !== error && typeof error === 'object' && error !== null && !isExpected(error)) {
        behind.set(mask, error);
        masked.add(error);
      }
      return mask;
    },
    /** Tells of an unexpected error that no answer will tell of. */
    tell(error: unknown): void {
      if (isExpected(error) || (typeof error === 'object' && error !== null && masked.has(error))) return;
      log.error(error);
    },
    /** Tells what is behind the masks in an answer, and writes the request id onto each. */
    lift({ errors = [] }: ExecutionResult, visit: Visit): void {
      for (const mask of errors) {
        const error = behind.get(mask);
        if (!error) continue;
        behind.delete(mask);
        (mask as GraphQLError).extensions.requestId = visit.requestId;
        log.error(error, visit);
      }
    },
  };
}

export type Masks = ReturnType<typeof createMasks>;
