import { LRUCache } from 'lru-cache';
import type { CacheEntries, CacheEntry, Generation, Generations, PageSizes, State, Write } from './port.ts';
import { createSlidingWindows } from './sliding-window-log.ts';

/** Bounded, and answers at once. `now` gives milliseconds that never go back; only differences matter. */
export function createStateInMemory({ now }: { readonly now: () => number }): State {
  return {
    quotas: createSlidingWindows(now),
    generations: createGenerationsInMemory(now),
    cache: createCacheInMemory(now),
    pageSizes: createPageSizesInMemory(now),
  };
}

const MAX_ENTRIES = 50_000;
const MAX_BYTES = 64 * 1024 * 1024;
/** Bytes of an entry besides its answer: its key, bookkeeping, and the objects parsed from the text. */
const ENTRY_BYTES = 512;
const LEAST_BYTES = Math.ceil(MAX_BYTES / MAX_ENTRIES);

interface KeptEntry extends Omit<CacheEntry, 'ageMs'> {
  readonly askedAt: number;
  readonly keptUntil: number;
}

/** Evicts the least recently used. An older answer never replaces a newer answer. */
export function createCacheInMemory(now: () => number): CacheEntries {
  const kept = new LRUCache<string, KeptEntry>({
    // Each entry weighs at least `LEAST_BYTES`, which bounds their number. With `max`, lru-cache would allocate the
    // memory for all entries at the start.
    maxSize: MAX_BYTES,
  });
  return {
    get(key) {
      const found = kept.get(key);
      if (!found) return undefined;
      const at = now();
      if (at <= found.keptUntil) return { value: found.value, bytes: found.bytes, ageMs: at - found.askedAt };
      kept.delete(key);
      return undefined;
    },
    set(key, { value, bytes, ageMs }, ttlMs) {
      const at = now();
      const askedAt = at - ageMs;
      const newest = kept.peek(key)?.askedAt ?? askedAt;
      if (ttlMs <= 0 || newest > askedAt) return;
      const size = Math.max(bytes * 3 + key.length * 2 + ENTRY_BYTES, LEAST_BYTES);
      kept.set(key, { value, bytes, askedAt, keptUntil: at + ttlMs }, { size });
    },
  };
}

interface Written {
  readonly number: number;
  readonly inDoubtUntil: number;
}

const MAX_REMEMBERED = 100_000;

/** Numbers all writes, and remembers the last write of any account to each resource. */
export function createGenerationsInMemory(now: () => number) {
  let count = 0;
  /** Stands for all forgotten resources: the latest of their writes, and the latest end of their doubts. */
  let forgotten: Written = { number: 0, inDoubtUntil: 0 };
  const written = new LRUCache<string, Written>({
    maxSize: MAX_REMEMBERED,
    sizeCalculation: () => 1,
    noDisposeOnSet: true,
    // Only writes refresh a resource, so the resource that is forgotten has the lowest number.
    dispose: ({ number, inDoubtUntil }) => {
      forgotten = { number, inDoubtUntil: Math.max(inDoubtUntil, forgotten.inDoubtUntil) };
    },
  });
  const lastWriteTo = (resource: string) => written.peek(resource) ?? forgotten;
  const bump = (resources: readonly string[], inDoubtMs: number) => {
    count += 1;
    for (const resource of resources) {
      // The end of a later write does not end the doubt of an earlier write.
      const inDoubtUntil = Math.max(lastWriteTo(resource).inDoubtUntil, now() + inDoubtMs);
      written.set(resource, { number: count, inDoubtUntil });
    }
  };
  const snapshot = {
    read(resource: string): Generation & { readonly number: number } {
      const { number, inDoubtUntil } = lastWriteTo(resource);
      return { number, isInDoubt: inDoubtUntil > now(), isAlone: false };
    },
    // Cache entries end with their process, so the state does nothing before the write.
    write: (resources: readonly string[]): Write => ({
      isLost: false,
      end(outcome, doubtMs) {
        if (outcome !== 'not done') bump(resources, outcome === 'unknown' ? doubtMs : 0);
      },
    }),
  };
  return { snapshot: () => snapshot } satisfies Generations;
}

const MAX_PAGE_SIZES = 10_000;

/** The API may lower its cap while the gateway runs. A page size learnt earlier would then end lists early. */
const PAGE_SIZE_KEPT_MS = 10 * 60_000;

export function createPageSizesInMemory(now: () => number): PageSizes {
  const sizes = createBoundedCache<{ readonly rows: number; readonly notedAt: number }>(MAX_PAGE_SIZES);
  const longest = (account: string, endpoint: string): number => {
    const size = sizes.get(`${account} ${endpoint}`);
    return size && now() - size.notedAt < PAGE_SIZE_KEPT_MS ? size.rows : 0;
  };
  return {
    longest,
    note(account, endpoint, rows) {
      if (rows >= longest(account, endpoint)) sizes.set(`${account} ${endpoint}`, { rows, notedAt: now() });
    },
  };
}

/**
 * Evicts the least recently used. Memory grows with the entries: with `max`, lru-cache would allocate all of it at the
 * start.
 */
export function createBoundedCache<Value extends object | string | true>(maxEntries: number) {
  return new LRUCache<string, Value>({ maxSize: maxEntries, sizeCalculation: () => 1 });
}
