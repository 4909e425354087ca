import { LRUCache } from 'lru-cache';
import type { Documents } from './port.ts';

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
