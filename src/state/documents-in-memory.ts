import { LRUCache } from 'lru-cache';
import type { Documents } from './port.ts';

const MAX_DOCUMENTS = 1_000;
const MAX_BYTES = 10_000_000;
const BYTES_PER_CHARACTER = 2;

/** Keeps documents bounded by number and size; the least recently used go first. */
export function createDocumentsInMemory(): Documents {
  const documents = new LRUCache<string, string>({
    max: MAX_DOCUMENTS,
    maxSize: MAX_BYTES,
    sizeCalculation: (document) => document.length * BYTES_PER_CHARACTER + 1,
  });
  return {
    get: (hash) => documents.get(hash),
    set(hash, document) {
      documents.set(hash, document);
    },
  };
}
