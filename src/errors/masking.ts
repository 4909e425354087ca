import { GraphQLError } from 'graphql';
import { ENDPOINTS } from '../luaauth/endpoints.ts';
import { shorten } from '../luaauth/redact.ts';
import { Refused, rowOf } from '../luaauth/refusal.ts';
import { resourceOf } from '../luaauth/resource.ts';
import { CallFailure, type RateLimited, type Unavailable, withoutStacks } from '../transport/errors.ts';
import type { ErrorCode } from './coded-error.ts';

/** An error of a field, as the executor locates it. */
export interface FieldError extends GraphQLError {
  /** The field's schema coordinate, such as `Script.name` (https://spec.graphql.org/September2025/#sec-Schema-Coordinates). */
  readonly coordinate?: string | undefined;
}

const MASKED = 'Something went wrong in the gateway.';

interface MaskingOptions {
  readonly hasData: boolean;
  /** Called with an unexpected error. Returns the request id that connects the client's error with the log. */
  readonly onUnexpected: (error: unknown) => string | undefined;
}

/**
 * Known failures get their code, GraphQL's own errors stay, others are hidden: without data their status is 500. Never
 * changes an error, since some are cached with their document.
 */
export function maskErrors(errors: readonly unknown[], options: MaskingOptions): readonly GraphQLError[] {
  return errors.map((error) => {
    const located: FieldError | undefined = error instanceof GraphQLError ? error : undefined;
    const shown = maskError(error, located, options);
    const { coordinate } = located ?? {};
    const facts = coordinate === undefined ? {} : { coordinate };
    return at(located, shown, facts);
  });
}

function maskError(
  error: unknown,
  located: GraphQLError | undefined,
  { hasData, onUnexpected }: MaskingOptions,
): Shown {
  const original = located?.originalError ?? error;
  if (original instanceof CallFailure) return describe(original);
  if (located && (original === located || original instanceof GraphQLError)) {
    const { message, extensions } = located;
    // GraphQL itself gives no code to errors that only variables cause, such as null for the `if` of @include.
    return { message, extensions: { code: 'BAD_USER_INPUT', ...extensions } };
  }
  const requestId = onUnexpected(error);
  const http = hasData ? {} : { http: { status: 500 } };
  const extensions = { code: 'INTERNAL_SERVER_ERROR', ...(requestId && { requestId }), ...http };
  return { message: MASKED, extensions };
}

function withFacts(error: GraphQLError, facts: object): GraphQLError {
  return at(error, error, facts);
}

/** What the client is told, without the place in the document. */
type Shown = Pick<GraphQLError, 'message' | 'extensions'>;

function at(located: GraphQLError | undefined, { message, extensions }: Shown, facts: object): GraphQLError {
  const options = { path: located?.path, extensions: { ...extensions, ...facts } };
  const shown = withoutStacks(() => new GraphQLError(message, options));
  if (!located) return shown;
  // GraphQL would search the whole document for line and column again.
  const { nodes, source, positions, locations } = located;
  return Object.assign(shown, { nodes, source, positions, locations });
}

type MutationOutcome = 'EXECUTED' | 'NOT_EXECUTED' | 'UNKNOWN';

/** Codes that may occur at any time while an operation runs. */
const AT_ANY_TIME: readonly unknown[] = ['INTERNAL_SERVER_ERROR', 'ANSWER_TOO_LARGE'];

/** Whether a write that threw this error may have been carried out. */
export function endOfWrite(error: unknown): {
  readonly errorCode: string;
  readonly outcome: MutationOutcome;
} {
  const known = error instanceof GraphQLError ? error : undefined;
  const { extensions = {} } = error instanceof CallFailure ? describe(error) : (known ?? {});
  const { code = 'INTERNAL_SERVER_ERROR', outcome } = extensions;
  return {
    errorCode: String(code),
    outcome:
      (outcome as MutationOutcome | undefined) ?? (AT_ANY_TIME.includes(code) ? 'UNKNOWN' : 'NOT_EXECUTED'),
  };
}

/**
 * Adds the outcome of the write. An error below a root field belongs to a read after the write, and the data shows that
 * the write succeeded. An error of the whole operation says whether any write may have been carried out.
 */
