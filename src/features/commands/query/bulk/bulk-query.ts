import { existsSync } from 'node:fs';
import type { CommandParts } from '../../../../cli/program.ts';
import { EXIT, print, printError, type Terminal } from '../../../../cli/terminal.ts';
import type { Config } from '../../../../config/config.ts';
import { named } from '../../../../config/unusable.ts';
import { StartError } from '../../../../observability/start-error.ts';
import { annotationsOf } from '../../../../plan/cost.ts';
import { createSchema } from '../../../../schema/index.ts';
import { type Answer, type Members, membersOf, type OwnGateway, openOwnGateway } from '../own-gateway.ts';
import { type BulkEnd, durationText, runRows } from './bulk-run.ts';
import { writeResultCsv } from './result-csv.ts';
import { type Counts, ResultFile, ROW_STATUSES } from './result-file.ts';
import { type RowOperation, readRowOperation } from './row-operation.ts';
import { messageOf } from './row-sender.ts';
import { type ReadableRow, type Row, readRows } from './rows.ts';
import { lockResults } from './run-lock.ts';

interface BulkOptions {
  readonly document: string;
  readonly variables: Members | undefined;
  readonly operation: string | undefined;
  /** The name of the rows. */
  readonly each: string;
  readonly rows: string;
  /** Undefined: prints the price of all rows, and runs nothing. */
  readonly output: string | undefined;
  readonly resume: boolean;
  readonly repeatUnknown: boolean;
}

/** Runs the operation for each row and returns the exit code. */
export async function bulkQuery(options: BulkOptions, config: Config, parts: CommandParts): Promise<number> {
  const { terminal } = parts;
  const { output, resume, repeatUnknown } = options;
  const operation = readRowOperation(options.document, options.operation);
  const hasFurtherEffect = repeats(operation);
  if (repeatUnknown && hasFurtherEffect)
    throw new StartError(
      `--repeat-unknown: each ${operation.mutation} has an effect of its own. Leave it out, and read what the rows with UNKNOWN change.`,
    );
  const rows = rowsOf(options, operation, terminal);
  const gateway = await openOwnGateway(config, parts, true);
  let unlock: () => void = () => undefined;
  try {
    const price = await priceOfFirst(rows, operation, gateway);
    if (output === undefined) return await printPrice(rows, operation, gateway, config.rate, terminal);
    // CSV cannot be added to line by line: it is written from the results at the end.
    const results = output.endsWith('.csv') ? `${output}.jsonl` : output;
    const earlier = [results, output].find((path) => existsSync(path));
    if (!resume && earlier !== undefined)
      throw new StartError(
        `${earlier} exists. Give --resume to continue the run that wrote it, or another --output.`,
      );
    // If the results that it was written from are missing, it may be a file of the user, so it is not replaced.
    if (!existsSync(results) && existsSync(output))
      throw new StartError(`${output} exists, but not ${results}. Give another --output.`);
    await proveKey(gateway);
    unlock = await lockResults(results);
    const file = new ResultFile(results, !resume);
    const run = { rows, operation, gateway, file, price, rate: config.rate, repeatUnknown, terminal };
    const end = await runRows(run).catch(async (error) => {
      // The rows may be the wrong ones, so all results stay. A further error would hide the first one.
      await file.close().catch(() => undefined);
      throw error;
    });
    const counts = await file.close(rows.length);
    if (results !== output && existsSync(results)) await writeResultCsv(output, results);
    return report(end, counts, hasFurtherEffect, terminal);
  } catch (error) {
    const { code, syscall, path = output } = error as NodeJS.ErrnoException;
    if (code === undefined || syscall === undefined) throw error;
    throw new StartError(`${path}: the system reports ${code} (${syscall}). Nothing more was sent.`);
  } finally {
    unlock();
    await gateway.close();
  }
}

/** Whether a second call with the same values has a further effect, according to the schema. */
function repeats({ mutation }: RowOperation): boolean {
  const field = mutation && createSchema().getMutationType()?.getFields()[mutation];
  return field ? annotationsOf(field).effect === 'repeats' : false;
}

function rowsOf(
  { rows: text, each, variables = {} }: BulkOptions,
  operation: RowOperation,
  terminal: Terminal,
): readonly Row[] {
  const { rows, unused } = named(each, () => readRows(text, operation, variables));
  if (unused.length > 0)
    printError(
      terminal,
      `Not used, because no variable has this name: ${unused.map((name) => JSON.stringify(name)).join(', ')}.`,
    );
  return rows;
}

async function priceOf(
  { document, name }: RowOperation,
  { values }: ReadableRow,
  gateway: OwnGateway,
): Promise<Answer & { readonly price: number | undefined }> {
  const answer = await gateway.ask({ query: document, variables: values, operationName: name }, 'plan');
  const { price } = answer.upstream;
  return { ...answer, price: typeof price === 'number' ? price : undefined };
}

