import { LRUCache } from 'lru-cache';
import type { CacheEntries } from './port.ts';

const MAX_ENTRIES = 50_000;
const MAX_BYTES = 64 * 1024 * 1024;
/** What an entry costs besides its answer: key, bookkeeping, the objects that the text became. */
const ENTRY_BYTES = 512;

interface Kept {
  readonly value: unknown;
  readonly bytes: number;
  readonly askedAt: number;
}

/** Keeps answers bounded by number and size; the least recently used go first. */
export function createCacheInMemory(now: () => number): CacheEntries {
  const kept = new LRUCache<string, Kept>({
    max: MAX_ENTRIES,
    maxSize: MAX_BYTES,
    sizeCalculation: ({ bytes }, key) => bytes * 3 + key.length * 2 + ENTRY_BYTES,
  });
  return {
    get(key) {
      const found = kept.get(key);
      return found && { value: found.value, bytes: found.bytes, ageMs: now() - found.askedAt };
    },
    set(key, { value, bytes, ageMs }, ttl) {
      if (ttl > 0) kept.set(key, { value, bytes, askedAt: now() - ageMs }, { ttl });
    },
  };
}
