import { hash } from 'node:crypto';
import { GraphQLError } from 'graphql';
import { hide, hideable } from './redacted-stream.ts';
import { keysOf, type RequestRecord, type WriteFacts } from './request-record.ts';

const MAX_LENGTH = 100;
const VISIBLE = /^[\x20-\x7e]+$/;

/** Removes the keys of the request from a text that the client has chosen, because no log line may show them. */
export function withoutKeys(record: RequestRecord, text: string): string {
  return hide(text, hideable(keysOf(record)));
}

/** As Apollo clients and others send them. The texts are bounded, as clients may send anything. */
export function clientOf(record: RequestRecord) {
  const { request } = record;
  const read = (fact: 'name' | 'version'): string | undefined => {
    const said = request.header(`apollographql-client-${fact}`) ?? request.header(`graphql-client-${fact}`);
    return said && VISIBLE.test(said) ? withoutKeys(record, said).slice(0, MAX_LENGTH) : undefined;
  };
  return { clientName: read('name'), clientVersion: read('version') };
}

export function operationNameOf(record: RequestRecord): string | undefined {
  const name = record.operation?.name;
  return name && withoutKeys(record, name).slice(0, MAX_LENGTH);
}

/** The trace ids for a log line. The client may have chosen the trace id. */
export function traceIdsOf(record: RequestRecord) {
  const { span } = record;
  return span && { ...span, trace_id: withoutKeys(record, span.trace_id) };
}

/** Hides keys only in texts of the client, which could otherwise remove any word from the line by sending it as its key. */
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
  readonly path?: string | undefined;
  readonly stack?: string | undefined;
  readonly cause?: ErrorFacts | undefined;
}

const MAX_CAUSES = 5;

/** The facts of an error for the log; `shown` filters each text. Leaves out other members, such as a document or headers. */
export function errorFacts(error: unknown, shown: (text: string) => string, causes = 0): ErrorFacts {
  const path = error instanceof GraphQLError && error.path ? shown(error.path.join('.')) : undefined;
  if (error instanceof GraphQLError && error.originalError)
    return { ...errorFacts(error.originalError, shown, causes), path };
  if (!(error instanceof Error)) {
    const message = `a value of type ${typeof error} was thrown instead of an error`;
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
