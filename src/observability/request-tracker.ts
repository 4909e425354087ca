import type { GraphQLFormattedError } from 'graphql';
import type { Usage } from '../transport/usage.ts';
import { type ClientRequest, RequestRecord } from './request-record.ts';

/** Where the gateway tells of what nobody expects. */
export interface GatewayLog {
  /** `record` is the request in which it happened, where that is known. */
  error(error: unknown, record?: RequestRecord): void;
}

export interface RequestEnd {
  /** The HTTP status; CLIENT_LEFT when the client did not wait for one. */
  readonly status: number;
  readonly durationMs: number;
}

/** The status that stands for no answer, as in nginx's log. */
export const CLIENT_LEFT = 499;

/** Receives each request as it goes on. What it does costs every request. */
export interface RequestObserver {
  /** Whether it looks at `record.phases`. */
  readonly usesPhases?: boolean;
  began?(record: RequestRecord): void;
  /** The operation begins to run; `record.usage` is known. */
  running?(record: RequestRecord): void;
  ended?(record: RequestRecord, end: RequestEnd): void;
}

/** Follows requests from their arrival to the end of their answers. */
export interface RequestTracker {
  begin(request: ClientRequest, requestId: string): RequestRecord;
  running(record: RequestRecord, usage: Readonly<Usage>): void;
  answered(record: RequestRecord, errors: readonly GraphQLFormattedError[]): void;
  end(record: RequestRecord, status: number): void;
  /** Tells of what nobody expects. */
  unexpected(error: unknown, record?: RequestRecord): void;
}

/** An observer or a log that throws harms no request: the log hears of the observer, nobody of the log. */
export function createRequestTracker(observers: readonly RequestObserver[], log: GatewayLog): RequestTracker {
  const usesPhases = observers.some((observer) => observer.usesPhases);
  const unexpected: RequestTracker['unexpected'] = (error, record) => {
    try {
      log.error(error, record);
    } catch {
      // It has nobody to tell.
    }
  };
  const notify = (record: RequestRecord, tell: (observer: RequestObserver) => void) => {
    for (const observer of observers) {
      try {
        tell(observer);
      } catch (error) {
        unexpected(error, record);
      }
    }
  };
  return {
    unexpected,
    begin(request, requestId) {
      const record = new RequestRecord(request, requestId, usesPhases);
      notify(record, (observer) => observer.began?.(record));
      return record;
    },
    running(record, usage) {
      record.usage = usage;
      notify(record, (observer) => observer.running?.(record));
    },
    answered(record, errors) {
      record.codes = errors.map(({ extensions }) => String(extensions?.code));
    },
    end(record, status) {
      const end = { status, durationMs: performance.now() - record.startedAt };
      notify(record, (observer) => observer.ended?.(record, end));
    },
  };
}
