import { type DestinationStream, type LevelWithSilent, pino } from 'pino';
import { errorFacts } from './error-facts.ts';
import type { GatewayLog } from './masks.ts';
import { createScrubbedStream } from './scrubbed-stream.ts';
import type { Visit, VisitObserver } from './visit.ts';

export interface LogOptions {
  readonly level: LevelWithSilent;
  /** Never shown, whatever a message holds; the key of a request is hidden as well. */
  readonly secrets: readonly string[];
  /** Takes lines of JSON. */
  readonly destination: DestinationStream;
}

/** The log of the process: a line for each operation at `info`, one for each unexpected error at `error`. */
export interface OperationLog extends GatewayLog {
  /** Undefined when the level leaves the lines out. */
  readonly observer: VisitObserver | undefined;
  warn(facts: object, message: string): void;
}

export function createLog({ level, secrets, destination }: LogOptions): OperationLog {
  const stream = createScrubbedStream(destination, secrets);
  const log = pino({ level, serializers: { err: errorFacts } }, stream);
  const observer: VisitObserver = {
    ended(visit, { status, durationMs }) {
      if (!isOperation(visit)) return;
      const { requestId, operation, tally, codes } = visit;
      const line = {
        requestId,
        operationName: operation?.name?.slice(0, MAX_NAME_LENGTH) ?? null,
        operationType: operation?.type ?? null,
        status,
        durationMs: Math.round(durationMs * 10) / 10,
        upstream: tally && inWholeMs(tally),
        errorCodes: codes.length > 0 ? [...new Set(codes)] : undefined,
      };
      stream.hiding(keysOf(visit), () => log.info(line, 'operation'));
    },
  };
  return {
    observer: log.isLevelEnabled('info') ? observer : undefined,
    error(error, visit) {
      const line = { requestId: visit?.requestId, err: error };
      stream.hiding(visit ? keysOf(visit) : [], () => log.error(line, 'unexpected error'));
    },
    warn: (facts, message) => log.warn(facts, message),
  };
}

const MAX_NAME_LENGTH = 100;

/** Whatever was sent as one, also if it could not be read; not the GraphiQL page and not a probe. */
function isOperation({ path, method, operation, codes }: Visit): boolean {
  return (
    operation !== undefined || (/^\/graphql(\/|$)/.test(path) && (method === 'POST' || codes.length > 0))
  );
}

function inWholeMs({ calls, shared, fresh, stale, queuedMs }: NonNullable<Visit['tally']>) {
  return { calls, shared, fresh, stale, queuedMs: Math.ceil(queuedMs) };
}

function keysOf(visit: Visit): string[] {
  const credentials = [visit.header('token'), visit.header('authorization')?.replace(/^Bearer +/i, '')];
  return credentials.filter((key) => typeof key === 'string');
}
