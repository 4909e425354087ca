import { hash } from 'node:crypto';
import type { KeyEntry } from './key-entries.ts';
import { EVERYTHING, type Permissions } from './permissions.ts';

/** The permissions of a key, or why it has none. */
type FoundKey = Permissions | 'unknown' | 'expired';

export interface KeyStore {
  /** At once, or within 10 seconds. Anything else than is said here refuses the caller, as a failure does. */
  find(key: string): FoundKey | PromiseLike<FoundKey>;
}

/** Knows keys by their hashes. `now` is the time of day, as `Date.now` gives. */
export function createKeyStore(entries: readonly KeyEntry[], now = Date.now) {
  let known = knownByHash(entries);
  return {
    find(key: string): FoundKey {
      // The time that it takes may depend on a hash, but nobody can make a key for a hash.
      const found = known.get(digest(key));
      if (!found) return 'unknown';
      return found.expiresAt && found.expiresAt.getTime() <= now() ? 'expired' : found;
    },
    /** From now on these are the keys there are. */
    replace(others: readonly KeyEntry[]) {
      known = knownByHash(others);
    },
  };
}

/** By hash: the first of two that have the same one. */
function knownByHash(entries: readonly KeyEntry[]): ReadonlyMap<string, KeyEntry> {
  const all = entries.flatMap((entry) => entry.sha256.map((one) => [one, entry] as const));
  return new Map(all.reverse());
}

/** Keys in a list, each alone or as `name=key`: all of them allow everything. */
export function entriesOfPlainKeys(keys: readonly string[]): readonly KeyEntry[] {
  return keys.map((given, index) => {
    const { name = `key ${index + 1}`, key } = readPlainKey(given);
    return { ...EVERYTHING, name, sha256: [digest(key)], expiresAt: undefined };
  });
}

const NAMED = /^([A-Za-z0-9][\w.-]{0,63})=(.+)?$/;
const PADDED_BASE64 = /^(?:[\w-]{4}){3,}(?:[\w-]{2}=|[\w-]{3})=$/;

/** A key of a list and its name, if it has one. A line that ends in the padding of base64 alone is all key. */
export function readPlainKey(given: string): { readonly name?: string | undefined; readonly key: string } {
  const [, name, key = ''] = NAMED.exec(given) ?? [];
  return /^=*$/.test(key) ? { key: given } : { name, key };
}

/** Whether nothing of `name=$KEY` is left but the name. */
export function isNameAlone(given: string): boolean {
  return NAMED.test(given) && readPlainKey(given).name === undefined && !PADDED_BASE64.test(given);
}

function digest(key: string): string {
  return hash('sha256', key);
}
