import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { EXIT, print, printError } from '../../../cli/terminal.ts';
import type { Config } from '../../../config/config.ts';
import type { ProcessFeatures } from '../../../server/features.ts';
import { stringifyExactJson } from '../../../transport/json.ts';
import { NoAnswer, openAskedGateway } from '../ask-gateway.ts';
import { type QueryOptions, readDocument } from '../query.ts';
import { laterQuotaOf, priceOf } from './bulk-plan.ts';
import { type BulkEnd, runRows } from './bulk-run.ts';
import { Journal, UnusableJournal } from './journal.ts';
import { CannotWrite } from './ordered-output.ts';
import { countsText, durationText } from './progress.ts';
import { type RowOperation, readRowOperation } from './row-operation.ts';
import type { OutputFormat } from './row-result.ts';
import { RowSender, Stop } from './row-sender.ts';
import { type Row, readRows, UnusableRows } from './rows.ts';

export interface BulkOptions extends QueryOptions {
  readonly each: string;
  readonly output: string | undefined;
  readonly format: OutputFormat | undefined;
  readonly resume: boolean;
  /** Prints the price of all rows, and runs nothing. */
  readonly dryRun: boolean;
  readonly onUnknown: 'stop' | 'continue';
}

/** Runs the operation for each row and returns the exit code. */
export async function bulkQuery(
  options: BulkOptions,
  config: Config,
  features: ProcessFeatures,
): Promise<number> {
  const document = await readDocument(options.file);
  if (document === undefined) return EXIT.failed;
  const operation = readRowOperation(document, options.operation);
  if (typeof operation === 'string') return fail(operation);
  const problem = problemOf(options, operation);
  if (problem !== undefined) return fail(problem);
  const gateway = await openAskedGateway(options.url, config, features);
  if (typeof gateway === 'string') return fail(gateway);
  const { each, output, operation: operationName } = options;
  const rows = rowsOf(options, operation);
  const asked = { gateway, document, operation, operationName };
  let journal: Journal | undefined;
  try {
    if (options.dryRun) {
      const sender = new RowSender({ ...asked, journal, stop: new Stop() });
      return await printPrice(
        rows,
        sender,
        options.url === undefined ? config.rate : await laterQuotaOf(gateway),
      );
    }
    if (output !== undefined) journal = await Journal.open(journalOf(output), digestOf(options, document));
    const end = await runRows({
      ...asked,
      rows,
      journal,
      inputPath: each === '-' ? undefined : each,
      outputPath: output,
      format: options.format ?? (output?.endsWith('.csv') ? 'csv' : 'jsonl'),
      goesOnAfterUnknown: options.onUnknown === 'continue',
    });
    return report(end, output);
  } catch (error) {
    return fail(explain(error, options));
  } finally {
    journal?.close();
    await gateway.close();
  }
}

function problemOf(
  { file, each, output, resume, dryRun }: BulkOptions,
  { isMutation }: RowOperation,
): string | undefined {
  if (file === '-' && each === '-')
    return 'Both the document and the rows come from stdin. Give the path of a file for one of them.';
  if (each !== '-' && !existsSync(each)) return `${each} does not exist. Give the path of a file of rows.`;
  if (dryRun || output === undefined)
    return isMutation && !dryRun
      ? 'A mutation needs --output FILE. The journal next to that file keeps writes from being sent twice.'
      : undefined;
  const journal = journalOf(output);
  if (!resume && existsSync(journal))
    return `${journal} is the journal of an earlier run. Give --resume to continue that run, or another --output.`;
  if (existsSync(output) && statSync(output).size > 0 && !existsSync(journal))
    return `${output} exists already, without a journal. Give another --output, or delete that file.`;
  return undefined;
}

const journalOf = (output: string) => `${output}.journal`;

/** Identifies the operation of a journal. */
function digestOf({ operation, variables }: BulkOptions, document: string): string {
  return createHash('sha256')
    .update(stringifyExactJson([document, operation, variables]))
    .digest('base64url');
}

function rowsOf({ each, variables = {} }: BulkOptions, operation: RowOperation): AsyncIterable<Row> {
  return readRows(chunksOf(each), operation, variables, (columns) =>
    printError(
      `Not used, because no variable has this name: ${columns.map((name) => JSON.stringify(name)).join(', ')}.`,
    ),
  );
}

/** Opens the file when its first row is asked for: before that nothing would catch an error of the stream. */
async function* chunksOf(path: string): AsyncGenerator<Buffer, undefined> {
  try {
    yield* path === '-' ? process.stdin : createReadStream(path);
  } catch (error) {
    throw new UnusableRows(`it cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

async function printPrice(rows: AsyncIterable<Row>, sender: RowSender, quota: number): Promise<number> {
  let [all, invalid, calls] = [0, 0, 0];
  for await (const row of rows) {
    all += 1;
    const price = 'problem' in row ? undefined : await priceOf(sender, row.values);
    if (price !== undefined) calls += price;
    else {
      invalid += 1;
      printError(
        `line ${row.line}: ${'problem' in row ? row.problem : 'the gateway refuses it. See what "query --plan" says'}.`,
      );
    }
  }
  const not = invalid === 0 ? '' : `, ${invalid.toLocaleString('en')} of which will not be sent`;
  const time = Number.isFinite(quota) && quota > 0 ? durationText((calls / quota) * 1_000) : 'no limit';
  print(`Rows: ${all.toLocaleString('en')}${not}`);
  print(`REST calls: ${calls.toLocaleString('en')} at most`);
  print(`Time: ${time}${time === 'no limit' ? '' : ` at ${quota} calls per second`}`);
  return invalid === 0 ? EXIT.ok : EXIT.errors;
}

function report({ counts, sent, elapsedMs, stoppedBy }: BulkEnd, output: string | undefined): number {
  const perSecond = (sent / Math.max(elapsedMs / 1_000, 0.001)).toFixed(1);
  printError(
    `${countsText(counts)}. ${sent.toLocaleString('en')} sent in ${durationText(elapsedMs)}, ${perSecond} a second.`,
  );
  if (stoppedBy !== undefined) {
    const next = output === undefined ? 'Run it again' : 'Run it again with --resume to continue';
    printError(`Stopped: ${stoppedBy.replace(/\.?$/, '.')} ${next}.`);
    return EXIT.stopped;
  }
  if (counts.FAILED + counts.UNKNOWN + counts.INVALID > 0) return EXIT.errors;
  return counts.REFUSED > 0 ? EXIT.refused : EXIT.ok;
}

/** @throws any unexpected error */
function explain(error: unknown, { each, output }: BulkOptions): string {
  if (error instanceof UnusableRows) return `${each}: ${error.message}`;
  if (error instanceof UnusableJournal || error instanceof NoAnswer) return error.message;
  if (error instanceof CannotWrite) return `The output cannot be written: ${error.message}`;
  if (error instanceof SyntaxError)
    return 'The response is not the answer of a gateway. Check whether --url is the full URL, with /graphql.';
  const { code, syscall, path = output ?? 'the output' } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) throw error;
  return `${path}: the system reports ${code} (${syscall}). Nothing more was sent.`;
}

function fail(problem: string): number {
  printError(problem);
  return EXIT.failed;
}
