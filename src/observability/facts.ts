import { hash } from 'node:crypto';
import { GraphQLError } from 'graphql';
import { hide, hideable } from './redacted-stream.ts';
import { keysOf, type RequestRecord, type WriteFacts } from './request-record.ts';

const MAX_LENGTH = 100;
const VISIBLE = /^[\x20-\x7e]+$/;

/** A text that a client has chosen, without the keys of its request: nothing that is written may show one. */
export function withoutKeys(record: RequestRecord, text: string): string {
  return hide(text, hideable(keysOf(record)));
}

/**
 * A client's own name and version, as Apollo's clients say it, and others. They may be anything, so they are bounded, and good
 * for telling clients apart alone.
 */
export function clientOf(record: RequestRecord) {
  const { request } = record;
  const read = (fact: 'name' | 'version'): string | undefined => {
    const said = request.header(`apollographql-client-${fact}`) ?? request.header(`graphql-client-${fact}`);
    return said && VISIBLE.test(said) ? withoutKeys(record, said).slice(0, MAX_LENGTH) : undefined;
  };
  return { clientName: read('name'), clientVersion: read('version') };
}

/** The name of the operation, which its client has chosen. */
export function operationNameOf(record: RequestRecord): string | undefined {
  const name = record.operation?.name;
  return name && withoutKeys(record, name).slice(0, MAX_LENGTH);
}

/** The trace of a request as a line of the log has it: its client can choose the id. */
export function traceIdsOf(record: RequestRecord) {
  const { span } = record;
  return span && { ...span, trace_id: withoutKeys(record, span.trace_id) };
}

/**
 * The audit line of a write: who did what to what, and how it ended. Keys are hidden in what the client has chosen alone: it
 * may send any word as one, and so would take out of the line what it did.
 */
export function auditLine(record: RequestRecord, { mutation, ids, result, errorCode, outcome }: WriteFacts) {
  return {
    requestId: withoutKeys(record, record.requestId),
    ...traceIdsOf(record),
    caller: record.caller ?? null,
    ...clientOf(record),
    operationName: operationNameOf(record),
    mutation,
    ids: ids.map((id) => (withoutKeys(record, id) === id ? id : `sha256:${hash('sha256', id)}`)),
    result,
    errorCode,
    outcome,
  };
}

interface ErrorFacts {
  readonly type: string;
  readonly message: string;
  readonly code?: string | undefined;
  /** Where in the answer. */
  readonly path?: string | undefined;
  readonly stack?: string | undefined;
  readonly cause?: ErrorFacts | undefined;
}

const MAX_CAUSES = 5;

/**
 * The facts of an error that a log may hold, each as `shown` makes it. Its other members, such as a document or the headers of a
 * request, stay out.
 */
export function errorFacts(error: unknown, shown: (text: string) => string, causes = 0): ErrorFacts {
  const path = error instanceof GraphQLError && error.path ? shown(error.path.join('.')) : undefined;
  if (error instanceof GraphQLError && error.originalError)
    return { ...errorFacts(error.originalError, shown, causes), path };
  if (!(error instanceof Error)) {
    const message = `something other than an error was thrown: a value of type ${typeof error}`;
    return { type: typeof error, message };
  }
  const { name, message, stack, cause } = error;
  const { code } = error as NodeJS.ErrnoException;
  return {
    type: shown(String(name)),
    message: shown(String(message)),
    code: typeof code === 'string' ? shown(code) : undefined,
    path,
    stack: stack === undefined ? undefined : shown(String(stack)),
    cause: cause instanceof Error && causes < MAX_CAUSES ? errorFacts(cause, shown, causes + 1) : undefined,
  };
}
