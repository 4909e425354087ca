import { randomUUID } from 'node:crypto';
import { hasLongDigits } from './json.ts';
import { longIntegers } from './json-scan.ts';

/** Longer integers stay what `JSON.parse` makes of them, which is Infinity: nobody counts that far. */
const MAX_DIGITS = 1_000;

/**
 * `JSON.parse` that gives an integer past 2^53 as a bigint, where text of the same digits stays text.
 * @throws SyntaxError as `JSON.parse` does.
 */
export function parseExactJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  const bounds = hasLongDigits(text) ? longIntegers(text) : [];
  if (bounds.length === 0) return value;
  const mark = markFor(text);
  return unmarked(JSON.parse(withMarks(bounds, text, mark)), mark);
}

/** `JSON.stringify` that writes a bigint as the integer that it is. */
export function stringifyExactJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // What it says of a bigint, among other things: those are thrown again below.
    if (!(error instanceof TypeError)) throw error;
  }
  const mark = randomUUID();
  const text = JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'bigint' ? `${mark}${part}` : part,
  );
  return text.replaceAll(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1');
}

/** What no text of the document begins with. */
function markFor(text: string): string {
  const mark = randomUUID();
  return text.includes(mark) ? markFor(text) : mark;
}

function withMarks(bounds: readonly number[], text: string, mark: string): string {
  const pieces: string[] = [];
  let from = 0;
  for (let index = 0; index < bounds.length; index += 2) {
    const [start = 0, end = 0] = [bounds[index], bounds[index + 1]];
    if (end - start > MAX_DIGITS) continue;
    pieces.push(text.slice(from, start), '"', mark, text.slice(start, end), '"');
    from = end;
  }
  pieces.push(text.slice(from));
  return pieces.join('');
}

/** Puts integers in the place of marked texts. It goes on by a list, not by recursion: depth is what is to be survived. */
function unmarked(value: unknown, mark: string): unknown {
  const root = { value };
  const containers: Record<string, unknown>[] = [root];
  for (let container = containers.pop(); container; container = containers.pop()) {
    for (const key of Object.keys(container)) {
      const part = container[key];
      if (typeof part === 'string' && part.startsWith(mark))
        container[key] = integer(part.slice(mark.length));
      else if (typeof part === 'object' && part !== null) containers.push(part as Record<string, unknown>);
    }
  }
  return root.value;
}

function integer(digits: string): number | bigint {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : BigInt(digits);
}
