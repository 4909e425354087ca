import type { DocumentNode, Token } from 'graphql';
import { LRUCache } from 'lru-cache';

/** What a parsed document weighs in memory, measured: its text, and its nodes with their tokens. */
const BYTES_PER_CHARACTER = 2;
const BYTES_PER_TOKEN = 500;

export interface DocumentCacheOptions {
  readonly maxDocuments?: number;
  readonly maxBytes?: number;
}

/**
 * What Yoga's parse and validation cache keeps, bounded by weight as well as by number, so that a client who sends ever
 * new documents cannot fill the memory. The verdict of validation hangs on the document and goes with it.
 */
export function createDocumentCache({
  maxDocuments = 1_000,
  maxBytes = 32_000_000,
}: DocumentCacheOptions = {}) {
  return {
    documentCache: new LRUCache<string, DocumentNode>({
      max: maxDocuments,
      maxSize: maxBytes,
      sizeCalculation: (document, text) =>
        text.length * BYTES_PER_CHARACTER + countTokens(document) * BYTES_PER_TOKEN,
    }),
    errorCache: new LRUCache<string, object>({
      max: maxDocuments,
      maxSize: maxBytes / 8,
      sizeCalculation: (_error, text) => text.length * BYTES_PER_CHARACTER + BYTES_PER_TOKEN,
    }),
  };
}

function countTokens(document: DocumentNode): number {
  let count = 0;
  for (let token: Token | null | undefined = document.loc?.startToken; token; token = token.next) count += 1;
  return count;
}
