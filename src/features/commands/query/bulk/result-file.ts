import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { parseExactJson, stringifyExactJson } from '../../../../base/json.ts';
import { isObject } from '../../../../luaauth/envelope.ts';
import { StartError } from '../../../../observability/start-error.ts';
import { replaceFile, syncFolder } from '../../replace-file.ts';
import type { ReadableRow } from './rows.ts';

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

/** The results by row, each with its line. */
type Results = ReadonlyMap<number, { readonly entry: Entry; readonly text: string }>;

/**
 * The results of a run, in a file of JSON lines to which lines are only added:
 * - `{"row":…,"line":…,"sent":…}` before the request of a row with a write leaves the process. So the next run knows what
 *   this run may have sent, even if this run is killed.
 * - `{"row":…,"line":…,"status":…}`, the result.
 *
 * At the end of a run only the results remain, in the order of the rows. One run at a time has the file: see `lockResults`.
 */
export class ResultFile {
  readonly #path: string;
  readonly #file: number;
  readonly #before: Results;
  /** The bytes of all whole lines. */
  #size: number;

  /**
   * @param isNew - whether the file must not exist yet
   * @throws StartError if it is not a file of results
   */
  constructor(path: string, isNew: boolean) {
    this.#path = path;
    const exists = existsSync(path);
    // Reads the file before it is changed.
    if (exists && !statSync(path).isFile())
      throw new StartError(`${path}: it is not a regular file. Give another --output.`);
    const text = exists ? readFileSync(path, 'utf8') : '';
    const { results, torn } = load(text, path);
    this.#before = results;
    this.#file = openSync(path, isNew ? 'ax' : 'a', 0o600);
    this.#size = Buffer.byteLength(text) - Buffer.byteLength(torn);
    ftruncateSync(this.#file, this.#size);
    // A killed run may have left a whole line without its end.
    if (this.#size > 0 && torn === '' && !text.endsWith('\n')) this.#append('');
    syncFolder(path);
  }

  /** The result of an earlier run: UNKNOWN if the row was sent and the run was killed. */
  before(row: number): Entry | undefined {
    return this.#before.get(row)?.entry;
  }

  /** Notes that the write of a row is about to be sent. The note is on the disk when this returns. */
  sent({ row, line, digest }: ReadableRow): void {
    this.#append(JSON.stringify({ row, line, sent: digest }));
    fdatasyncSync(this.#file);
  }

  ended(result: RowResult): void {
    this.#append(stringifyExactJson(result));
  }

  /**
   * Orders the results. A row after `lastRow` that was never carried out gets no result.
   * A file without a result is removed. @returns the results by status
   */
  async close(lastRow = Number.POSITIVE_INFINITY): Promise<Counts> {
    try {
      const isKept = ({ row, status }: Entry) => row <= lastRow || !['INVALID', 'FAILED'].includes(status);
      const { results } = load(readFileSync(this.#path, 'utf8'), this.#path);
      const kept = [...results.values()].filter(({ entry }) => isKept(entry));
      const ordered = kept.sort((one, other) => one.entry.row - other.entry.row);
      if (ordered.length === 0) rmSync(this.#path);
      else
        await replaceFile(this.#path, 'w', (file) => {
          for (const { text } of ordered) writeFileSync(file, `${text}\n`);
          fsyncSync(file);
        });
      const counts = { OK: 0, REFUSED: 0, FAILED: 0, UNKNOWN: 0, INVALID: 0 };
      for (const { entry } of ordered) counts[entry.status] += 1;
      return counts;
    } finally {
      closeSync(this.#file);
    }
  }

  #append(line: string): void {
    try {
      writeFileSync(this.#file, `${line}\n`);
    } catch (error) {
      // A disk that is full may have taken the beginning of the line.
      ftruncateSync(this.#file, this.#size);
      throw error;
    }
    this.#size += Buffer.byteLength(line) + 1;
  }
}

/** The results of a run that has ended, in the order of the rows. */
export function* resultsIn(path: string): Generator<RowResult> {
  for (const { text } of load(readFileSync(path, 'utf8'), path).results.values())
    yield parseExactJson(text) as RowResult;
}

const INTERRUPTED =
  'the earlier run was interrupted after it sent this write, so it is not known whether the write was carried out.';

/**
 * The result of each row, and the beginning of a line that a killed run has left at the end.
 * @throws StartError if the file has a line of another kind
 */
function load(content: string, path: string): { readonly results: Results; readonly torn: string } {
  const results = new Map<number, { readonly entry: Entry; readonly text: string }>();
  const lines = content.split('\n');
  for (const [index, text] of lines.entries()) {
    if (text === '') continue;
    const { row, line, status: given, digest, sent } = objectIn(text);
    const status = typeof sent === 'string' ? 'UNKNOWN' : ROW_STATUSES.find((known) => known === given);
    if (typeof row === 'number' && typeof line === 'number' && status !== undefined) {
      const entry = { row, line, status, digest: typeof digest === 'string' ? digest : undefined };
      if (sent === undefined) results.set(row, { entry, text });
      else {
        const unknown = { ...entry, digest: String(sent), problem: INTERRUPTED };
        results.set(row, { entry: unknown, text: JSON.stringify(unknown) });
      }
      continue;
    }
    const isTorn = index === lines.length - 1 && text.startsWith(BEGIN.slice(0, text.length));
    if (isTorn) return { results, torn: text };
    throw new StartError(
      `${path}: line ${index + 1} is not a line of results. Give another --output, or restore the file from a copy.`,
    );
  }
  return { results, torn: '' };
}

const BEGIN = '{"row":';

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
