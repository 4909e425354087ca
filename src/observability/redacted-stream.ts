import type { DestinationStream } from 'pino';
import { endOfString } from '../base/json.ts';

const LEAST_LENGTH = 4;
const HIDDEN = '…';

/** The most secrets of a stream. The oldest added secret is dropped. */
const MAX_SECRETS = 1_000;

export function createRedactedStream(destination: DestinationStream, secrets: readonly string[]) {
  let added: readonly string[] = [];
  let prepared = prepare(secrets);
  return {
    hide(more: readonly string[]): void {
      added = [...added, ...more].slice(-MAX_SECRETS);
      prepared = prepare([...secrets, ...added]);
    },
    write(line: string): void {
      const found = prepared.filter((secret) => line.includes(secret));
      destination.write(found.length > 0 ? changeTexts(line, (text) => hide(text, found)) : line);
    },
  };
}

/** Changes the strings of a line of JSON, except the names of members. An unterminated string is changed too. */
function changeTexts(line: string, change: (text: string) => string): string {
  const pieces: string[] = [];
  let end = 0;
  for (let open = line.indexOf('"'); open !== -1; open = line.indexOf('"', end)) {
    pieces.push(line.slice(end, open));
    end = endOfString(line, open);
    const text = line.slice(open, end);
    pieces.push(line[end] === ':' ? text : change(text));
  }
  pieces.push(line.slice(end));
  return pieces.join('');
}

function prepare(secrets: readonly string[]): readonly string[] {
  return hideable(secrets).map((secret) => JSON.stringify(secret).slice(1, -1));
}

/** Secrets that differ from ordinary words, longest first, because a secret may be part of another. */
export function hideable(secrets: readonly string[]): readonly string[] {
  return secrets.filter((secret) => secret.length >= LEAST_LENGTH).sort((a, b) => b.length - a.length);
}

export function hide(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text);
}
