import { statSync } from 'node:fs';
import { printError } from '../../../cli/terminal.ts';
import { onStop } from '../../../server/signals.ts';
import type { AskedGateway } from '../ask-gateway.ts';
import { priceOf, quotaOf, rowsInFlight } from './bulk-plan.ts';
import type { Journal } from './journal.ts';
import { OrderedOutput } from './ordered-output.ts';
import { showProgress } from './progress.ts';
import type { RowOperation } from './row-operation.ts';
import { type OutputFormat, type RowResult, type RowStatus, resultFormat } from './row-result.ts';
import { RowSender, Stop } from './row-sender.ts';
import { type ReadableRow, type Row, UnusableRows } from './rows.ts';

interface BulkRun {
  readonly gateway: AskedGateway;
  readonly document: string;
  readonly operation: RowOperation;
  readonly operationName: string | undefined;
  readonly rows: AsyncIterable<Row>;
  /** Undefined if the size is unknown. */
  readonly inputPath: string | undefined;
  readonly outputPath: string | undefined;
  readonly format: OutputFormat;
  readonly journal: Journal | undefined;
  readonly goesOnAfterUnknown: boolean;
}

/** How a run ended. `stoppedBy` says why some rows remain. */
export interface BulkEnd {
  readonly counts: Readonly<Record<RowStatus, number>>;
  readonly sent: number;
  readonly elapsedMs: number;
  readonly stoppedBy: string | undefined;
}

/** Results wait in memory for the results of earlier rows. */
const MOST_AHEAD = 1_000;
/** How often to ask for the quota, which is smaller until LuaAuth has accepted the key. */
const ASK_EVERY_MS = 1_000;
const MOST_PROBLEMS_SHOWN = 20;

export async function runRows(run: BulkRun): Promise<BulkEnd> {
  const { operation, journal, gateway, inputPath } = run;
  const stop = new Stop();
  const sender = new RowSender({ ...run, stop });
  const counts: Record<RowStatus, number> = { OK: 0, REFUSED: 0, FAILED: 0, UNKNOWN: 0, INVALID: 0 };
  const inputBytes = inputPath === undefined ? undefined : statSync(inputPath).size;
  const at = { sent: 0, bytes: 0, bytesBefore: undefined as number | undefined, begun: performance.now() };
  const progress = showProgress(() => ({
    sent: at.sent,
    counts,
    share: inputBytes ? at.bytes / inputBytes : undefined,
    shareBefore: (at.bytesBefore ?? 0) / (inputBytes || 1),
    elapsedMs: performance.now() - at.begun,
    waitingFor: sender.waitingFor,
  }));
  const output = new OrderedOutput(
    run.outputPath,
    resultFormat(run.format, operation),
    ({ status, line, problem }) => {
      counts[status] += 1;
      if (status !== 'INVALID' || counts.INVALID > MOST_PROBLEMS_SHOWN) return;
      progress.clear();
      printError(`line ${line}: ${problem}.`);
    },
  );

  const finish = async (row: ReadableRow, result: RowResult) => {
    journal?.finish(row.row, row.digest, result);
    await output.add(row.row, () => result);
  };

  const settle = async (row: ReadableRow) => {
    const result = await sender.resultOf(row);
    if (result === undefined) return;
    at.sent += 1;
    at.bytes = Math.max(at.bytes, row.endByte);
    await finish(row, result);
    if (result.status === 'UNKNOWN' && !run.goesOnAfterUnknown)
      stop.because(
        `line ${row.line}: it is not known whether its write was carried out. Read what it changes before you repeat it by hand.`,
      );
  };

  const isSettled = async (row: Row): Promise<boolean> => {
    if ('problem' in row) {
      const { row: number, line, problem } = row;
      await output.add(number, () => ({ row: number, line, status: 'INVALID', problem }));
      return true;
    }
    const before = journal?.get(row.row);
    if (journal === undefined || before === undefined) return false;
    if (before.digest !== row.digest)
      throw new UnusableRows(
        `line ${row.line}: the earlier run had another row here. Give the same rows, or another --output.`,
      );
    if (before.result) await output.add(row.row, () => journal.resultOf(row.row));
    else await finish(row, { row: row.row, line: row.line, status: 'UNKNOWN', problem: INTERRUPTED });
    return true;
  };

  const running = new Set<Promise<void>>();
  let failure: unknown;
  const start = (row: ReadableRow) => {
    const task = settle(row)
      .catch((error: unknown) => {
        failure ??= error;
        stop.because('An error ended the run.');
      })
      .finally(() => running.delete(task));
    running.add(task);
  };

  onStop(async (signal) => stop.because(`${signal} ended the run.`));
  try {
    let price: number | undefined;
    let most = 1;
    let askedAt = Number.NEGATIVE_INFINITY;
    for await (const row of run.rows) {
      if (stop.reason !== undefined) break;
      if ((await isSettled(row)) || 'problem' in row) {
        at.bytes = row.endByte;
        continue;
      }
      at.bytesBefore ??= at.bytes;
      price ??= (await priceOf(sender, row.values)) ?? 1;
      if (performance.now() - askedAt > ASK_EVERY_MS) {
        askedAt = performance.now();
        const quota = await quotaOf(gateway);
        // Without an answer the rows wait for the gateway.
        if (quota !== undefined) most = rowsInFlight(quota, price);
      }
      while (running.size > 0 && (running.size >= most || output.before(row.row) > MOST_AHEAD))
        await Promise.race(running);
      if (stop.reason === undefined) start(row);
    }
  } finally {
    await Promise.all(running);
    progress.stop();
    output.close();
  }
  if (failure !== undefined) throw failure;
  return { counts, sent: at.sent, elapsedMs: performance.now() - at.begun, stoppedBy: stop.reason };
}

const INTERRUPTED =
  'the earlier run was interrupted after it sent this write, so it is not known whether the write was carried out. It was not sent again';
