import { endOfString, QUOTE } from './json.ts';

/** With this prefix no name is an index, so objects keep the order of names. */
const PREFIX = '.';

/** Returns the names of the object at a path, in the order of the text. */
export type KeysAt = (path: readonly string[]) => string[];

/** Parses the text on the first question. `JSON.parse` puts names that look like an index first, in numeric order. */
export function keyOrderOf(text: string): KeysAt {
  let prefixed: unknown;
  return (path) => {
    prefixed ??= JSON.parse(withPrefixes(text));
    let value = prefixed;
    for (const name of path) value = (value as Record<string, unknown> | undefined)?.[PREFIX + name];
    return Object.keys(Object(value)).map((key) => key.slice(PREFIX.length));
  };
}

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

/** Whether a colon comes next, possibly after white space. */
function isColonNext(text: string, from: number): boolean {
  let at = from;
  while (at < text.length && text.charCodeAt(at) <= 0x20) at += 1;
  return text[at] === ':';
}
