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
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** Shorter texts cannot hold enough to be worth a look. */
const WORTH_A_LOOK = 64 * 1024;

export interface JsonBounds {
  /** Values in lists and objects, all together. */
  readonly values: number;
  /** Lists and objects inside one another. */
  readonly depth: number;
}

/**
 * Whether a JSON text is over a bound, before anything is made of it: a few megabytes of brackets become a hundred times
 * as much in objects. Looks at each character once; a text that is no JSON may get either answer.
 */
export function isOverBounds(text: Characters, { values: maxValues, depth: maxDepth }: JsonBounds): boolean {
  if (text.length < WORTH_A_LOOK) return false;
  let values = 0;
  let depth = 0;
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
      continue;
    }
    if (code === COMMA) values += 1;
    else if (isOpening(code)) {
      depth += 1;
      values += 1;
    } else if (isClosing(code)) depth -= 1;
    if (values > maxValues || depth > maxDepth) return true;
    at += 1;
  }
  return false;
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

function isOpening(code: number): boolean {
  return code === OPENING_BRACKET || code === OPENING_BRACE;
}

function isClosing(code: number): boolean {
  return code === CLOSING_BRACKET || code === CLOSING_BRACE;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function isOfNumber(code: number): boolean {
  return (
    isDigit(code) || code === POINT || code === SMALL_E || code === LARGE_E || code === MINUS || code === PLUS
  );
}
