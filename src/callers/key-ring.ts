import { hash } from 'node:crypto';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { EVERYTHING, type Grant } from './grant.ts';

/** A gateway key with its name, hash and permissions. */
export interface KeyEntry extends Grant {
  readonly name: string;
  /** The SHA-256 of the key in hex. Two hashes while the key is being replaced. */
  readonly sha256: readonly string[];
  readonly expiresAt: Date | undefined;
}

/** The permissions of a key, or why it is refused. */
export type FoundKey = Grant | 'unknown' | 'expired';

export interface KeyRing {
  /** Answers at once, or within 10 seconds. An error, or a value that is no grant, refuses the caller. */
  find(key: string): MaybePromise<FoundKey>;
}

/** Finds keys by their hashes. `now` is the time of day, like `Date.now`. */
export function createKeyRing(entries: readonly KeyEntry[], now = Date.now) {
  let known = knownByHash(entries);
  return {
    find(key: string): FoundKey {
      // The time of the lookup may depend on the hash, but a hash does not lead back to a key.
      const found = known.get(digest(key));
      if (!found) return 'unknown';
      return found.expiresAt && found.expiresAt.getTime() <= now() ? 'expired' : found;
    },
    replace(others: readonly KeyEntry[]) {
      known = knownByHash(others);
    },
  };
}

/** If two entries have the same hash, the first entry counts. */
function knownByHash(entries: readonly KeyEntry[]): ReadonlyMap<string, KeyEntry> {
  const all = entries.flatMap((entry) => entry.sha256.map((one) => [one, entry] as const));
  return new Map(all.reverse());
}

/** Makes entries from a plain list of `key` or `name=key`. All of them allow everything. */
export function entriesOfPlainKeys(keys: readonly string[]): readonly KeyEntry[] {
  return keys.map((given, index) => {
    const { name = `key ${index + 1}`, key } = readPlainKey(given);
    return { ...EVERYTHING, name, sha256: [digest(key)], expiresAt: undefined };
  });
}

const NAMED = /^([A-Za-z0-9][\w.-]{0,63})=(.+)?$/;
const PADDED_BASE64 = /^(?:[\w-]{4}){3,}(?:[\w-]{2}=|[\w-]{3})=$/;

/** Splits `name=key`. If only the padding of base64 follows the name, the whole text is the key. */
export function readPlainKey(given: string): { readonly name?: string | undefined; readonly key: string } {
  const [, name, key = ''] = NAMED.exec(given) ?? [];
  return /^=*$/.test(key) ? { key: given } : { name, key };
}

/** Whether only the name of `name=$KEY` is left. */
export function isNameAlone(given: string): boolean {
  return NAMED.test(given) && readPlainKey(given).name === undefined && !PADDED_BASE64.test(given);
}

function digest(key: string): string {
  return hash('sha256', key);
}
