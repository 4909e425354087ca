import { randomId, systemRandom } from './random-source.ts';

/** Text as a scanner takes it: a character at a time. */
export type Characters = Readonly<Pick<string, 'length' | 'charCodeAt'>>;

/** The fewest digits of an integer that a double may not hold. */
const LONG = 16;

export const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const SMALL_E = 0x65;
const LARGE_E = 0x45;
const ZERO = 0x30;
const NINE = 0x39;
const COMMA = 0x2c;
const OPENING_BRACKET = 0x5b;
const OPENING_BRACE = 0x7b;

/**
 * Found where there may be an integer that a double does not hold; almost always there is none. Digits of an id stand behind
 * a quote or a letter. The width is fixed, so that it never looks far back.
 */
const LONG_DIGITS = /(?:^|[:,[\s-])\d{16}/;

/**
 * `JSON.parse` that loses no digit: an integer of 16 digits or more arrives as a string of exactly its digits. Such
 * numbers are rare, so the text is rewritten only when one may be in it. (Node 20 shows a reviver no source text.)
 * The time it takes grows with the length of the text and no faster, whatever the text is.
 * @throws SyntaxError as `JSON.parse` does.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!LONG_DIGITS.test(text)) return value;
  const bounds = longIntegers(text);
  return bounds.length === 0 ? value : JSON.parse(withQuotes(bounds, text, ''));
}

/** Longer integers stay what `JSON.parse` makes of them, which is Infinity: nobody counts that far. */
const MAX_DIGITS = 1_000;

/**
 * `JSON.parse` that gives an integer past 2^53 as a bigint, where text of the same digits stays text.
 * @throws SyntaxError as `JSON.parse` does.
 */
export function parseExactJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  const bounds = LONG_DIGITS.test(text) ? longIntegers(text) : [];
  if (bounds.length === 0) return value;
  const mark = markFor(text);
  return unmarked(JSON.parse(withQuotes(bounds, text, mark, MAX_DIGITS)), mark);
}

/** `JSON.stringify` that writes a bigint as the integer that it is. */
export function stringifyExactJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // Its complaint about a bigint, among others: those are thrown again below.
    if (!(error instanceof TypeError)) throw error;
  }
  const mark = randomId(systemRandom);
  const text = JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'bigint' ? `${mark}${part}` : part,
  );
  return text.replaceAll(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1');
}

/** A prefix that no text of the document begins with. */
function markFor(text: string): string {
  const mark = randomId(systemRandom);
  return text.includes(mark) ? markFor(text) : mark;
}

/** Makes texts of integers, each with this prefix, but of those with more digits than are wanted. */
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

/**
 * Whether a text of JSON holds more than `most` values, before any of them is made: each takes many times its length in
 * memory, and time of whoever looks at it. Looks at no character twice.
 */
export function hasMoreValues(text: Characters, most: number): boolean {
  // There is no value without a character.
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

/**
 * Where the JSON string ends that opens at `open`: behind its closing quote, or at the end of the text if it is never
 * closed. Looks at no character twice.
 */
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
 * Where each integer of 16 digits or more starts and ends, with its sign, in turn, in what `JSON.parse` takes. Digits of
 * strings, fractions and exponents do not count. Looks at each character at most three times, whatever the text is.
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
      at = skip(text, end, isOfNumber);
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

function isOfNumber(code: number): boolean {
  return (
    isDigit(code) || code === POINT || code === SMALL_E || code === LARGE_E || code === MINUS || code === PLUS
  );
}
