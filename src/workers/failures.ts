import { type Refusal, type RefusalReason, Refused } from '../luaauth/refusal.ts';
import type { About } from '../transport/call.ts';
import { BadResponse, ClientLeft, RateLimited, TimedOut, Unavailable } from '../transport/failure.ts';

/** What a call failed with, as JSON. Its endpoint is that of the question. */
export type WireFailure =
  | { readonly name: 'Unavailable'; readonly executed: Executed }
  | { readonly name: 'ClientLeft'; readonly executed: Executed }
  | { readonly name: 'TimedOut'; readonly executed: Executed; readonly unhealthy: boolean }
  | { readonly name: 'BadResponse'; readonly reason: string; readonly transient: boolean }
  | { readonly name: 'RateLimited'; readonly retryAfterMs?: number | undefined; readonly byApi: boolean }
  | {
      readonly name: 'Refused';
      readonly reason: RefusalReason;
      readonly refusal: Refusal;
      readonly unhealthy: boolean;
    }
  | WireError;

/** A mistake of ours. */
interface WireError {
  readonly name: 'Error';
  readonly type: string;
  readonly message: string;
  readonly stack?: string | undefined;
  readonly cause?: WireError | undefined;
}

type Executed = 'no' | 'unknown';

export function failureToWire(failure: unknown): WireFailure {
  if (failure instanceof Refused) {
    const { name, reason, unhealthy, code, message, fields, authorization } = failure;
    return { name, reason, unhealthy, refusal: { code, message, fields, authorization } };
  }
  if (failure instanceof RateLimited) {
    const { name, retryAfterMs, byApi } = failure;
    return { name, retryAfterMs, byApi };
  }
  if (failure instanceof TimedOut) {
    const { name, executed, unhealthy } = failure;
    return { name, executed, unhealthy };
  }
  if (failure instanceof BadResponse) {
    const { name, reason, transient } = failure;
    return { name, reason, transient };
  }
  if (failure instanceof Unavailable || failure instanceof ClientLeft) {
    const { name, executed } = failure;
    return { name, executed };
  }
  return errorToWire(failure instanceof Error ? failure : new Error('no error was thrown'));
}

export function failureFromWire(about: About, failure: WireFailure): Error {
  switch (failure.name) {
    case 'Refused':
      return new Refused(about, failure.reason, failure.refusal, failure);
    case 'RateLimited':
      return new RateLimited(about, failure.retryAfterMs, failure);
    case 'TimedOut':
      return new TimedOut(about, failure.executed, failure);
    case 'BadResponse':
      return new BadResponse(about, failure.reason, failure);
    case 'Unavailable':
      return new Unavailable(about, failure.executed);
    case 'ClientLeft':
      return new ClientLeft(about, failure.executed);
    case 'Error':
      return errorFromWire(failure);
  }
}

const MAX_CAUSES = 5;

function errorToWire({ name: type, message, stack, cause }: Error, causes = 0): WireError {
  const hasCause = cause instanceof Error && causes < MAX_CAUSES;
  return {
    name: 'Error',
    type,
    message,
    stack,
    cause: hasCause ? errorToWire(cause, causes + 1) : undefined,
  };
}

function errorFromWire({ type, message, stack, cause }: WireError): Error {
  const error = new Error(message, cause && { cause: errorFromWire(cause) });
  return Object.assign(error, { name: type, stack });
}
