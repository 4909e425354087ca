import { type DestinationStream, type LevelWithSilent, pino } from 'pino';
import type { Observer } from '../transport/observer.ts';
import { auditLine } from './audit-line.ts';
import { clientOf } from './client-info.ts';
import { errorFacts } from './error-facts.ts';
import { createRedactedStream } from './redacted-stream.ts';
import {
  type GatewayLog,
  isOperation,
  keysOf,
  type RequestObserver,
  type RequestRecord,
} from './request-record.ts';

export interface LogOptions {
  readonly level: LevelWithSilent;
  /** Never shown, whatever a message holds; the key of a request is hidden as well. */
  readonly secrets: readonly string[];
  /** Takes lines of JSON. */
  readonly destination: DestinationStream;
}

/** The log of the process: a line for each operation at `info`, one for each unexpected error at `error`. */
export interface OperationLog extends GatewayLog, LifeCycleLog {
  /** Undefined when the level leaves the lines out. */
  readonly operations: RequestObserver | undefined;
  /** Tells when the REST API is left alone for a while, when other gateways are lost, and when all is well again. */
  readonly upstream: Observer;
  info(message: string): void;
  warn(message: string): void;
}

/** Tells of the process as a whole, whatever the level: who started it, or waits for its end, reads for it. */
export interface LifeCycleLog {
  tell(message: 'started' | 'stopping' | 'stopped', facts?: Readonly<Record<string, unknown>>): void;
}

export function createLog({ level, secrets, destination }: LogOptions): OperationLog {
  const stream = createRedactedStream(destination, secrets);
  let isLost = false;
  const log = pino({ level, serializers: { err: errorFacts } }, stream);
  const lifeCycle = log.child({}, { level: 'info' });
  const operations: RequestObserver = {
    wrote: (record, write) =>
      stream.hiding(keysOf(record), () => log.info(auditLine(record, write), 'mutation')),
    ended(record, { status, durationMs }) {
      if (!isOperation(record)) return;
      const { requestId, operation, usage, codes } = record;
      const line = {
        requestId,
        caller: record.caller,
        ...clientOf(record),
        operationName: operation?.name?.slice(0, MAX_NAME_LENGTH) ?? null,
        operationType: operation?.type ?? null,
        status,
        durationMs: Math.round(durationMs * 10) / 10,
        upstream: usage && inWholeMs(usage),
        errorCodes: codes.length > 0 ? [...new Set(codes)] : undefined,
      };
      stream.hiding(keysOf(record), () => log.info(line, 'operation'));
    },
  };
  return {
    operations: log.isLevelEnabled('info') ? operations : undefined,
    upstream: {
      breakerChanged(state) {
        if (state === 'open') log.warn('LuaAuth is in trouble: calls are answered without being sent');
        if (state === 'closed') log.info('LuaAuth is well again');
      },
      coordinationChanged(state, reason) {
        if (state === 'lost') {
          log.warn(
            { reason: reason?.message },
            'Redis is lost: this gateway goes on with its share of the quota',
          );
          isLost = true;
        } else if (isLost) {
          log.warn('Redis is back: this gateway counts together with the others again');
          isLost = false;
        }
      },
    },
    error(error, record) {
      const line = { requestId: record?.requestId, err: error };
      stream.hiding(record ? keysOf(record) : [], () => log.error(line, 'unexpected error'));
    },
    info: (message) => log.info(message),
    warn: (message) => log.warn(message),
    tell: (message, facts = {}) => lifeCycle.info(facts, message),
  };
}

const MAX_NAME_LENGTH = 100;

function inWholeMs({ calls, shared, fresh, stale, queuedMs }: NonNullable<RequestRecord['usage']>) {
  return { calls, shared, fresh, stale, queuedMs: Math.ceil(queuedMs) };
}
