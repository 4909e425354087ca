// A run of 16 digits is the shortest integer that a double may not hold. In an id it stands behind a quote or a letter,
// and what begins with a digit is no envelope.
const LONG_DIGITS = /[:,[\s-]\d{16}/;
const LONG_INTEGER = /^-?\d{16,}$/;
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;

/**
 * `JSON.parse` that loses no digit: an integer of 16 digits or more arrives as a string of exactly its digits. Such
 * numbers are rare, so the text is rewritten only when one may be in it. (Node 20 shows a reviver no source text.)
 * @throws SyntaxError as `JSON.parse` does.
 */
export function parseJson(text: string): unknown {
  if (!LONG_DIGITS.test(text)) return JSON.parse(text);
  return JSON.parse(
    text.replace(STRING_OR_NUMBER, (token) => (LONG_INTEGER.test(token) ? `"${token}"` : token)),
  );
}
