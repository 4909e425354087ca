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
