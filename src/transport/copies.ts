import { LRUCache } from 'lru-cache';
import type { Answer } from './call.ts';

/** The answers that are kept. Several gateways could share one by implementing this over a common store. */
export interface Copies {
  get(name: string): Answer<unknown> | undefined;
  /** Keeps an answer for at most `ttlMs`. */
  set(name: string, answer: Answer<unknown>, ttlMs: number): void;
}

const MAX_COPIES = 50_000;
const MAX_BYTES = 64 * 1024 * 1024;
/** What an entry costs besides its answer: name, bookkeeping, the objects that the text became. */
const ENTRY_BYTES = 512;

/** Keeps answers in memory, bounded by number and size; the least recently used go first. */
export function createCopies(): Copies {
  const cache = new LRUCache<string, Answer<unknown>>({
    max: MAX_COPIES,
    maxSize: MAX_BYTES,
    sizeCalculation: ({ bytes }, name) => bytes * 3 + name.length * 2 + ENTRY_BYTES,
  });
  return {
    get: (name) => cache.get(name),
    set(name, answer, ttl) {
      if (ttl > 0) cache.set(name, answer, { ttl });
    },
  };
}
