import { LRUCache } from 'lru-cache';
import { createFeedsInMemory } from './feeds-in-memory.ts';
import type {
  CacheEntries,
  Documents,
  Fence,
  Generation,
  Generations,
  PageSizes,
  State,
  Write,
} from './port.ts';
import { createSlidingWindows } from './sliding-window-log.ts';

export interface MemoryOptions {
  /** Milliseconds on a line that never goes back; only differences mean anything. */
  readonly now: () => number;
}

/** The state of one process, in its memory: bounded, and every answer there at once. */
export function createStateInMemory({ now }: MemoryOptions): State {
  return {
    quotas: createSlidingWindows(now),
    generations: createGenerationsInMemory(now),
    cache: createCacheInMemory(now),
    documents: createDocumentsInMemory(),
    pageSizes: createPageSizesInMemory(now),
    feeds: createFeedsInMemory(),
  };
}

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

interface Written {
  readonly number: number;
  readonly inDoubtUntil: number;
}

const MAX_REMEMBERED = 100_000;

/** Numbers all writes, and remembers the last one to each resource, whichever account has made it. */
export function createGenerationsInMemory(now: () => number): Generations {
  let count = 0;
  /** What is no longer remembered was written to by this write at the latest. */
  let forgotten: Generation = { number: 0, isInDoubt: false, loss: 0 };
  /** In the order of their last writes. */
  const written = new Map<string, Written>();
  const remember = (resource: string, write: Written) => {
    written.delete(resource);
    written.set(resource, write);
    if (written.size <= MAX_REMEMBERED) return;
    for (const [oldest, { number }] of written) {
      written.delete(oldest);
      forgotten = { number, isInDoubt: false, loss: 0 };
      break;
    }
  };
  const bump = (resources: readonly string[], inDoubtMs: number) => {
    count += 1;
    for (const resource of resources) {
      // A later write does not tell how an earlier one ends.
      const inDoubtUntil = Math.max(now() + inDoubtMs, written.get(resource)?.inDoubtUntil ?? 0);
      remember(resource, { number: count, inDoubtUntil });
    }
  };
  const fence: Fence = {
    read(resource) {
      const last = written.get(resource);
      return last ? { number: last.number, isInDoubt: last.inDoubtUntil > now(), loss: 0 } : forgotten;
    },
    // A process that ends takes its copies along, so there is nothing to do before the write.
    write: (resources): Write => ({
      isLost: false,
      end(outcome, doubtMs) {
        if (outcome !== 'not done') bump(resources, outcome === 'unknown' ? doubtMs : 0);
      },
    }),
  };
  return { fence: () => fence };
}

const BYTES_PER_CHARACTER = 2;

/** Keeps documents bounded by number and size; the least recently used go first. */
export function createDocumentsInMemory({ maxDocuments = 1_000, maxBytes = 10_000_000 } = {}): Documents {
  const documents = new LRUCache<string, string>({
    max: maxDocuments,
    maxSize: maxBytes,
    sizeCalculation: (document) => document.length * BYTES_PER_CHARACTER + 1,
  });
  return {
    get: (hash) => documents.get(hash),
    set(hash, document) {
      documents.set(hash, document);
    },
  };
}

const MAX_PAGE_SIZES = 10_000;

/** The API may lower its cap while the gateway runs: then what was learnt before would end lists early. */
const FORGOTTEN_AFTER_MS = 10 * 60_000;

export function createPageSizesInMemory(now: () => number): PageSizes {
  const sizes = new LRUCache<string, { readonly rows: number; readonly notedAt: number }>({
    max: MAX_PAGE_SIZES,
  });
  const longest = (account: string, endpoint: string): number => {
    const size = sizes.get(`${account} ${endpoint}`);
    return size && now() - size.notedAt < FORGOTTEN_AFTER_MS ? size.rows : 0;
  };
  return {
    longest,
    note(account, endpoint, rows) {
      if (rows >= longest(account, endpoint)) sizes.set(`${account} ${endpoint}`, { rows, notedAt: now() });
    },
  };
}
