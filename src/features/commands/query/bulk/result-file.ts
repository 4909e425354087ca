import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { isObject } from '../../../../luaauth/envelope.ts';
import { StartError } from '../../../../observability/start-error.ts';
import { parseExactJson, stringifyExactJson } from '../../../../transport/json.ts';
import { replaceFile, syncFolder } from '../../replace-file.ts';
import type { ReadableRow } from './rows.ts';

const syncData = promisify(fdatasync);

/** How a row ended. INVALID: not sent. FAILED: an error, and nothing changed. UNKNOWN: something may have changed. */
export const ROW_STATUSES = ['OK', 'REFUSED', 'FAILED', 'UNKNOWN', 'INVALID'] as const;
export type RowStatus = (typeof ROW_STATUSES)[number];
export type Counts = Readonly<Record<RowStatus, number>>;

export interface RowResult {
  readonly row: number;
  readonly line: number;
  readonly status: RowStatus;
  /** Identifies operation and values. Undefined: the row could not be read. */
  readonly digest?: string | undefined;
  readonly problem?: string;
  readonly data?: unknown;
  readonly errors?: readonly unknown[];
}

/** What the file says of a row. */
type Entry = Pick<RowResult, 'row' | 'line' | 'status' | 'digest'>;

/** The line by which a run begins. */
const RUN = /^\{"run":"([\w-]+)"\}$/m;

/**
 * The results of a run, in a file of JSON lines to which lines are only added:
 * - `{"run":…}` when a run begins. The last run owns the file, and an earlier run that has not ended sends nothing more.
 *   (Whether it has ended cannot be told by a process id, because every container has a process 1.)
 * - `{"row":…,"line":…,"sent":…,"run":…}` before a row with a write is sent. Its run sends the row if no other run has begun
 *   by the time at which the line is on the disk. So each later run knows what this run may have sent.
 * - `{"row":…,"line":…,"status":…}`, the result.
 *
 * At the end of a run only the results remain, in the order of the rows.
 */
export class ResultFile {
  readonly #path: string;
  readonly #file: number;
  readonly #run = randomUUID();
  /** The line by which this run begins. The line feed before it ends an incomplete line, which then counts for nothing. */
  readonly #begin = `\n${JSON.stringify({ run: this.#run })}\n`;
  readonly #before: ReadonlyMap<number, Entry>;
  /** All bytes before this place were there when this run last looked for other runs. */
  #seen: number;
  /** Whether the last line may be incomplete, because the disk was full. */
  #isTorn = false;
  #running: Promise<void> = Promise.resolve();
  /** The next sync, for all lines until then. */
  #next: Promise<void> | undefined;

