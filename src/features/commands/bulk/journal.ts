import {
  closeSync,
  createReadStream,
  existsSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { isObject } from '../../../luaauth/envelope.ts';
import { parseExactJson, stringifyExactJson } from '../../../transport/json.ts';
import { readLines } from './input-lines.ts';
import type { RowResult } from './row-result.ts';

const syncData = promisify(fdatasync);

/** The journal cannot be used. The message says why, and what to do. */
export class UnusableJournal extends Error {}

interface RowRecord {
  digest: string;
  /** The position and length of the entry with the result. Undefined if a write began and its outcome is unknown. */
  result: readonly [at: number, bytes: number] | undefined;
}

/** Larger than any entry: an answer and a little more. */
const MAX_ENTRY_BYTES = 80 * 1024 * 1024;

/**
 * A write is on the disk before it is sent, so a killed run knows what it may have sent. Holds the results for the
 * output.
 */
export class Journal {
  readonly #path: string;
  readonly #file: number;
  readonly #rows: Map<number, RowRecord>;
  #size: number;
  #headerBytes: number | undefined;
  #running: Promise<void> = Promise.resolve();
  /** The next sync, for all entries until then. */
  #next: Promise<void> | undefined;

  private constructor(path: string, file: number, size: number, rows: Map<number, RowRecord>) {
    this.#path = path;
    this.#file = file;
    this.#size = size;
    this.#rows = rows;
  }

  /**
   * `operation` is its digest.
   * @throws UnusableJournal if another process uses it, if it is broken, or if it belongs to another run
   */
  static async open(path: string, operation: string): Promise<Journal> {
    lock(path);
    try {
      const { rows, size } = existsSync(path) ? await load(path, operation) : { rows: new Map(), size: 0 };
      const file = openSync(path, size === 0 ? 'w+' : 'r+', 0o600);
      ftruncateSync(file, size);
      const journal = new Journal(path, file, size, rows);
      if (size === 0) {
        journal.#headerBytes = journal.#append({ ...HEADER, operation });
        await journal.#sync();
        syncFolder(path);
      }
      return journal;
    } catch (error) {
      unlock(path);
      throw error;
    }
  }

  get(row: number): Readonly<RowRecord> | undefined {
    return this.#rows.get(row);
  }

  /** Notes that a row will be sent. Its write must wait for the result. */
  begin(row: number, digest: string): Promise<void> {
    this.#append({ row, digest, begun: true });
    return this.#sync();
  }

  /** Notes that the write was certainly not carried out. */
  takeBack(row: number): void {
    this.#append({ row, begun: false });
  }

  finish(row: number, digest: string, result: RowResult): void {
    const at = this.#size;
    const bytes = this.#append({ row, digest, result });
    this.#rows.set(row, { digest, result: [at, bytes] });
  }

  resultOf(row: number): RowResult {
    const [at, bytes] = this.#rows.get(row)?.result ?? [0, 0];
    const text = Buffer.alloc(bytes);
    readSync(this.#file, text, 0, bytes, at);
    return (parseExactJson(text.toString('utf8')) as { readonly result: RowResult }).result;
  }

  /** Closes the journal. Deletes it if no row was begun. */
  close(): void {
    closeSync(this.#file);
    if (this.#size === this.#headerBytes) rmSync(this.#path);
    unlock(this.#path);
  }

  #append(entry: object): number {
    const bytes = Buffer.from(`${stringifyExactJson(entry)}\n`);
    for (let from = 0; from < bytes.length; )
      from += writeSync(this.#file, bytes, from, bytes.length - from, this.#size + from);
    this.#size += bytes.length;
    return bytes.length;
  }

  /** Rows that begin during a sync share the next sync. */
  #sync(): Promise<void> {
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      this.#running = syncData(this.#file);
      return this.#running;
    });
    return this.#next;
  }
}

const HEADER = { journal: 'luaauth-graphql query --each', version: 1 };

async function load(path: string, operation: string) {
  const rows = new Map<number, RowRecord>();
  const total = statSync(path).size;
  let size = 0;
  for await (const found of readLines(createReadStream(path), MAX_ENTRY_BYTES)) {
    const { line, endByte } = found;
    const entry = 'text' in found ? parsed(found.text) : undefined;
    // An entry without a line feed is incomplete, so its write was not sent yet.
    if (endByte === total && !endsWithLineFeed(path, total)) break;
    const at = size;
    size = endByte;
    if (line === 1) checkHeader(path, entry, operation);
    else if (!isObject(entry) || !takeEntry(rows, entry, [at, endByte - at]))
      throw new UnusableJournal(
        `${path}: line ${line} is not an entry of a journal, so it is not known which writes were carried out. Restore the file from a copy. Or give the rows without a result to a new run with another --output.`,
      );
  }
  return { rows, size };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function endsWithLineFeed(path: string, size: number): boolean {
  const file = openSync(path, 'r');
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, size - 1);
  closeSync(file);
  return last.toString() === '\n';
}

function checkHeader(path: string, header: unknown, operation: string): void {
  if (!isObject(header) || header.journal !== HEADER.journal)
    throw new UnusableJournal(`${path}: this is not a journal. Give another --output.`);
  if (header.version !== HEADER.version)
    throw new UnusableJournal(
      `${path}: another version of luaauth-graphql wrote this journal. Finish the run with that version.`,
    );
  if (header.operation !== operation)
    throw new UnusableJournal(
      `${path}: the journal belongs to another document, --operation or --variables. Give the same values, or another --output.`,
    );
}

function takeEntry(
  rows: Map<number, RowRecord>,
  { row, digest, begun, result }: Readonly<Record<string, unknown>>,
  place: readonly [number, number],
): boolean {
  if (typeof row !== 'number') return false;
  // A failed row changed nothing, so it is sent again.
  if (begun === false || (isObject(result) && result.status === 'FAILED')) {
    rows.delete(row);
    return true;
  }
  if (typeof digest !== 'string' || (begun !== true && !isObject(result))) return false;
  rows.set(row, { digest, result: begun === true ? undefined : place });
  return true;
}

const lockOf = (path: string) => `${path}.lock`;

/** Two processes with the same journal would send the same row. @throws UnusableJournal if another process uses it */
function lock(path: string): void {
  for (;;) {
    try {
      writeFileSync(lockOf(path), String(process.pid), { flag: 'wx', mode: 0o600 });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = Number(readFileSync(lockOf(path), 'utf8'));
      if (holder !== process.pid && isRunning(holder))
        throw new UnusableJournal(
          `${path}: the process ${holder} uses this journal. Wait until it ends. If it is not luaauth-graphql, delete ${lockOf(path)}.`,
        );
      // A killed process left this lock.
      rmSync(lockOf(path), { force: true });
    }
  }
}

function unlock(path: string): void {
  rmSync(lockOf(path), { force: true });
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
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
