import {
  closeSync,
  existsSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { isObject } from '../../../luaauth/envelope.ts';
import { StartError } from '../../../observability/start-error.ts';
import { parseExactJson, stringifyExactJson } from '../../../transport/json.ts';
import type { ReadableRow } from './rows.ts';

const syncData = promisify(fdatasync);

/** How a row ended. INVALID: not sent. FAILED: an error, and nothing changed. UNKNOWN: something may have changed. */
export const ROW_STATUSES = ['OK', 'REFUSED', 'FAILED', 'UNKNOWN', 'INVALID'] as const;
export type RowStatus = (typeof ROW_STATUSES)[number];

export interface RowResult {
  readonly row: number;
  readonly line: number;
  readonly status: RowStatus;
  /** Identifies operation and values. Undefined: the row could not be read. */
  readonly digest?: string;
  readonly problem?: string;
  readonly data?: unknown;
  readonly errors?: readonly unknown[];
}

interface Contents {
  /** For each row its last line. */
  readonly rows: Map<number, RowResult & { readonly bytes: Buffer }>;
  /** The processes that write the file, or that were killed while they wrote it, oldest first. */
  readonly writers: number[];
}

/**
 * The results of a run, in a file of JSON lines to which lines are only added:
 * - `{"process":…}` when a run begins. The first process that lives owns the file.
 * - `{"row":…,"line":…,"sent":…}` before a row with a write is sent. It is on the disk by then, so a later run knows what this
 *   run may have sent.
 * - `{"row":…,"line":…,"status":…}`, the result.
 *
 * At the end of a run only the results remain, in the order of the rows.
 */
export class ResultFile {
  readonly #path: string;
  readonly #file: number;
  readonly #before: ReadonlyMap<number, RowResult>;
  #running: Promise<void> = Promise.resolve();
  /** The next sync, for all lines until then. */
  #next: Promise<void> | undefined;

  private constructor(path: string, file: number, before: ReadonlyMap<number, RowResult>) {
    this.#path = path;
    this.#file = file;
    this.#before = before;
  }

  /** @throws StartError if another process writes the file, or if it is not a file of results */
  static open(path: string): ResultFile {
    if (existsSync(path) && !statSync(path).isFile())
      throw new StartError(`${path}: it is not a regular file. Give another --output.`);
    if (existsSync(path)) load(path);
    for (;;) {
      const file = openSync(path, 'a', 0o600);
      // The line feed ends a line that a killed process has not finished.
      append(file, `\n${JSON.stringify({ process: process.pid })}\n`);
      const { rows, writers } = load(path);
      const owner = ownerBefore(writers);
      if (owner !== undefined) {
        closeSync(file);
        throw new StartError(
          `${path}: the process ${owner} writes this file. Wait until it ends. If it is not luaauth-graphql, remove the line with "process":${owner} from the file.`,
        );
      }
      // A run that ended in the meantime has replaced the file.
      if (existsSync(path) && statSync(path).ino === fstatSync(file).ino) {
        syncFolder(path);
        // Keeps only the text of the line: the bytes would keep the whole file in memory.
        const before = [...rows].map(([row, { bytes: _bytes, ...found }]) => [row, found] as const);
        return new ResultFile(path, file, new Map(before));
      }
      closeSync(file);
    }
  }

  /** The result of an earlier run: UNKNOWN if the row was sent and the run was killed. */
  before(row: number): RowResult | undefined {
    return this.#before.get(row);
  }

  /** Notes that a row will be sent. Its write must wait for the promise. */
  sent({ row, line, digest }: ReadableRow): Promise<void> {
    append(this.#file, `${stringifyExactJson({ row, line, sent: digest })}\n`);
    // Rows that begin during a sync share the next sync.
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      this.#running = syncData(this.#file);
      return this.#running;
    });
    return this.#next;
  }

  ended(result: RowResult): void {
    append(this.#file, `${stringifyExactJson(result)}\n`);
  }

  /**
   * Orders the results. A row that is no longer in the input and was never carried out gets no result.
   * A file without a result is removed.
   */
  close(lastRow: number): void {
    closeSync(this.#file);
    const isKept = ({ row, status }: RowResult) => row <= lastRow || !['INVALID', 'FAILED'].includes(status);
    const ordered = [...load(this.#path).rows.values()].filter(isKept).sort((a, b) => a.row - b.row);
    if (ordered.length === 0) rmSync(this.#path);
    else
      replaceFile(this.#path, (write) => {
        for (const { bytes } of ordered) write(bytes);
      });
  }
}

/** The results of a run that has ended, in the order of the rows. */
export function* resultsIn(path: string): Generator<RowResult> {
  for (const { bytes } of load(path).rows.values()) yield parseExactJson(bytes.toString('utf8')) as RowResult;
}

/** Writes a new file in the place of the old one, which stays if this fails. */
export function replaceFile(path: string, fill: (write: (bytes: Buffer) => void) => void): void {
  const next = `${path}.new`;
  const file = openSync(next, 'w', 0o600);
  try {
    fill((bytes) => append(file, bytes));
    fsyncSync(file);
    renameSync(next, path);
  } finally {
    closeSync(file);
    rmSync(next, { force: true });
  }
  syncFolder(path);
}

const INTERRUPTED =
  'the earlier run was interrupted after it sent this write, so it is not known whether the write was carried out';

/** @throws StartError if the file has a line of another kind */
function load(path: string): Contents {
  const contents: Contents = { rows: new Map(), writers: [] };
  const all = readFileSync(path);
  /** A line that a killed process may not have finished: the file ends with it, or a run begins after it. */
  let broken: number | undefined;
  let number = 0;
  for (let at = 0; at < all.length; ) {
    const lineFeed = all.indexOf(0x0a, at);
    const end = lineFeed < 0 ? all.length : lineFeed + 1;
    const bytes = all.subarray(at, end);
    at = end;
    number += 1;
    if (bytes.length === 1) continue;
    const entry = parsed(bytes);
    if (broken !== undefined && !('process' in entry)) throw notResults(path, broken);
    broken = take(contents, entry, bytes) ? undefined : number;
  }
  const isOfRun = contents.writers.length > 0 && all.at(-1) !== 0x0a;
  if (broken !== undefined && !isOfRun) throw notResults(path, broken);
  return contents;
}

function notResults(path: string, line: number): StartError {
  return new StartError(
    `${path}: line ${line} is not a line of results. Give another --output, or restore the file from a copy.`,
  );
}

function parsed(line: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** Returns whether it is a line of such a file. */
function take({ rows, writers }: Contents, entry: Readonly<Record<string, unknown>>, bytes: Buffer): boolean {
  const { process: pid, row, line, sent, status, digest } = entry;
  if (Number.isSafeInteger(pid) && Number(pid) > 0) writers.push(Number(pid));
  else if (typeof row !== 'number' || typeof line !== 'number') return false;
  else if (typeof sent === 'string') {
    const unknown = { row, line, status: 'UNKNOWN', digest: sent, problem: INTERRUPTED } as const;
    rows.set(row, { ...unknown, bytes: Buffer.from(`${JSON.stringify(unknown)}\n`) });
  } else {
    const known = ROW_STATUSES.find((name) => name === status);
    if (known === undefined) return false;
    rows.set(row, { row, line, status: known, ...(typeof digest === 'string' && { digest }), bytes });
  }
  return true;
}

function append(file: number, line: string | Buffer): void {
  const bytes = typeof line === 'string' ? Buffer.from(line) : line;
  for (let from = 0; from < bytes.length; ) from += writeSync(file, bytes, from);
}

/**
 * The first other process that lives and has added its line before this one. Each process adds its line before it looks, so
 * all see the same order. An earlier line with the id of this process is of a killed
 * process: in a container, each run may have the id 1.
 */
function ownerBefore(writers: readonly number[]): number | undefined {
  const before = writers.slice(0, writers.lastIndexOf(process.pid));
  return before.find((pid) => pid !== process.pid && isRunning(pid));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A new file is on the disk only when its folder is. */
function syncFolder(path: string): void {
  let folder: number | undefined;
  try {
    folder = openSync(dirname(path), 'r');
    fsyncSync(folder);
  } catch {
    // Windows cannot open folders.
  } finally {
    if (folder !== undefined) closeSync(folder);
  }
}
