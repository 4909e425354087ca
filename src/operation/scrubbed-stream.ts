import type { DestinationStream } from 'pino';

/** Shorter ones than this are part of ordinary words. */
const LEAST_LENGTH = 4;
const HIDDEN = '…';
/** A text in a line of JSON, with the colon behind it if it is the name of a member. */
const TEXT = /"(?:[^"\\]|\\.)*"(:?)/g;

/** A stream of JSON lines in which no value shows a secret, wherever it came from. */
export interface ScrubbedStream extends DestinationStream {
  /** Runs an action; what it writes shows these secrets no more than the stream's own. */
  hiding(secrets: readonly string[], action: () => void): void;
}

export function createScrubbedStream(
  destination: DestinationStream,
  secrets: readonly string[],
): ScrubbedStream {
  const always = prepare(secrets);
  let alsoNow: readonly string[] = [];
  return {
    write(line) {
      const found = [...always, ...alsoNow].filter((secret) => line.includes(secret));
      const hide = (text: string, colon: string) =>
        colon ? text : found.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text);
      destination.write(found.length > 0 ? line.replaceAll(TEXT, hide) : line);
    },
    hiding(more, action) {
      alsoNow = prepare(more);
      try {
        action();
      } finally {
        alsoNow = [];
      }
    },
  };
}

/** As they stand in JSON, the longest first: one may be part of another. */
function prepare(secrets: readonly string[]): readonly string[] {
  return secrets
    .filter((secret) => secret.length >= LEAST_LENGTH)
    .map((secret) => JSON.stringify(secret).slice(1, -1))
    .sort((a, b) => b.length - a.length);
}
