import { randomId, systemRandom } from './random-source.ts';

/** Text as a scanner reads it, a character at a time. */
export type Characters = Readonly<Pick<string, 'length' | 'charCodeAt'>>;

/** The fewest digits of an integer that a double may not hold. */
const LONG = 16;

export const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const COMMA = 0x2c;
const OPENING_BRACKET = 0x5b;
const OPENING_BRACE = 0x7b;
const OF_NUMBER = new Set(Array.from('+-.eE0123456789', (character) => character.charCodeAt(0)));

/** The smallest integer with so many digits. */
const SMALLEST_LONG = 10 ** (LONG - 1);

/**
 * `JSON.parse` that loses no digit: an integer of 16 digits or more becomes a string of its digits. Such integers are
 * rare, so the text is rewritten only if a value may be one. (Node 20 shows a reviver no source text.) The time grows
 * linearly with the length of any text.
 * @throws SyntaxError as `JSON.parse` does.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  const bounds = hasLongNumber(value) ? longIntegers(text) : [];
  return bounds.length === 0 ? value : JSON.parse(withQuotes(bounds, text, ''));
}

/** Looks at the values instead of the text, which takes seven times as long. Uses a list as `unmarked` does. */
function hasLongNumber(value: unknown): boolean {
  const containers: unknown[] = [[value]];
  for (let container = containers.pop(); container; container = containers.pop()) {
    for (const part of Array.isArray(container) ? container : Object.values(container)) {
      if (typeof part === 'object' && part !== null) containers.push(part);
      else if (typeof part === 'number' && Math.abs(part) >= SMALLEST_LONG) return true;
    }
  }
  return false;
}

/** Longer integers stay as `JSON.parse` returns them, which is Infinity. */
const MAX_DIGITS = 1_000;

/** Returns an integer past 2^53 as a bigint. A string of the same digits stays a string. @throws SyntaxError */
export function parseExactJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  const bounds = hasLongNumber(value) ? longIntegers(text) : [];
  if (bounds.length === 0) return value;
  const mark = markFor(text);
  return unmarked(JSON.parse(withQuotes(bounds, text, mark, MAX_DIGITS)), mark);
}

/** `JSON.stringify` that writes a bigint as the integer that it is. */
export function stringifyExactJson(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, undefined, indent);
  } catch (error) {
    // The error may be about a bigint. Any other error is thrown again below.
    if (!(error instanceof TypeError)) throw error;
  }
  const mark = randomId(systemRandom);
  const withMark = (_key: string, part: unknown) => (typeof part === 'bigint' ? `${mark}${part}` : part);
  const text = JSON.stringify(value, withMark, indent);
  return text.replaceAll(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1');
}

function markFor(text: string): string {
  const mark = randomId(systemRandom);
  return text.includes(mark) ? markFor(text) : mark;
}

/** Turns integers into strings with this prefix, except integers with more than `mostDigits` digits. */
function withQuotes(
  bounds: readonly number[],
  text: string,
  prefix: string,
  mostDigits = Number.POSITIVE_INFINITY,
): string {
  const pieces: string[] = [];
  let from = 0;
  for (let index = 0; index < bounds.length; index += 2) {
    const [start = 0, end = 0] = [bounds[index], bounds[index + 1]];
    if (end - start > mostDigits) continue;
    pieces.push(text.slice(from, start), '"', prefix, text.slice(start, end), '"');
    from = end;
  }
  pieces.push(text.slice(from));
  return pieces.join('');
}

/** Uses a list, because a deep document would overflow the stack of a recursion. */
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

/** Counted before parsing: each parsed value takes many times its length in memory. Looks at no character twice. */
export function hasMoreValues(text: Characters, most: number): boolean {
  // Each value has at least a character.
  if (text.length <= most) return false;
  let count = 0;
  let at = 0;
  while (at < text.length && count <= most) {
    const code = text.charCodeAt(at);
    if (code === COMMA || code === OPENING_BRACKET || code === OPENING_BRACE) count += 1;
    at = code === QUOTE ? endOfString(text, at) : at + 1;
  }
  return count > most;
}

/** Returns the index behind the closing quote. An unclosed string ends with the text. Looks at no character twice. */
export function endOfString(text: Characters, open: number): number {
  let at = open + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    at += code === BACKSLASH ? 2 : 1;
  }
  return text.length;
}

/**
 * Returns start and end of each integer of 16 digits or more, sign included. Expects text that `JSON.parse` accepts.
 * Looks at each character at most three times.
 */
export function longIntegers(text: Characters): number[] {
  const bounds: number[] = [];
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
    } else if (code === MINUS || isDigit(code)) {
      const start = at;
      const digits = code === MINUS ? start + 1 : start;
      const end = skip(text, digits, isDigit);
      at = skip(text, end, (code) => OF_NUMBER.has(code));
      if (at === end && end - digits >= LONG) bounds.push(start, end);
    } else {
      at += 1;
    }
  }
  return bounds;
}

function skip(text: Characters, from: number, isWanted: (code: number) => boolean): number {
  let at = from;
  while (at < text.length && isWanted(text.charCodeAt(at))) at += 1;
  return at;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}
