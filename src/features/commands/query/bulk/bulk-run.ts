import { setMaxListeners } from 'node:events';
import { printError, type Terminal } from '../../../../cli/terminal.ts';
import { StartError } from '../../../../observability/start-error.ts';
import type { OwnGateway } from '../own-gateway.ts';
import type { ResultFile, RowResult, RowStatus } from './result-file.ts';
import type { RowOperation } from './row-operation.ts';
import { createRowSender, messageOf } from './row-sender.ts';
import type { ReadableRow, Row } from './rows.ts';

interface BulkRun {
  readonly rows: readonly Row[];
  readonly operation: RowOperation;
  readonly gateway: OwnGateway;
  readonly file: ResultFile;
  /** The most REST calls of one row. */
  readonly price: number;
  /** REST calls per second; 0: no limit. */
  readonly rate: number;
  readonly repeatUnknown: boolean;
  readonly terminal: Terminal;
}

/** How a run ended. `stoppedBy` says why some rows remain. */
export interface BulkEnd {
  readonly sent: number;
  /** How many rows the next run will send. */
  readonly left: number;
  readonly elapsedMs: number;
  readonly stoppedBy: string | undefined;
}

/** How many seconds of the quota to send ahead, so that the gateway's queue is never empty. */
const SECONDS_AHEAD = 2;
const MOST_IN_FLIGHT = 200;
const MOST_PROBLEMS_SHOWN = 20;

/** Sends each row that has to be sent. @throws StartError before the first row if an earlier run had other rows */
export async function runRows(run: BulkRun): Promise<BulkEnd> {
  const { rows, file, price, rate, repeatUnknown, terminal } = run;
  for (const row of rows) checkSameRow(row, file);
  const stop = new AbortController();
  // Each row that waits listens, and Node would warn of more than ten.
  setMaxListeners(0, stop.signal);
  terminal.onStop?.((signal) => stop.abort(`${signal} ended the run`));
  const send = createRowSender({ ...run, stop });
  const begun = performance.now();
  let [sent, invalid, failed] = [0, 0, 0];
  /** Whether an earlier run has ended the row, so that this run does not send it. */
  const isOver = ({ row }: Row) => {
    const before = file.before(row);
    return before !== undefined && !isSentAgain(before.status, repeatUnknown);
  };
  /** Rows that need nothing more from this run. */
  let done = rows.filter((row) => 'values' in row && isOver(row)).length;
  const running = new Set<Promise<void>>();
  let failure: unknown;
  const fail = (error: unknown) => {
    failure ??= error;
    stop.abort('An error ended the run');
  };
  const end = (result: RowResult) => {
    file.ended(result);
    done += 1;
    failed += result.status === 'FAILED' ? 1 : 0;
    if (result.status !== 'INVALID') {
      sent += 1;
      return;
    }
    invalid += 1;
    const { line, problem = messageOf(result) } = result;
    if (invalid <= MOST_PROBLEMS_SHOWN) printError(terminal, `line ${line}: ${problem}`);
  };
  const start = (row: ReadableRow) => {
    const task = send(row)
      .then((result) => {
        if (result) end(result);
      })
      .catch(fail)
      .finally(() => running.delete(task));
    running.add(task);
  };
  const progress = showProgress(terminal, () => {
    const left = rows.length - done;
    const leftMs = sent === 0 ? undefined : (left / sent) * (performance.now() - begun);
    const rest = left > 0 && leftMs !== undefined ? `, ${left} left, about ${durationText(leftMs)}` : '';
    return `${done} of ${rows.length} rows${rest}`;
  });
  const inFlight = rate > 0 ? Math.ceil((rate * SECONDS_AHEAD) / price) : MOST_IN_FLIGHT;
  try {
    for (const row of rows) {
      if (stop.signal.aborted) break;
      if ('problem' in row) {
        end({ row: row.row, line: row.line, status: 'INVALID', problem: row.problem });
        continue;
      }
      if (isOver(row)) continue;
      while (running.size >= Math.min(MOST_IN_FLIGHT, inFlight)) await Promise.race(running);
      if (!stop.signal.aborted) start(row);
    }
  } catch (error) {
    fail(error);
  }
  // Also after an error, because the writes that were sent must have their results in the file.
  await Promise.all(running);
  progress.stop();
  if (failure !== undefined) throw failure;
  return {
    sent,
    left: rows.length - done + failed,
    elapsedMs: performance.now() - begun,
    stoppedBy: stop.signal.reason,
  };
}

function isSentAgain(status: RowStatus, repeatUnknown: boolean): boolean {
  return status === 'FAILED' || status === 'INVALID' || (status === 'UNKNOWN' && repeatUnknown);
}

/** A row that was sent must still be the same. */
function checkSameRow(row: Row, file: ResultFile): void {
  const before = file.before(row.row);
  if (!before || before.status === 'FAILED' || before.status === 'INVALID') return;
  if ('digest' in row && row.digest === before.digest) return;
  throw new StartError(
    `line ${row.line}: the earlier run had another row or another operation here. Give the same ones, or another --output.`,
  );
}

/** On a terminal, one line that changes. */
function showProgress({ stderr }: Terminal, text: () => string) {
  if (!stderr.isTTY) return { stop: () => undefined };
  // The escape sequence removes the rest of a longer line.
  const show = () => stderr.write(`\r${text()}\u001b[K`);
  const timer = setInterval(show, 500);
  return {
    stop() {
      clearInterval(timer);
      show();
      stderr.write('\n');
    },
  };
}

/** For example `3 min 20 s`. */
export function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  const hours = Math.floor(seconds / 3_600);
  const minutes = Math.floor((seconds % 3_600) / 60);
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
