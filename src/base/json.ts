import { randomId, systemRandom } from './random-source.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPENING_BRACKET = 0x5b;
const OPENING_BRACE = 0x7b;

/** Longer integers stay as `JSON.parse` returns them, which is Infinity: a bigint of a million digits takes seconds. */
const MAX_DIGITS = 1_000;

/** Every integer past 2^53 that is a value has so many digits. A text in a string may look the same. */
const LONG_INTEGER = /(?:^|[:,[])\s*-?\d{16}/;

/**
 * `JSON.parse`, except that an integer past 2^53 is a bigint, so no digit is lost. Such integers are rare, so the text is
 * read a second time only if it may have one.
 * @throws SyntaxError as `JSON.parse` does, and for such an integer in a text that is nested thousands of levels deep.
 */
export function parseExactJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return LONG_INTEGER.test(text) ? (parseWithBigints(text) ?? value) : value;
}

/**
 * Marks the long integers as strings, so that `JSON.parse` does the rest. The text must be valid JSON. undefined: it has no long
 * integer.
 */
function parseWithBigints(text: string): unknown {
  const mark = markFor(text);
  const stringOrNumber = /"|-?\d[\d.eE+-]*/g;
  const pieces: string[] = [];
  let from = 0;
  for (let found = stringOrNumber.exec(text); found; found = stringOrNumber.exec(text)) {
    const [token] = found;
    if (token === '"') {
      stringOrNumber.lastIndex = endOfString(text, found.index);
    } else if (isLongInteger(token)) {
      pieces.push(text.slice(from, found.index), '"', mark, token, '"');
      from = stringOrNumber.lastIndex;
    }
  }
  if (pieces.length === 0) return undefined;
  pieces.push(text.slice(from));
  const unmark = (_name: string, part: unknown) =>
    typeof part === 'string' && part.startsWith(mark) ? BigInt(part.slice(mark.length)) : part;
  try {
    return JSON.parse(pieces.join(''), unmark);
  } catch (cause) {
    // The text has been parsed before. Only a function for each value makes `JSON.parse` recurse.
    throw new SyntaxError('the JSON is nested too deep', { cause });
  }
}

function markFor(text: string): string {
  const mark = randomId(systemRandom);
  return text.includes(mark) ? markFor(text) : mark;
}

function isLongInteger(number: string): boolean {
  return number.length <= MAX_DIGITS && /^-?\d+$/.test(number) && !Number.isSafeInteger(Number(number));
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

/** Counts values before they are parsed, because a parsed value takes many times its length in memory. */
export function hasMoreValues(text: string, most: number): boolean {
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
export function endOfString(text: string, open: number): number {
  let at = open + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    at += code === BACKSLASH ? 2 : 1;
  }
  return text.length;
}
