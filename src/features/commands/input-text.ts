import { isUtf8 } from 'node:buffer';
import { closeSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { readAtMost } from '../../config/text-file.ts';
import { readStream } from '../../transport/body.ts';
import { parseExactJson } from '../../transport/json.ts';

/** An input that cannot be used. The message continues its name. */
export class UnusableInput extends Error {}

/** Larger than the input of any operation, and than the rows of a day. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Reads a file, which may be a pipe, or stdin for `-`. @throws UnusableInput, also for an input that never ends */
export async function readInput(path: string, stdin: Readable): Promise<string> {
  if (path !== '-') return readInputFile(path);
  try {
    return textOf(await readStream(stdin, MAX_BYTES));
  } catch (error) {
    throw unusable(error);
  }
}

/** @throws UnusableInput, also for a device that never ends */
export function readInputFile(path: string): string {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    return textOf(readAtMost(file, MAX_BYTES));
  } catch (error) {
    throw unusable(error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function unusable(error: unknown): UnusableInput {
  if (error instanceof UnusableInput) return error;
  return new UnusableInput(`it cannot be read (${(error as NodeJS.ErrnoException).code})`);
}

/** Other encodings would change names and notes without a sign. */
function textOf(bytes: Buffer | undefined): string {
  if (bytes === undefined) throw new UnusableInput(`it is larger than ${MAX_BYTES} bytes`);
  if (!isUtf8(bytes)) throw new UnusableInput('it is not UTF-8. Save the file as UTF-8');
  // Editors on Windows write a byte order mark before the text.
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

/** Deeper values would overflow the stack when they are written. The gateway allows far fewer levels. */
const MAX_DEPTH = 1_000;

/** @throws UnusableInput for a value that is too deep, and for a number that would be sent as null; SyntaxError for other text */
export function parseInputJson(text: string): unknown {
  const value = parseExactJson(text);
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) throw new UnusableInput(`it has more than ${MAX_DEPTH} levels. Nest it less`);
    const next: unknown[] = [];
    for (const part of level) {
      if (part === Number.POSITIVE_INFINITY || part === Number.NEGATIVE_INFINITY)
        throw new UnusableInput(TOO_LARGE);
      if (typeof part === 'object' && part !== null)
        for (const inner of Object.values(part)) next.push(inner);
    }
    level = next;
  }
  return value;
}

const TOO_LARGE = 'it has a number that is too large. Give numbers below 1.8e308, or send it as a string';
