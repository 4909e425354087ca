import { createHash } from 'node:crypto';
import { createKeyRing, type KeyEntry } from '../../../src/callers/key-ring.ts';
import { parseKeyEntries } from '../../../src/config/keys-file.ts';

export const sha256 = (key: string): string => createHash('sha256').update(key).digest('hex');

export const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

/** An entry in a file of keys: its name is its key, unless said otherwise. */
interface TestKey {
  readonly name: string;
  readonly sha256?: string | readonly string[];
  readonly scopes?: readonly string[];
  readonly scripts?: readonly string[];
  readonly projects?: readonly string[];
  readonly rate?: number;
  readonly expiresAt?: string;
}

/** The text of a file of keys. */
export function keysFile(keys: readonly TestKey[]): string {
  return JSON.stringify({
    keys: keys.map((key) => ({ sha256: sha256(key.name), scopes: ['*'], ...key })),
  });
}

/** Knows these keys, as a gateway with a file of them does. `now` is the time of day. */
export function ringOf(keys: readonly TestKey[], now?: () => number) {
  return createKeyRing(entriesOf(keys), now);
}

export function entriesOf(keys: readonly TestKey[]): readonly KeyEntry[] {
  return parseKeyEntries(keysFile(keys));
}
