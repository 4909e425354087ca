import { closeSync, openSync, writeSync } from 'node:fs';
import { printForSure } from '../../../cli/terminal.ts';
import type { RowResult, resultFormat } from './row-result.ts';

/** stdout or the output file did not accept a line. */
export class CannotWrite extends Error {}

export class OrderedOutput {
  readonly #file: number | undefined;
  readonly #format: ReturnType<typeof resultFormat>;
  readonly #onWrite: (result: RowResult) => void;
  readonly #ready = new Map<number, () => RowResult>();
  #next = 1;

  /** Without a path it writes to stdout. An existing file is overwritten. */
  constructor(
    path: string | undefined,
    format: ReturnType<typeof resultFormat>,
    onWrite: (result: RowResult) => void,
  ) {
    this.#file = path === undefined ? undefined : openSync(path, 'w', 0o600);
    this.#format = format;
    this.#onWrite = onWrite;
  }

  before(row: number): number {
    return row - this.#next;
  }

  /** The result is read when its turn comes. */
  async add(row: number, result: () => RowResult): Promise<void> {
    this.#ready.set(row, result);
    for (;;) {
      const next = this.#ready.get(this.#next);
      if (next === undefined) return;
      if (this.#next === 1 && this.#format.header !== undefined) await this.#write(this.#format.header);
      this.#ready.delete(this.#next);
      this.#next += 1;
      const found = next();
      this.#onWrite(found);
      await this.#write(this.#format.lineOf(found));
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  async #write(line: string): Promise<void> {
    if (this.#file !== undefined) {
      const bytes = Buffer.from(`${line}\n`);
      for (let from = 0; from < bytes.length; ) from += writeSync(this.#file, bytes, from);
      return;
    }
    const problem = await printForSure(line);
    if (problem) throw new CannotWrite(problem.message);
  }
}
