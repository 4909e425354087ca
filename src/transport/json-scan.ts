/** Text as a scanner takes it: a character at a time. */
export type Characters = Readonly<Pick<string, 'length' | 'charCodeAt'>>;

/** The fewest digits of an integer that a double may not hold. */
const LONG = 16;

const QUOTE = 0x22;
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
