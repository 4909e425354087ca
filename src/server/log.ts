import { GraphQLError } from 'graphql';
import { type DestinationStream, type LevelWithSilent, pino, stdTimeFunctions } from 'pino';
import type { FieldError } from '../errors/masking.ts';
import type { EndpointDifference } from '../observability/difference.ts';
import {
  auditLine,
  clientOf,
  errorFacts,
  operationNameOf,
  traceIdsOf,
  withoutKeys,
} from '../observability/facts.ts';
import { createRedactedStream } from '../observability/redacted-stream.ts';
import { isOperation, type RequestObserver, type RequestRecord } from '../observability/request-record.ts';
import type { BreakerState, CoordinationState } from '../transport/observer.ts';

interface LogOptions {
  readonly level: LevelWithSilent;
  /** Secrets that no line shows. The keys of a request are hidden too. */
  readonly secrets: readonly string[];
  readonly destination: DestinationStream;
}

export type OperationLog = ReturnType<typeof createLog>;

export function createLog({ level, secrets, destination }: LogOptions) {
  const stream = createRedactedStream(destination, secrets);
  let isOpen = false;
  let isLost = false;
  const log = pino(
    {
      level,
      formatters: { level: (word) => ({ level: word }) },
      timestamp: stdTimeFunctions.isoTime,
      // Keeps the facts unchanged, because pino's serializer would treat them as an error.
      serializers: { err: (facts) => facts },
    },
    stream,
  );
  const lifeCycle = log.child({}, { level: 'info' });
  const operations: RequestObserver = {
    wrote: (record, write) => log.info(auditLine(record, write), 'mutation'),
    ended(record, { status, durationMs }) {
      if (!isOperation(record)) return;
      const { requestId, operation, usage, codes, failedFields } = record;
      // The name comes first: an object that begins with `...` outlives the young collection, at 4 kB per operation.
      const line = {
        requestId: withoutKeys(record, requestId),
        ...traceIdsOf(record),
        caller: record.caller,
        ...clientOf(record),
        operationName: operationNameOf(record) ?? null,
        operationType: operation?.type ?? null,
        status,
        durationMs: Math.round(durationMs * 10) / 10,
        upstream: usage?.counts(),
        errorCodes: codes.length > 0 ? [...new Set(codes)] : undefined,
        errorFields: failedFields.length > 0 ? failedFields : undefined,
      };
      log.info(line, 'operation');
    },
  };
  return {
    /** Undefined if the level hides these lines. */
    operations: log.isLevelEnabled('info') ? operations : undefined,
    upstream: {
      breakerChanged(state: BreakerState) {
        // The breaker probes repeatedly while it is open.
        if (state === 'half_open' || isOpen === (state === 'open')) return;
        isOpen = state === 'open';
        log.warn(isOpen ? 'LuaAuth does not answer: calls fail without being sent' : 'LuaAuth answers again');
      },
      differed(difference: EndpointDifference, isFirstReport: boolean) {
        if (isFirstReport) log.warn(difference, "LuaAuth's answer differs from its documentation");
      },
      coordinationChanged(state: CoordinationState, reason?: Error) {
        if (state === 'lost') {
          log.warn(
            { reason: reason?.message },
            isLost
              ? 'Redis stays lost, for another reason'
              : 'Redis is lost: this gateway continues with its share of the quota',
          );
          isLost = true;
        } else if (isLost) {
          log.warn('Redis is back: this gateway shares the quota with the others again');
          isLost = false;
        }
      },
    },
    error(error: unknown, record?: RequestRecord) {
      const { coordinate: field } = error instanceof GraphQLError ? (error as FieldError) : {};
      const err = errorFacts(error, (text) => (record ? withoutKeys(record, text) : text));
      const requestId = record && withoutKeys(record, record.requestId);
      log.error({ requestId, ...(record && traceIdsOf(record)), field, err }, 'unexpected error');
    },
    hide: stream.hide,
    info: (message: string) => log.info(message),
    warn: (message: string) => log.warn(message),
    /** Logs the start and the end of the process at every level, because supervisors read these lines. */
    lifeCycle: (message: 'started' | 'stopping' | 'stopped', facts: object = {}) =>
      lifeCycle.info(facts, message),
  };
}