/** The most REST calls of a row, by the first row. @throws StartError if the gateway refuses the document */
async function priceOfFirst(
  rows: readonly Row[],
  operation: RowOperation,
  gateway: OwnGateway,
): Promise<number> {
  const first = rows.find((row) => 'values' in row);
  if (!first) return 1;
  const { price = 1, errors } = await priceOf(operation, first, gateway);
  const ofDocument = errors.filter(({ extensions }) => membersOf(extensions).code !== 'BAD_USER_INPUT');
  if (ofDocument.length > 0) throw new StartError(`${messageOf({ errors: ofDocument })} Nothing was sent.`);
  return price;
}

/**
 * Reads the list of ad systems, so that no row is sent with a wrong key. LuaAuth may refuse this list to an account, and does
 * not tell that from a wrong key: then the rows are sent. @throws StartError if it names the key, or does not answer
 */
async function proveKey(gateway: OwnGateway): Promise<void> {
  const { errors } = await gateway.ask({ query: '{ adSystems { id } }' });
  const [code] = errors.map(({ extensions }) => membersOf(extensions).code);
  if (errors.length === 0 || code === 'FORBIDDEN') return;
  const problem =
    code === 'UNAUTHENTICATED'
      ? 'LuaAuth does not know the key of LUAAUTH_TOKEN.'
      : 'The key cannot be tested.';
  throw new StartError(`${problem} ${messageOf({ errors })} Nothing was sent.`);
}

async function printPrice(
  rows: readonly Row[],
  operation: RowOperation,
  gateway: OwnGateway,
  rate: number,
  terminal: Terminal,
): Promise<number> {
  let [invalid, calls] = [0, 0];
  for (const row of rows) {
    const planned = 'values' in row ? await priceOf(operation, row, gateway) : undefined;
    calls += planned?.price ?? 0;
    if (planned?.price !== undefined) continue;
    invalid += 1;
    const problem = 'problem' in row ? row.problem : messageOf({ errors: planned?.errors ?? [] });
    printError(terminal, `line ${row.line}: ${problem}`);
  }
  const not = invalid === 0 ? '' : `, ${invalid.toLocaleString('en')} of which will not be sent`;
  print(terminal, `Rows: ${rows.length.toLocaleString('en')}${not}`);
  print(terminal, `REST calls: ${calls.toLocaleString('en')} at most`);
  const time = rate > 0 ? `${durationText((calls / rate) * 1_000)} at ${rate} calls per second` : 'no limit';
  print(terminal, `Time: ${time}`);
  return invalid === 0 ? EXIT.ok : EXIT.errors;
}

/** The last line says what to do next. */
function report(
  { sent, left, elapsedMs, stoppedBy }: BulkEnd,
  counts: Counts,
  hasFurtherEffect: boolean,
  terminal: Terminal,
): number {
  printError(
    terminal,
    `${countsText(counts)}. ${sent.toLocaleString('en')} sent in ${durationText(elapsedMs)}.`,
  );
  if (stoppedBy !== undefined) printError(terminal, `Stopped: ${stoppedBy.replace(/\.?$/, '.')}`);
  const next = [
    ...(counts.INVALID > 0 ? ['correct the rows with INVALID'] : []),
    ...(counts.UNKNOWN > 0 && hasFurtherEffect ? ['read what the rows with UNKNOWN change'] : []),
    ...(counts.UNKNOWN > 0 && !hasFurtherEffect
      ? ['run it again with --repeat-unknown: repeating a write with UNKNOWN has no further effect']
      : stoppedBy !== undefined || counts.INVALID + counts.FAILED > 0
        ? ['run it again with --resume']
        : []),
  ];
  const todo = next.join(', and ');
  if (stoppedBy !== undefined && left > 0)
    printError(
      terminal,
      `${left.toLocaleString('en')} ${left === 1 ? 'row is' : 'rows are'} left. ${todo.charAt(0).toUpperCase()}${todo.slice(1)}.`,
    );
  else printError(terminal, next.length > 0 ? `Next: ${todo}.` : 'Nothing is left to send.');
  if (stoppedBy !== undefined) return EXIT.stopped;
  if (counts.FAILED + counts.UNKNOWN + counts.INVALID > 0) return EXIT.errors;
  return counts.REFUSED > 0 ? EXIT.refused : EXIT.ok;
}

/** For example `10,000 rows: 9,998 OK, 2 REFUSED`. */
function countsText(counts: Counts): string {
  const all = ROW_STATUSES.reduce((sum, status) => sum + counts[status], 0);
  const parts = ROW_STATUSES.filter((status) => counts[status] > 0).map(
    (status) => `${counts[status].toLocaleString('en')} ${status}`,
  );
  const rows = `${all.toLocaleString('en')} ${all === 1 ? 'row' : 'rows'}`;
  return parts.length === 0 ? rows : `${rows}: ${parts.join(', ')}`;
}
