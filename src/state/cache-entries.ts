import { LRUCache } from 'lru-cache';

const MAX_ENTRIES = 50_000;
const MAX_BYTES = 64 * 1024 * 1024;
/** Bytes of an entry besides its answer: its key, bookkeeping, and the objects parsed from the text. */
const ENTRY_BYTES = 512;
const LEAST_BYTES = Math.ceil(MAX_BYTES / MAX_ENTRIES);

export interface CacheEntry {
  /** The decoded answer. */
  readonly value: unknown;
  /** Size of the answer, which is roughly the memory that the value takes. */
  readonly bytes: number;
  /** Time since the answer was asked for, in ms. */
  readonly ageMs: number;
}

interface EntryOfGeneration extends CacheEntry {
  /** Counts the writes that the answer shows. */
  readonly generation: number | string;
}

interface KeptEntry extends Omit<EntryOfGeneration, 'ageMs'> {
  readonly askedAt: number;
  readonly keptUntil: number;
}

export type CacheEntries = ReturnType<typeof createCacheEntries>;

/** One answer for each name of a read. Evicts the least recently used. An older answer never replaces a newer answer. */
export function createCacheEntries(now: () => number) {
  const kept = new LRUCache<string, KeptEntry>({
    // Each entry weighs at least `LEAST_BYTES`, which bounds their number. With `max`, lru-cache would allocate the
    // memory for all entries at the start.
    maxSize: MAX_BYTES,
  });
  return {
    get(name: string): EntryOfGeneration | undefined {
      const found = kept.get(name);
      if (!found) return undefined;
      const at = now();
      const { generation, value, bytes, askedAt, keptUntil } = found;
      if (at <= keptUntil) return { generation, value, bytes, ageMs: at - askedAt };
      kept.delete(name);
      return undefined;
    },
    /** Keeps an entry for at most `ttlMs`. */
    set(name: string, { generation, value, bytes, ageMs }: EntryOfGeneration, ttlMs: number): void {
      const at = now();
      const askedAt = at - ageMs;
      const newest = kept.peek(name)?.askedAt ?? askedAt;
      if (ttlMs <= 0 || newest > askedAt) return;
      const size = Math.max(bytes * 3 + name.length * 2 + ENTRY_BYTES, LEAST_BYTES);
      kept.set(name, { generation, value, bytes, askedAt, keptUntil: at + ttlMs }, { size });
    },
    clear: () => kept.clear(),
  };
}
