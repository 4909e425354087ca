import { endOfString } from './json-scan.ts';

const QUOTE = 0x22;

/** What makes of every name one that is no index: objects keep the order of those. */
const PREFIX = '.';

/**
 * The names of the object at a path of names, in the order in which the text has them. `JSON.parse` puts those that look
 * like an index, such as "10", before all others and in the order of their numbers.
 * @throws SyntaxError as `JSON.parse` does.
 */
export function keysInOrder(text: string, path: readonly string[]): string[] {
  let value: unknown = JSON.parse(withPrefixes(text));
  for (const name of path) value = (value as Record<string, unknown> | undefined)?.[PREFIX + name];
  return Object.keys(Object(value)).map((key) => key.slice(PREFIX.length));
}

/** Puts the prefix before every name: every string that a colon follows. */
function withPrefixes(text: string): string {
  const pieces: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text.charCodeAt(at) !== QUOTE) continue;
    const end = endOfString(text, at);
    if (isColonNext(text, end)) {
      pieces.push(text.slice(from, at + 1), PREFIX);
      from = at + 1;
    }
    at = end - 1;
  }
  pieces.push(text.slice(from));
  return pieces.join('');
}

/** Whether a colon comes next, behind white space of which there is no end to speak of. */
function isColonNext(text: string, from: number): boolean {
  let at = from;
  while (at < text.length && text.charCodeAt(at) <= 0x20) at += 1;
  return text[at] === ':';
}
