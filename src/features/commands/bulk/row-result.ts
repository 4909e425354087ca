import { Kind } from 'graphql';
import { isObject } from '../../../luaauth/envelope.ts';
import { stringifyExactJson } from '../../../transport/json.ts';
import { NO_WRITES, readOutcome } from '../query-outcome.ts';
import { csvLine } from './csv.ts';
import { MAX_DEPTH, type RowOperation, selectionsOf } from './row-operation.ts';

/** How a row ended. INVALID: not sent. FAILED: an error, and nothing changed. UNKNOWN: something may have changed. */
export const ROW_STATUSES = ['OK', 'REFUSED', 'FAILED', 'UNKNOWN', 'INVALID'] as const;
export type RowStatus = (typeof ROW_STATUSES)[number];

export interface RowResult {
  readonly row: number;
  readonly line: number;
  readonly status: RowStatus;
  readonly problem?: string;
  readonly data?: unknown;
  readonly errors?: readonly unknown[];
}

type Ended = Pick<RowResult, 'status' | 'problem' | 'data' | 'errors'>;

/** The meaning of an answer: the row's result, when to try again, or why to stop the run. */
export type RowEnd =
  | { readonly result: Ended }
  | {
      readonly tryAgainMs: number;
      readonly why: string;
      /** The result if this happens repeatedly while other rows end. Undefined if the row cannot be the cause. */
      readonly failed?: Ended;
    }
  | { readonly stop: string };

interface RowError {
  readonly message: string;
  readonly code: unknown;
  readonly outcome: unknown;
  readonly retryAfterMs: unknown;
  /** Set if the key lacks scopes for the operation, whatever the row. */
  readonly missingScopes: unknown;
}

/** How long to wait if the answer does not say. */
const TRY_AGAIN_MS = 1_000;

/** Codes of errors that every row would get before anything is carried out. */
const OF_EVERY_ROW: readonly unknown[] = [
  'UNAUTHENTICATED',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'PERSISTED_DOCUMENTS_ONLY',
  'BAD_REQUEST',
  'HOST_NOT_ALLOWED',
  'NOT_FOUND',
  'DOCUMENT_TOO_LARGE',
  'OPERATION_TOO_LARGE',
  'TOO_DEEP',
  'ALIAS_TOO_LONG',
];

/** Codes of errors that pass by themselves, unless the row causes them. */
const OFTEN_PASSING: readonly unknown[] = ['UPSTREAM_UNAVAILABLE', 'UPSTREAM_TIMEOUT'];

/** Codes of errors that pass by themselves, independent of the row. */
const PASSING: readonly unknown[] = [
  'RATE_LIMITED',
  'COORDINATION_LOST',
  'OVERLOADED',
  'TOO_MANY_OPERATIONS',
  'SHUTTING_DOWN',
];

/** Codes without an outcome that may occur after the write. */
const AFTER_THE_WRITE: readonly unknown[] = [
  undefined,
  'INTERNAL_SERVER_ERROR',
  'ANSWER_TOO_LARGE',
  'SHUTTING_DOWN',
  'REQUEST_TIMEOUT',
];

/** A write is tried again only if it was certainly not carried out. */
export function readRowEnd(text: string, isMutation: boolean): RowEnd {
  const outcome = readOutcome(text, isMutation);
  if (outcome === undefined) return withoutAnswer('The response is not the answer of a gateway.', isMutation);
  const { answer, hasErrors, isRefused } = outcome;
  const { data, errors } = answer;
  const ended: Ended =
    isRefused === undefined
      ? { status: 'UNKNOWN', problem: NO_WRITES, data }
      : { status: isRefused ? 'REFUSED' : 'OK', data };
  if (!hasErrors) return { result: ended };
  const all = (errors ?? []).map(readError);
  // A mutation with data was carried out; the error belongs to a later read.
  const isDone = isMutation && Object.values(data ?? {}).some((value) => value !== null);
  if (isMutation && !isDone && all.some(isUnknown))
    return { result: { status: 'UNKNOWN', data, errors: errors ?? [] } };
  if (isDone) return { result: { ...ended, errors: errors ?? [] } };
  const hopeless = all.find(({ code, missingScopes }) => OF_EVERY_ROW.includes(code) || missingScopes);
  if (hopeless) return { stop: hopeless.message };
  const failed: Ended = { status: 'FAILED', data, errors: errors ?? [] };
  const passing = all.find(({ code }) => PASSING.includes(code));
  if (passing) return { tryAgainMs: waitOf(all), why: passing.message };
  const often = all.find(({ code }) => OFTEN_PASSING.includes(code));
  return often ? { tryAgainMs: waitOf(all), why: often.message, failed } : { result: failed };
}

/** `mayHaveWritten`: a mutation may have reached the gateway. */
export function withoutAnswer(problem: string, mayHaveWritten: boolean): RowEnd {
  return mayHaveWritten
    ? { result: { status: 'UNKNOWN', problem } }
    : { tryAgainMs: TRY_AGAIN_MS, why: problem };
}

function readError(error: unknown): RowError {
  const { message, extensions } = isObject(error) ? error : {};
  const { code, outcome, retryAfterMs, missingScopes } = isObject(extensions) ? extensions : {};
  return { message: String(message), code, outcome, retryAfterMs, missingScopes };
}

function isUnknown({ outcome, code }: RowError): boolean {
  return outcome === undefined ? AFTER_THE_WRITE.includes(code) : outcome === 'UNKNOWN';
}

function waitOf(errors: readonly RowError[]): number {
  const given = errors.flatMap(({ retryAfterMs }) =>
    typeof retryAfterMs === 'number' ? [retryAfterMs] : [],
  );
  return Math.max(...(given.length > 0 ? given : [TRY_AGAIN_MS]));
}

export type OutputFormat = 'jsonl' | 'csv';

/** Makes the header, if any, and the line of each result. */
export function resultFormat(format: OutputFormat, operation: RowOperation) {
  if (format === 'jsonl')
    return { header: undefined, lineOf: (result: RowResult) => stringifyExactJson(result) };
  const columns = columnsOf(operation);
  return {
    header: csvLine(['row', 'line', 'status', 'problem', ...columns.map((path) => path.join('.'))]),
    lineOf({ row, line, status, problem, data, errors = [] }: RowResult): string {
      const messages = errors.map((error) => readError(error).message);
      const why = problem ?? (messages.length > 0 ? messages.join(' ') : undefined);
      return csvLine([row, line, status, why, ...columns.map((path) => valueAt(data, path))]);
    },
  };
}

function columnsOf({ document, definition }: RowOperation): readonly (readonly string[])[] {
  const found = new Map<string, readonly string[]>();
  const visit = (set: typeof definition.selectionSet, path: readonly string[], depth: number) => {
    if (depth > MAX_DEPTH) return;
    for (const selection of set.selections) {
      const own = selection.kind === Kind.FIELD ? [...path, (selection.alias ?? selection.name).value] : path;
      const inner = selectionsOf(document, selection);
      if (inner) visit(inner, own, depth + 1);
      else if (selection.kind === Kind.FIELD) found.set(own.join('.'), own);
    }
  };
  visit(definition.selectionSet, [], 0);
  return [...found.values()];
}

/** A list stays a list: its cell is JSON. */
function valueAt(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (Array.isArray(value))
    return value.map((item) => valueAt(item, name === undefined ? [] : [name, ...rest]));
  if (name === undefined) return value;
  return isObject(value) ? valueAt(value[name], rest) : undefined;
}
