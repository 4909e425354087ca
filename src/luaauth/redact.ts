/** What the API must not hand back in its own words. */
export interface Secrets {
  /** The API key, a licence key. */
  readonly keys: readonly string[];
  /** Source code of a script. */
  readonly source: string | undefined;
}

/** Longer pieces of source code than this are taken for a quotation. */
const PIECE_LENGTH = 16;
/** Shorter source code than this is in every text. */
const LEAST_LENGTH = 4;
/** The API's own words are passed on, but never at any length. */
const MAX_LENGTH = 500;

/** Words of the API, fit to be shown: shortened, without keys, and left out as a whole if they quote the source. */
export function redact(words: string, { keys, source }: Secrets): string {
  const hidden = keys.reduce((text, key) => (key === '' ? text : text.replaceAll(key, '…')), words);
  const short = hidden.length <= MAX_LENGTH ? hidden : `${hidden.slice(0, MAX_LENGTH - 1)}…`;
  return source !== undefined && quotes(short, source) ? '(left out: it quotes the source)' : short;
}

/** Whoever quotes twice the length of a piece quotes at least one of the text's own pieces. */
function quotes(text: string, source: string): boolean {
  if (source.length < PIECE_LENGTH) return source.length >= LEAST_LENGTH && text.includes(source);
  for (let start = 0; start + PIECE_LENGTH <= text.length; start += PIECE_LENGTH) {
    if (source.includes(text.slice(start, start + PIECE_LENGTH))) return true;
  }
  return false;
}
