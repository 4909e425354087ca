import type { GraphQLFormattedError, OperationTypeNode } from 'graphql';
import { notify } from '../base/maybe-promise.ts';
import type { ClientRequest } from '../client-request.ts';
import type { Usage } from '../transport/usage.ts';

interface OperationFacts {
  readonly name: string | undefined;
  readonly type: OperationTypeNode;
}

/** The facts of a document for logs, traces and errors, never its text. */
interface DocumentFacts {
  /** The SHA-256 of the text. Undefined if the text is not GraphQL. */
  hash(): string | undefined;
}

export interface WriteBegun {
  readonly mutation: string;
  readonly path: readonly string[];
  /** The ids in its arguments. A licence key appears as its hash. */
  readonly ids: readonly string[];
}

export interface WriteFacts extends WriteBegun {
  /** The type of its result. Undefined for an error. */
  readonly result: string | undefined;
  readonly errorCode: string | undefined;
  readonly outcome: 'EXECUTED' | 'NOT_EXECUTED' | 'UNKNOWN';
}

/** Named as log collectors expect. */
interface SpanIds {
  readonly trace_id: string;
  readonly span_id: string;
}

/** The facts of one request, never its document, variables or body. */
export interface RequestRecord {
  readonly request: ClientRequest;
  readonly requestId: string;
  readonly startedAt: number;
  /** Set when the document was parsed. */
  operation: OperationFacts | undefined;
  document: DocumentFacts | undefined;
  /** Undefined if it is not traced. */
  span: SpanIds | undefined;
  /** The name of the gateway key, when known. Undefined if callers have no names. */
  caller: string | undefined;
  /** The writes that have begun but not ended. Undefined if none has begun. */
  writing: Set<WriteBegun> | undefined;
  /** Whether a write was carried out or may have been. */
  hasWritten: boolean;
  /** REST calls and cache hits. Undefined before the operation runs. */
  usage: Readonly<Usage> | undefined;
  /** `extensions.code` of each error in the answer. */
  codes: readonly string[];
  /** The schema coordinates of failed fields. */
  failedFields: readonly string[];
  /** The time in ms from the operation's turn at the gate until its answer, or until its stream has begun. Undefined until then. */
  operationMs: number | undefined;
}

/** Whether the request was an operation, readable or not. False for the GraphiQL page and probes. */
export function isOperation({ request: { path, method }, operation, codes }: RequestRecord): boolean {
  return (
    operation !== undefined ||
    (path === '/mcp' && codes.length > 0) ||
    (/^\/graphql(\/|$)/.test(path) && (method === 'POST' || codes.length > 0))
  );
}

/** The keys of the request, valid or not. No log line may show them. */
export function keysOf({ request }: RequestRecord): string[] {
  const { token, bearer } = request.credentials;
  return [token, bearer].filter((key) => key !== undefined);
}

export interface GatewayLog {
  /** `record` is the request in which the error occurred, if known. */
  error(error: unknown, record?: RequestRecord): void;
}

export type WriteEnd = Omit<WriteFacts, keyof WriteBegun>;

export interface RequestEnd {
  /** The HTTP status, or CLIENT_LEFT if the client left before the answer. */
  readonly status: number;
  readonly durationMs: number;
}

export const CLIENT_LEFT = 499;

/** Observes requests. Its code runs for every request. */
export interface RequestObserver {
  began?(record: RequestRecord): void;
  /** The operation begins to run; `record.usage` is set. */
  running?(record: RequestRecord): void;
  /** A write has ended, but is not answered yet. */
  wrote?(record: RequestRecord, write: WriteFacts): void;
  ended?(record: RequestRecord, end: RequestEnd): void;
}

export type RequestTracker = ReturnType<typeof createRequestTracker>;

const NONE: readonly string[] = [];

const CUT_SHORT = { result: undefined, errorCode: 'SHUTTING_DOWN', outcome: 'UNKNOWN' } as const;

/** An observer that throws or rejects harms no request: its error is logged. An error of the log itself is dropped. */
export function createRequestTracker(observers: readonly RequestObserver[], log: GatewayLog) {
  const unexpected = (error: unknown, record?: RequestRecord): void => {
    // A failure of the log itself is dropped.
    notify(
      () => log.error(error, record),
      () => undefined,
    );
  };
  const notifyAll = (record: RequestRecord, call: (observer: RequestObserver) => unknown) => {
    for (const observer of observers)
      notify(
        () => call(observer),
        (error) => unexpected(error, record),
      );
  };
  const wrote = (record: RequestRecord, write: WriteFacts): void => {
    notifyAll(record, (observer) => observer.wrote?.(record, write));
  };
  return {
    unexpected,
    begin(request: ClientRequest, requestId: string, startedAt = performance.now()): RequestRecord {
      const record: RequestRecord = {
        request,
        requestId,
        startedAt,
        operation: undefined,
        document: undefined,
        span: undefined,
        caller: undefined,
        writing: undefined,
        hasWritten: false,
        usage: undefined,
        codes: NONE,
        failedFields: NONE,
        operationMs: undefined,
      };
      notifyAll(record, (observer) => observer.began?.(record));
      return record;
    },
    running(record: RequestRecord, usage: Readonly<Usage>): void {
      record.usage = usage;
      notifyAll(record, (observer) => observer.running?.(record));
    },
    wrote,
    /** Notes the begin of a write. Call the result when the write has ended; it adds the facts to `ended`. */
    writing(record: RequestRecord, write: WriteBegun, ended?: WriteFacts[]) {
      record.writing ??= new Set();
      const { writing } = record;
      writing.add(write);
      return (end: WriteEnd): void => {
        writing.delete(write);
        record.hasWritten ||= end.outcome !== 'NOT_EXECUTED';
        const facts = { ...write, ...end };
        ended?.push(facts);
        wrote(record, facts);
      };
    },
    answered(record: RequestRecord, errors: readonly GraphQLFormattedError[]): void {
      record.codes = errors.map(({ extensions }) => String(extensions?.code));
      const fields = errors.flatMap(({ extensions }) => extensions?.coordinate ?? []);
      record.failedFields = [...new Set(fields.map(String))];
    },
    end(record: RequestRecord, status: number): void {
      // A client that stays gets its answer before the end of a write only when the process stops. Then the end may be
      // lost, so it is noted here.
      if (status !== CLIENT_LEFT)
        for (const write of record.writing ?? []) wrote(record, { ...write, ...CUT_SHORT });
      // The gateway notes the codes of its own answers. A process that stops answers in its place.
      if (status === 503 && record.codes.length === 0 && isOperation(record))
        record.codes = [CUT_SHORT.errorCode];
      const end = { status, durationMs: performance.now() - record.startedAt };
      notifyAll(record, (observer) => observer.ended?.(record, end));
    },
  };
}
