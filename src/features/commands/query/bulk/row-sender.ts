import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, isRefused, type Members, membersOf, type OwnGateway } from '../own-gateway.ts';
import type { ResultFile, RowResult } from './result-file.ts';
import type { RowOperation } from './row-operation.ts';
import type { ReadableRow } from './rows.ts';

interface SenderOptions {
  readonly gateway: OwnGateway;
  readonly operation: RowOperation;
  readonly file: ResultFile;
  /** Ends the run before its last row. The reason of its signal is a text. */
  readonly stop: AbortController;
}

/** The meaning of an answer: the row's result, when to try again, or why to stop the run. */
type Meaning =
  | { readonly result: Outcome }
  | { readonly tryAgainMs: number; readonly failed: Outcome; readonly mayBeTheRow: boolean }
  | { readonly stop: string; readonly failed: Outcome };
type Outcome = Pick<RowResult, 'status' | 'data' | 'errors'>;

/** The run ends if no row ends within this time. */
const GIVE_UP_MS = 10 * 60_000;
/** A row fails after so many attempts without an answer of LuaAuth. */
const MOST_FAILURES = 5;

/** Sends a row until it ends. It waits while the quota is used up, or while LuaAuth is down. */
export function createRowSender({
  gateway,
  operation: { document: query, name: operationName, mutation },
  file,
  stop,
}: SenderOptions) {
  let lastEndAt = performance.now();

  /** Undefined if the run stops before the row is sent. */
  return async ({ row, line, digest, values }: ReadableRow): Promise<RowResult | undefined> => {
    const place = { row, line, digest };
    let failed: Outcome | undefined;
    for (let failures = 0; ; ) {
      if (stop.signal.aborted) return failed && { ...place, ...failed };
      const operation = { query, variables: values, operationName };
      let isNoted = false;
      const answer = await gateway.ask(operation, 'report', ({ kind }) => {
        if (kind === 'write' && !isNoted) file.sent({ row, line, digest, values });
        isNoted ||= kind === 'write';
      });
      const meaning = meaningOf(answer, mutation !== undefined);
      const now = performance.now();
      if ('tryAgainMs' in meaning) {
        failed = meaning.failed;
        failures += meaning.mayBeTheRow ? 1 : 0;
        if (failures === MOST_FAILURES) return { ...place, ...failed };
        // If the run is killed while the row waits, the next run knows that nothing has changed.
        if (isNoted) file.ended({ ...place, ...failed });
        if (now - lastEndAt > GIVE_UP_MS)
          stop.abort(`no row has ended for ten minutes. The last problem: ${messageOf(failed)}`);
        await sleep(meaning.tryAgainMs, undefined, stop).catch(() => undefined);
        continue;
      }
      lastEndAt = now;
      if ('result' in meaning) return { ...place, ...meaning.result };
      stop.abort(meaning.stop);
      return { ...place, ...meaning.failed };
    }
  };
}

/** How long to wait if the answer does not say. */
const TRY_AGAIN_MS = 1_000;

/** Codes of errors that pass by themselves. */
const PASSING: readonly unknown[] = ['RATE_LIMITED', 'OVERLOADED'];
/** Codes of errors that pass by themselves, unless the row causes them. */
const OFTEN_PASSING: readonly unknown[] = ['UPSTREAM_UNAVAILABLE', 'UPSTREAM_TIMEOUT'];

/** A write is tried again only if it was certainly not carried out. */
function meaningOf(answer: Answer, isMutation: boolean): Meaning {
  const { data, errors, upstream } = answer;
  if (errors.length === 0) return { result: { status: isRefused(answer) ? 'REFUSED' : 'OK', data } };
  const facts = errors.map(({ extensions }) => membersOf(extensions));
  const hasData = Object.values(data).some((value) => value !== null);
  const madeCalls = Number(upstream.calls) > 0;
  // A mutation with data was carried out; the error belongs to a later read.
  if (isMutation && hasData)
    return { result: { status: isRefused(answer) ? 'REFUSED' : 'OK', data, errors } };
  if (isMutation && facts.some(({ outcome }) => outcome !== 'NOT_EXECUTED'))
    return { result: { status: 'UNKNOWN', errors } };
  // The values are wrong, so nothing was sent. LuaAuth may refuse values too, and a nested field has its values read later.
  if (!madeCalls && !hasData && facts.every(({ code }) => code === 'BAD_USER_INPUT'))
    return { result: { status: 'INVALID', errors } };
  const failed: Outcome = { status: 'FAILED', data, errors };
  // Every further row would end the same way.
  const hopeless = facts.some(({ code, reason }) => code === 'UNAUTHENTICATED' || reason === 'BLOCKED');
  if (hopeless) return { stop: messageOf(failed), failed };
  const isOf = (codes: readonly unknown[]) => facts.some(({ code }) => codes.includes(code));
  if (!isOf(PASSING) && !isOf(OFTEN_PASSING)) return { result: failed };
  // While the circuit breaker is open, no call is made.
  const mayBeTheRow = madeCalls && !isOf(PASSING);
  return { tryAgainMs: waitOf(facts), failed, mayBeTheRow };
}

function waitOf(facts: readonly Members[]): number {
  const given = facts.flatMap(({ retryAfterMs }) => (typeof retryAfterMs === 'number' ? [retryAfterMs] : []));
  return Math.max(...(given.length > 0 ? given : [TRY_AGAIN_MS]));
}

/** The messages of all errors, in one line. */
export function messageOf({ errors = [] }: Pick<RowResult, 'errors'>): string {
  return errors.map((error) => String(membersOf(error).message)).join(' ');
}
