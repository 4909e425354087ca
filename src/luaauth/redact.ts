import type { Asked } from '../transport/call.ts';

export interface Secrets {
  /** The API key, licence keys, webhooks. */
  readonly keys: readonly string[];
  /** Scripts' source, notes, and webhooks with very many parts. */
  readonly texts: readonly string[];
}

/** A shared piece of this length counts as a quotation. */
const PIECE_LENGTH = 16;
/** Shorter texts and licence keys would be found in every message. */
const LEAST_LENGTH = 4;
export const MAX_LENGTH = 500;

/** Shortens a message of the API and removes keys. Drops the whole message if it quotes one of the texts. */
export function redact(words: string, { keys, texts }: Secrets): string {
  const hidden = keys
    .filter(({ length }) => length >= LEAST_LENGTH)
    .flatMap(formsOf)
    .reduce((text, key) => text.replaceAll(key, '…'), words);
  const short = shorten(hidden);
  const compared = withoutEscapes(short);
  const isQuoted = texts.some((text) => quotes(compared, withoutEscapes(text)));
  return isQuoted ? '(left out: it quotes what was sent)' : short;
}

/** As it was sent, as it stands in a path, and as some programs write a URL in JSON. */
function formsOf(key: string): readonly string[] {
  return [key, key.replaceAll(':', '%3A'), key.replaceAll('/', String.raw`\/`)];
}

/** A text and its quotation in JSON become the same, but for escapes of single characters as numbers. */
function withoutEscapes(text: string): string {
  return text.replace(/\\[nrt]|[\s\\]/g, '');
}

export function shorten(words: string): string {
  // Joined, because a slice would keep the whole text in V8's memory.
  return words.length <= MAX_LENGTH ? words : [words.slice(0, MAX_LENGTH - 1), '…'].join('');
}

/** Whether the text is quoted wholly or in part. Any quotation of twice the piece length contains a whole piece. */
function quotes(words: string, text: string): boolean {
  if (text.length >= LEAST_LENGTH && words.includes(text)) return true;
  for (let start = 0; start + PIECE_LENGTH <= words.length; start += PIECE_LENGTH) {
    if (text.includes(words.slice(start, start + PIECE_LENGTH))) return true;
  }
  return false;
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
