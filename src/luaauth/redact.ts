import type { Asked } from '../transport/call.ts';

/** Secrets that the API must not hand back in its own words. */
export interface Secrets {
  /** The API key, licence keys, webhooks. */
  readonly keys: readonly string[];
  /** Source code of a script, a note, webhooks of very many parts. */
  readonly texts: readonly string[];
}

/** Longer pieces of a text than this are taken for a quotation. */
const PIECE_LENGTH = 16;
/** A shorter text or licence key than this is in every text. */
const LEAST_LENGTH = 4;
/** The API's own words are passed on, but never at any length. */
export const MAX_LENGTH = 500;

/** Words of the API, fit to be shown: shortened, without keys, and left out as a whole if they quote a text. */
export function redact(words: string, { keys, texts }: Secrets): string {
  const hidden = keys.reduce(
    (text, key) => (key.length < LEAST_LENGTH ? text : text.replaceAll(key, '…')),
    words,
  );
  const short = shorten(hidden);
  return texts.some((text) => quotes(short, text)) ? '(left out: it quotes what was sent)' : short;
}

/** Words of the API, of a length that can be shown. */
export function shorten(words: string): string {
  // Joined, because V8 keeps all of a text for a slice of it.
  return words.length <= MAX_LENGTH ? words : [words.slice(0, MAX_LENGTH - 1), '…'].join('');
}

/** Whether the whole of it is quoted, or a part: twice the length of a piece has at least one of the text's own pieces. */
function quotes(words: string, text: string): boolean {
  if (text.length >= LEAST_LENGTH && words.includes(text)) return true;
  for (let start = 0; start + PIECE_LENGTH <= words.length; start += PIECE_LENGTH) {
    if (text.includes(words.slice(start, start + PIECE_LENGTH))) return true;
  }
  return false;
}

/** More than a webhook has: each is looked for in all that the API says. */
const MAX_PIECES = 100;

/** Members that an answer may not quote: these are the names that the API gives to licence keys, webhooks, notes and source code. */
export function secretsIn({ origin, params, payload = {} }: Asked): Secrets {
  const given = payload as Readonly<Record<string, unknown>>;
  const keys = [params.user_key, given.key].filter(isText);
  const { execution_webhook, information_webhook, blacklist_webhook } = given;
  const webhooks = [execution_webhook, information_webhook, blacklist_webhook].filter(isText);
  // One of the long pieces is what lets its holder post.
  const pieces = webhooks.flatMap((url) => url.split(/[/?#&=]/).filter((piece) => piece.length > 15));
  const [known, quoted] = pieces.length > MAX_PIECES ? [[], webhooks] : [pieces, []];
  return {
    // The longest first: one may be part of another.
    keys: [origin.key, ...keys, ...webhooks, ...known].sort((one, other) => other.length - one.length),
    texts: [given.script, given.note, ...quoted].filter(isText),
  };
}

const isText = (value: unknown): value is string => typeof value === 'string';