  /**
   * @param isNew - whether the file must not exist yet
   * @throws StartError if it is not a file of results
   */
  constructor(path: string, isNew: boolean) {
    this.#path = path;
    // Reads the file before it is changed.
    if (existsSync(path)) {
      if (!statSync(path).isFile())
        throw new StartError(`${path}: it is not a regular file. Give another --output.`);
      load(path);
    }
    this.#file = openSync(path, isNew ? 'ax+' : 'a+', 0o600);
    // A killed process may have left an incomplete line.
    writeFileSync(this.#file, this.#begin);
    syncFolder(path);
    this.#seen = readFileSync(path).indexOf(this.#run);
    this.#before = new Map([...load(path)].map(([row, { entry }]) => [row, entry]));
  }

  /** The result of an earlier run: UNKNOWN if the row was sent and the run was killed. */
  before(row: number): Entry | undefined {
    return this.#before.get(row);
  }

  /** Notes that a row will be sent. Its write must wait for the promise. @throws StartError if another run has begun */
  sent({ row, line, digest }: ReadableRow): Promise<void> {
    this.#append({ row, line, sent: digest, run: this.#run });
    // Rows that begin during a sync share the next sync.
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      this.#running = syncData(this.#file).then(() => this.#checkOwner());
      return this.#running;
    });
    return this.#next;
  }

  ended(result: RowResult): void {
    this.#append(result);
  }

  /**
   * Orders the results. A row after `lastRow` that was never carried out gets no result.
   * A file without a result is removed. @returns the results by status @throws StartError if another run has begun
   */
  async close(lastRow = Number.POSITIVE_INFINITY): Promise<Counts> {
    try {
      this.#checkOwner();
      const isKept = ({ row, status }: Entry) => row <= lastRow || !['INVALID', 'FAILED'].includes(status);
      const kept = [...load(this.#path).values()].filter(({ entry }) => isKept(entry));
      const ordered = kept.sort((one, other) => one.entry.row - other.entry.row);
      if (ordered.length === 0) rmSync(this.#path);
      else await this.#replace(ordered.map(({ text }) => `${text}\n`));
      const counts = { OK: 0, REFUSED: 0, FAILED: 0, UNKNOWN: 0, INVALID: 0 };
      for (const { entry } of ordered) counts[entry.status] += 1;
      return counts;
    } finally {
      closeSync(this.#file);
    }
  }

  /** @throws StartError if another run has begun */
  async #replace(lines: readonly string[]): Promise<void> {
    try {
      await replaceFile(this.#path, 'w', (file) => {
        for (const line of lines) writeFileSync(file, line);
        fsyncSync(file);
        // Last, because a run that begins after this finds that the file was replaced before it sends a row.
        this.#checkOwner();
      });
    } catch (error) {
      const { syscall, code } = error as NodeJS.ErrnoException;
      if (syscall !== 'rename' || code !== 'ENOENT') throw error;
      // Another run that is ending has taken the new file away: it has the same name. The next look says who owns the file.
      await this.#replace(lines);
    }
  }

  #append(line: object): void {
    const begin = this.#isTorn ? this.#begin : '';
    this.#isTorn = true;
    writeFileSync(this.#file, `${begin}${stringifyExactJson(line)}\n`);
    this.#isTorn = false;
  }

  /** @throws StartError if another run has begun since, or has replaced the file */
  #checkOwner(): void {
    const { ino, size } = statSync(this.#path);
    const added = Buffer.alloc(Math.max(0, size - this.#seen));
    readSync(this.#file, added, 0, added.length, this.#seen);
    if (
      this.#seen < 0 ||
      size < this.#seen ||
      ino !== fstatSync(this.#file).ino ||
      RUN.test(added.toString().replaceAll(this.#begin, '\n'))
    )
      throw new StartError(
        `${this.#path}: another run has begun and continues with this file, so this one sends nothing more.`,
      );
    this.#seen += added.lastIndexOf(0x0a) + 1;
  }
}

/** The results of a run that has ended, in the order of the rows. */
export function* resultsIn(path: string): Generator<RowResult> {
  for (const { text } of load(path).values()) yield parseExactJson(text) as RowResult;
}

const INTERRUPTED =
  'the earlier run was interrupted after it sent this write, so it is not known whether the write was carried out.';

/** For each row its result, and the line of it. @throws StartError if the file has a line of another kind */
function load(path: string): Map<number, { readonly entry: Entry; readonly text: string }> {
  const found = new Map<number, { readonly entry: Entry; readonly text: string }>();
  const lines = readFileSync(path, 'utf8').split('\n');
  let run: string | undefined;
  for (const [index, text] of lines.entries()) {
    const [, begun] = RUN.exec(text) ?? [];
    run = begun ?? run;
    if (begun !== undefined || text === '') continue;
    const { row, line, status: given, digest, sent, run: sender } = objectIn(text);
    const status = typeof sent === 'string' ? 'UNKNOWN' : ROW_STATUSES.find((known) => known === given);
    if (typeof row === 'number' && typeof line === 'number' && status !== undefined) {
      const entry = { row, line, status, digest: typeof digest === 'string' ? digest : undefined };
      if (sent === undefined) found.set(row, { entry, text });
      else if (sender === run) {
        const unknown = { ...entry, digest: String(sent), problem: INTERRUPTED };
        found.set(row, { entry: unknown, text: JSON.stringify(unknown) });
      }
      continue;
    }
    // A killed run or a full disk may leave the beginning of a line: the file ends with it, or the line of a run follows.
    const isTorn = RUN.test(lines[index + 1] ?? '') || (run !== undefined && index === lines.length - 1);
    if (!isTorn)
      throw new StartError(
        `${path}: line ${index + 1} is not a line of results. Give another --output, or restore the file from a copy.`,
      );
  }
  return found;
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
