import { GraphQLError } from 'graphql';
import { type DestinationStream, type LevelWithSilent, pino, stdTimeFunctions } from 'pino';
import type { EndpointDifference } from '../transport/answer-watch.ts';
import type { BreakerState, CoordinationState } from '../transport/observer.ts';
import { auditLine, clientOf, errorFacts, operationNameOf, traceIdsOf, withoutKeys } from './facts.ts';
import { createRedactedStream } from './redacted-stream.ts';
import { isOperation, type RequestObserver, type RequestRecord } from './request-record.ts';

interface LogOptions {
  readonly level: LevelWithSilent;
  /** The level as `info`, or pino's 30; the time as `2027-01-01T00:00:00.000Z`, or in ms since 1970. */
  readonly format: { readonly level: 'word' | 'number'; readonly time: 'iso' | 'epoch' };
  /** Never shown, whatever a message holds; the key of a request is hidden as well. */
  readonly secrets: readonly string[];
  /** Takes lines of JSON. */
  readonly destination: DestinationStream;
}

export type OperationLog = ReturnType<typeof createLog>;

/** The log of the process: a line for each operation at `info`, one for each unexpected error at `error`. */
export function createLog({ level, format, secrets, destination }: LogOptions) {
  const stream = createRedactedStream(destination, secrets);
  let isOpen = false;
  let isLost = false;
  const log = pino(
    {
      level,
      formatters: format.level === 'word' ? { level: (word) => ({ level: word }) } : {},
      timestamp: format.time === 'iso' ? stdTimeFunctions.isoTime : stdTimeFunctions.epochTime,
      // As it is: pino's own would take the facts for an error.
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
      // A name comes first: an object that begins with `...` outlives the young collection, at 4 kB an operation.
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
    /** Undefined when the level leaves the lines out. */
    operations: log.isLevelEnabled('info') ? operations : undefined,
    /** Says when an answer is not as documented, when the REST API is left alone for a while, when other gateways are lost, and when all is well again. */
    upstream: {
      breakerChanged(state: BreakerState) {
        // While it is in trouble it is probed again and again.
        if (state === 'half_open' || isOpen === (state === 'open')) return;
        isOpen = state === 'open';
        log.warn(
          isOpen ? 'LuaAuth is in trouble: calls are answered without being sent' : 'LuaAuth is well again',
        );
      },
      differed(difference: EndpointDifference, isNews: boolean) {
        if (isNews) log.warn(difference, "LuaAuth's answer differs from its documentation");
      },
      coordinationChanged(state: CoordinationState, reason?: Error) {
        if (state === 'lost') {
          log.warn(
            { reason: reason?.message },
            isLost
              ? 'Redis stays lost, for another reason'
              : 'Redis is lost: this gateway goes on with its share of the quota',
          );
          isLost = true;
        } else if (isLost) {
          log.warn('Redis is back: this gateway counts together with the others again');
          isLost = false;
        }
      },
    },
    error(error: unknown, record?: RequestRecord) {
      const [node] = (error instanceof GraphQLError && error.nodes) || [];
      const field = record?.document?.coordinateOf(node);
      const err = errorFacts(error, (text) => (record ? withoutKeys(record, text) : text));
      const requestId = record && withoutKeys(record, record.requestId);
      log.error({ requestId, ...(record && traceIdsOf(record)), field, err }, 'unexpected error');
    },
    /** Hides these as well, from now on. */
    hide: stream.hide,
    info: (message: string) => log.info(message),
    warn: (message: string) => log.warn(message),
    /** Speaks of the process as a whole, whatever the level: who started it, or waits for its end, reads for it. */
    lifeCycle: (message: 'started' | 'stopping' | 'stopped', facts: object = {}) =>
      lifeCycle.info(facts, message),
  };
}
