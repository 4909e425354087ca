import type { Socket } from 'node:net';
import type { ASTNode, GraphQLFormattedError, OperationTypeNode } from 'graphql';
import { notify } from '../state/maybe-promise.ts';
import type { Signal } from '../transport/call.ts';
import type { Usage } from '../transport/observer.ts';

/** The parts of a request that the gateway looks at, however it arrives. */
export interface ClientRequest {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  /** Aborted when the client leaves before its answer is complete. */
  readonly signal: Signal;
  readonly credentials: SentCredentials;
  /** Where it comes from; empty where that is not known. */
  readonly address: string;
  /** Its connection; undefined where that is not known. */
  readonly socket?: Socket | undefined;
  /** A header by its name in lower case. */
  header(name: string): string | null;
}

/** The headers in which a client can send a key: never shown, whatever they hold. */
export interface SentCredentials {
  readonly token: string | undefined;
  /** The value of `Authorization` without the word Bearer. */
  readonly bearer: string | undefined;
}

/** Makes them of the two headers. Read nowhere else: the log hides what is read here. */
export function credentialsIn(token: string | null, authorization: string | null): SentCredentials {
  return { token: token ?? undefined, bearer: authorization?.replace(/^Bearer(?: +|$)/i, '') };
}

/** An operation as logs, metrics and traces name it. */
interface OperationFacts {
  readonly name: string | undefined;
  readonly type: OperationTypeNode;
}

/** A document as logs, traces and errors name it: never its text. */
export interface DocumentFacts {
  /** The SHA-256 of its text; undefined: it was never a text. */
  hash(): string | undefined;
  /** The schema coordinate of one of its fields, such as `Script.name`. */
  coordinateOf(field: ASTNode | undefined): string | undefined;
}

export type Phase = 'parse' | 'validate' | 'context' | 'execute';

/** Facts about a write that has begun: never what is written. */
export interface WriteBegun {
  readonly mutation: string;
  /** Where its result stands in the answer. */
  readonly path: readonly string[];
  /** The things that it is about; a licence key by its hash. */
  readonly ids: readonly string[];
}

/** The same once it has ended. */
export interface WriteFacts extends WriteBegun {
  /** The type of its result; undefined: an error. */
  readonly result: string | undefined;
  readonly errorCode: string | undefined;
  readonly outcome: 'EXECUTED' | 'NOT_EXECUTED' | 'UNKNOWN';
}

/** By the names that collectors of logs know. */
interface SpanIds {
  readonly trace_id: string;
  readonly span_id: string;
}

/** The phases of an operation, one after the other. */
class Phases {
  /** How long each took, in ms. */
  readonly times: { [P in Phase]?: number } = {};
  #beganAt = 0;

  /** The first one begins now. */
  begin(): void {
    this.#beganAt = performance.now();
  }

  /** This one ends now, and the next one begins. */
  end(phase: Phase): void {
    const now = performance.now();
    this.times[phase] = now - this.#beganAt;
    this.#beganAt = now;
  }
}

/** Facts about one request to the gateway: never its document, variables or body. */
export interface RequestRecord {
  readonly request: ClientRequest;
  readonly requestId: string;
  /** When it arrived, as `performance.now()` has it. */
  readonly startedAt: number;
  /** The operation, once its document could be parsed. */
  operation: OperationFacts | undefined;
  document: DocumentFacts | undefined;
  /** Its span, as a line of a log names it; undefined: it is not traced. */
  span: SpanIds | undefined;
  /** The name of the gateway key, once that is known; undefined: callers have no names. */
  caller: string | undefined;
  /** The writes that have begun and not ended; undefined: none has begun. */
  writing: Set<WriteBegun> | undefined;
  /** Whether a write was, or may have been, carried out. */
  hasWritten: boolean;
  /** How the operation's reads come about; missing until it runs. */
  usage: Readonly<Usage> | undefined;
  /** `extensions.code` of each error in the answer. */
  codes: readonly string[];
  /** The schema coordinates of the fields that failed. */
  failedFields: readonly string[];
  /** Undefined: nobody looks at it. */
  readonly phases: Phases | undefined;
}

/** Whether a request was sent as an operation, even if it could not be read; the GraphiQL page and probes are not. */
export function isOperation({ request: { path, method }, operation, codes }: RequestRecord): boolean {
  return (
    operation !== undefined ||
    (path === '/mcp' && codes.length > 0) ||
    (/^\/graphql(\/|$)/.test(path) && (method === 'POST' || method === 'QUERY' || codes.length > 0))
  );
}

/** The keys that a request was sent with, true or not: nothing that is written of it may show them. */
export function keysOf({ request }: RequestRecord): string[] {
  const { token, bearer } = request.credentials;
  return [token, bearer].filter((key) => key !== undefined);
}

/** The log of what nobody expects. */
export interface GatewayLog {
  /** `record` is the request in which it happened, where that is known. */
  error(error: unknown, record?: RequestRecord): void;
}

export type WriteEnd = Omit<WriteFacts, keyof WriteBegun>;

export interface RequestEnd {
  /** The HTTP status; CLIENT_LEFT when the client did not wait for one. */
  readonly status: number;
  readonly durationMs: number;
}

/** The status that stands for no answer, as in nginx's log. */
export const CLIENT_LEFT = 499;

/** Receives each request as it goes on. Its work costs every request. */
export interface RequestObserver {
  /** Whether it looks at `record.phases`. */
  readonly usesPhases?: boolean;
  began?(record: RequestRecord): void;
  /** The operation begins to run; `record.usage` is known. */
  running?(record: RequestRecord): void;
  /** A write has ended, and is not answered yet. */
  wrote?(record: RequestRecord, write: WriteFacts): void;
  ended?(record: RequestRecord, end: RequestEnd): void;
}

/** Follows requests from their arrival to the end of their answers. */
export type RequestTracker = ReturnType<typeof createRequestTracker>;

const NONE: readonly string[] = [];

const CUT_SHORT: WriteEnd = { result: undefined, errorCode: 'SHUTTING_DOWN', outcome: 'UNKNOWN' };

/** An observer or a log that throws or rejects harms no request, nor the process: the log hears of the observer, nobody of the log. */
export function createRequestTracker(observers: readonly RequestObserver[], log: GatewayLog) {
  const usesPhases = observers.some((observer) => observer.usesPhases);
  const unexpected = (error: unknown, record?: RequestRecord): void => {
    // Nobody hears of its own failure.
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
    begin(request: ClientRequest, requestId: string): RequestRecord {
      const record: RequestRecord = {
        request,
        requestId,
        startedAt: performance.now(),
        operation: undefined,
        document: undefined,
        span: undefined,
        caller: undefined,
        writing: undefined,
        hasWritten: false,
        usage: undefined,
        codes: NONE,
        failedFields: NONE,
        phases: usesPhases ? new Phases() : undefined,
      };
      notifyAll(record, (observer) => observer.began?.(record));
      return record;
    },
    running(record: RequestRecord, usage: Readonly<Usage>): void {
      record.usage = usage;
      notifyAll(record, (observer) => observer.running?.(record));
    },
    wrote,
    /** Notes that a write begins. The returned function notes once how it has ended, also in `ended`. */
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
      // A client that stays gets its answer before a write has ended only when the process stops, which may lose the end.
      if (status !== CLIENT_LEFT)
        for (const write of record.writing ?? []) wrote(record, { ...write, ...CUT_SHORT });
      const end = { status, durationMs: performance.now() - record.startedAt };
      notifyAll(record, (observer) => observer.ended?.(record, end));
    },
  };
}
