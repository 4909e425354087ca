import { createHash, timingSafeEqual } from 'node:crypto';
import type { Grant } from './grant.ts';
import type { KeyEntry } from './key-entries.ts';

/** Knows gateway keys. */
export interface KeyRing {
  /** What the key allows, or why it allows nothing. */
  find(key: string): Grant | 'unknown' | 'expired';
}

export interface ReplaceableKeyRing extends KeyRing {
  /** From now on these are the keys there are. */
  replace(entries: readonly KeyEntry[]): void;
}

interface Known {
  readonly digest: Buffer;
  readonly grant: Grant;
  readonly expiresAt: number;
}

/** Knows keys by their hashes. `now` is the time of day, as `Date.now` gives. */
export function createKeyRing(entries: readonly KeyEntry[], now = Date.now): ReplaceableKeyRing {
  let known = entries.flatMap(knownFrom);
  return {
    find(key) {
      const given = digest(key);
      // Every hash is compared, so that the time taken tells nothing about them.
      const [found] = known.filter((one) => timingSafeEqual(one.digest, given));
      if (!found) return 'unknown';
      return found.expiresAt > now() ? found.grant : 'expired';
    },
    replace(others) {
      known = others.flatMap(knownFrom);
    },
  };
}

function knownFrom(entry: KeyEntry): Known[] {
  const { name, sha256, scopes, scripts, projects, rate, expiresAt } = entry;
  const grant: Grant = {
    name,
    scopes: scopes && new Set(scopes),
    scripts: scripts && new Set(scripts),
    projects: projects && new Set(projects),
    rate,
  };
  return sha256.map((hex) => ({
    digest: Buffer.from(hex, 'hex'),
    grant,
    expiresAt: expiresAt?.getTime() ?? Number.POSITIVE_INFINITY,
  }));
}

/** Keys in a list, each alone or as `name=key`: all of them allow everything. */
export function entriesOfPlainKeys(keys: readonly string[]): readonly KeyEntry[] {
  return keys.map((given, index) => {
    const { name = `key ${index + 1}`, key } = readPlainKey(given);
    return {
      name,
      sha256: [digest(key).toString('hex')],
      scopes: undefined,
      scripts: undefined,
      projects: undefined,
      rate: undefined,
      expiresAt: undefined,
    };
  });
}

/** A key of a list and its name, if it has one. What ends in the padding of base64 alone is all key. */
export function readPlainKey(given: string): { readonly name?: string | undefined; readonly key: string } {
  const [, name, key] = /^([A-Za-z0-9][\w.-]{0,63})=(?!=*$)(.+)$/.exec(given) ?? [];
  return key === undefined ? { key: given } : { name, key };
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
