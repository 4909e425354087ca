import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { readStream } from '../../../base/bytes.ts';
import { parseExactJson } from '../../../base/json.ts';
import { Unusable } from '../../../config/unusable.ts';

/** Larger than the input of any operation, and than the rows of a day. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Reads stdin, a file, a pipe or a device. @throws Unusable, also for an input that never ends */
export async function readInput(input: Readable): Promise<string> {
  const bytes = await readStream(input, MAX_BYTES).catch(({ code }: NodeJS.ErrnoException) => {
    throw new Unusable(`it cannot be read (${code}).`);
  });
  if (bytes === undefined) throw new Unusable(`it is larger than ${MAX_BYTES} bytes.`);
  // Other encodings would change names and notes without a sign.
  if (!isUtf8(bytes)) throw new Unusable('it is not UTF-8. Save the file as UTF-8.');
  // Editors on Windows write a byte order mark before the text.
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

/** Deeper values would overflow the stack when they are written. The gateway allows far fewer levels. */
const MAX_DEPTH = 1_000;

/** @throws Unusable for a value that is too deep, and for a number that would be sent as null; SyntaxError for other text */
export function parseInputJson(text: string): unknown {
  const value = parseExactJson(text);
  let level = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) throw new Unusable(`it has more than ${MAX_DEPTH} levels. Nest it less.`);
    const next: unknown[] = [];
    for (const part of level) {
      if (part === Number.POSITIVE_INFINITY || part === Number.NEGATIVE_INFINITY)
        throw new Unusable(TOO_LARGE);
      if (typeof part === 'object' && part !== null)
        for (const inner of Object.values(part)) next.push(inner);
    }
    level = next;
  }
  return value;
}

const TOO_LARGE = 'it has a number that is too large. Give numbers below 1.8e308, or send it as a string.';