export function withOutcomes(
  errors: readonly GraphQLError[],
  { hasRun, mayHaveWritten }: { readonly hasRun: boolean; readonly mayHaveWritten: boolean },
  data: unknown,
): readonly GraphQLError[] {
  return errors.map((error) => {
    const depth = error.path?.length ?? 0;
    if ((depth > 1 && data) || error.extensions.outcome !== undefined) return error;
    if (depth > 1) return withFacts(error, { outcome: 'UNKNOWN' });
    if (depth === 0) return withFacts(error, { outcome: mayHaveWritten ? 'UNKNOWN' : 'NOT_EXECUTED' });
    return withFacts(error, { outcome: hasRun ? endOfWrite(error).outcome : 'NOT_EXECUTED' });
  });
}

/** Describes a failed call to the client. */
function describe(failure: CallFailure): Shown {
  const { endpoint } = failure;
  const outcome = failure.kind === 'write' ? { outcome: OUTCOME[failure.executed] } : {};
  const advice = failure.kind === 'write' ? ADVICE[failure.executed](endpoint) : '';
  const say = (code: ErrorCode, message: string, facts: object = {}): Shown => ({
    message: `${endpoint}: ${message}.${advice}`,
    extensions: { code, endpoint, ...outcome, ...facts },
  });

  if (failure instanceof Refused) {
    const code = isKeyRefused(failure) ? 'UNAUTHENTICATED' : rowOf(failure.reason).code;
    return say(code, `LuaAuth refused: ${reasonFor(failure)}`, refusalFacts(failure));
  }
  const { retryAfterMs, isOfCaller } = failure as Partial<RateLimited>;
  const { isBlocked } = failure as Partial<Unavailable>;
  const { ray } = failure;
  const facts = {
    ...(isBlocked && { reason: 'BLOCKED' }),
    ...(ray !== undefined && { upstream: { ray } }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(isOfCaller && { limit: 'caller' }),
  };
  return say(CODES[failure.name] ?? 'UPSTREAM_ERROR', failure.message, facts);
}

/** The error code of each class of failure. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  RateLimited: 'RATE_LIMITED',
  TimedOut: 'UPSTREAM_TIMEOUT',
  ClientLeft: 'UPSTREAM_TIMEOUT',
  BroughtTooMuch: 'ANSWER_TOO_LARGE',
  Unavailable: 'UPSTREAM_UNAVAILABLE',
  BadResponse: 'UPSTREAM_BAD_RESPONSE',
};

const OUTCOME = { no: 'NOT_EXECUTED', unknown: 'UNKNOWN' } as const;

const ADVICE = {
  no: () => ' Nothing was changed; it is safe to try again.',
  unknown: (endpoint: string) =>
    ` Whether it was carried out is unknown: ${ENDPOINTS.of(endpoint)?.ifUnknown ?? `read the ${thingOf(endpoint)} before you try again`}.`,
} as const;

function thingOf(endpoint: string): string {
  const { parts = [], about = [] } = ENDPOINTS.of(endpoint) ?? {};
  const [part] = [...parts, ...about];
  if (!part) return 'resource';
  const { name } = resourceOf(part);
  return 'listsOf' in part ? `${name}s` : name;
}

/** LuaAuth's listed reasons, else its message, which is the same for all of them. */
function reasonFor({ reason, message, authorization }: Refused): string {
  const isExplained = reason === 'not permitted' && authorization.some((words) => words.trim() !== '');
  const words = isExplained ? shorten(authorization.join('; ')) : message || reason;
  return words.replace(/\.$/, '');
}

function isKeyRefused({ reason, authorization }: Refused): boolean {
  return (
    reason === 'not permitted' &&
    authorization.some((words) => words.trim().toLowerCase() === 'invalid api key')
  );
}

function refusalFacts(failure: Refused): object {
  switch (failure.reason) {
    case 'not permitted':
      return { reasons: failure.authorization };
    case 'invalid fields':
      return { fields: failure.fields };
    default:
      return { upstreamCode: failure.code };
  }
}
