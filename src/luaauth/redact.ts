import type { Asked } from '../transport/call.ts';

export interface Secrets {
  /** The API key, licence keys, webhooks. */
  readonly keys: readonly string[];
  /** Scripts' source, notes, and webhooks with very many parts. */
  readonly texts: readonly string[];
}

/** A shared piece of this length counts as a quotation. */
const PIECES = /.{16}/gs;
/** Shorter texts and licence keys would be found in every message. */
const LEAST_LENGTH = 4;
export const MAX_LENGTH = 500;

/**
 * Makes a function that shortens a message of the API and hides keys in it. If the message quotes one of the texts, the function gives
 * another text instead.
 */
export function redactionOf({ keys, texts }: Secrets): (words: string) => string {
  const hidden = keys.filter(({ length }) => length >= LEAST_LENGTH).flatMap(formsOf);
  const wholes = texts.filter(({ length }) => length >= LEAST_LENGTH && length <= MAX_LENGTH);
  const quotable = wholes.flatMap((text) => [text, JSON.stringify(text).slice(1, -1)]);
  const compared = texts.map(withoutEscapes);
  return (words) => {
    const short = shorten(hidden.reduce((text, key) => text.replaceAll(key, '…'), words));
    // Each quotation of twice the length contains one of the pieces.
    const pieces = withoutEscapes(short).match(PIECES) ?? [];
    const isQuoted =
      quotable.some((text) => short.includes(text)) ||
      compared.some((text) => pieces.some((piece) => text.includes(piece)));
    return isQuoted ? '(left out: it quotes what was sent)' : short;
  };
}

/** How a message may quote a key: as it was sent, as it stands in a path, and as some programs write a URL in JSON. */
function formsOf(key: string): readonly string[] {
  return [...new Set([key, key.replaceAll(':', '%3A'), key.replaceAll('/', String.raw`\/`)])];
}

/**
 * Drops white space and the escapes of JSON. A text and its quotation are then the same, except for characters that are escaped by their
 * number.
 */
function withoutEscapes(text: string): string {
  return text.replace(/(?:\\[bfnrt]|[\s\\\b])+/g, '');
}

export function shorten(words: string): string {
  // Joined, because a slice would keep the whole text in V8's memory.
  return words.length <= MAX_LENGTH ? words : [words.slice(0, MAX_LENGTH - 1), '…'].join('');
}

/** More pieces than a webhook has. Each piece is searched for in every message of the API. */
const MAX_PIECES = 100;

/** Finds secrets by the API's names for licence keys, webhooks, notes and source code. */
export function secretsIn({ origin, params, payload = {} }: Asked): Secrets {
  const given = payload as Readonly<Record<string, unknown>>;
  const keys = [params.user_key, given.key].filter(isText);
  const { execution_webhook, information_webhook, blacklist_webhook } = given;
  const webhooks = [execution_webhook, information_webhook, blacklist_webhook].filter(isText);
  // A webhook's long pieces are its secret, so they are hidden even without the rest of the URL.
  const pieces = webhooks.flatMap((url) => url.split(/[/?#&=]/).filter((piece) => piece.length > 15));
  const [known, quoted] = pieces.length > MAX_PIECES ? [[], webhooks] : [pieces, []];
  return {
    // Longest first, because a key may be part of another key.
    keys: [origin.key, ...keys, ...webhooks, ...known].sort((one, other) => other.length - one.length),
    texts: [given.script, given.note, ...quoted].filter(isText),
  };
}

const isText = (value: unknown): value is string => typeof value === 'string';
