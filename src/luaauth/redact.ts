export const MAX_LENGTH = 500;

/**
 * Hides the LuaAuth key of a call in LuaAuth's words, and shortens them. The words may quote the rest of the call, because only
 * the client that made the call sees them.
 */
export function redact(words: string, key: string): string {
  return shorten(words.replaceAll(key, '…'));
}

export function shorten(words: string): string {
  // Joined, because a slice would keep the whole text in V8's memory.
  return words.length <= MAX_LENGTH ? words : [words.slice(0, MAX_LENGTH - 1), '…'].join('');
}
