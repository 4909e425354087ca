import { LRUCache } from 'lru-cache';

/** Bounds the documents of all accounts together. */
const MAX_BYTES = 10_000_000;
const BYTES_PER_CHARACTER = 2;
/** What a document takes besides its text, in bytes. */
const DOCUMENT_BYTES = 512;

export type RegisteredDocuments = ReturnType<typeof createRegisteredDocuments>;

/** Documents that clients have registered with this process. Clients send an evicted document again. */
export function createRegisteredDocuments(maxBytes = MAX_BYTES) {
  const documents = new LRUCache<string, string>({
    maxSize: maxBytes,
    sizeCalculation: ({ length }) => length * BYTES_PER_CHARACTER + DOCUMENT_BYTES,
  });
  return {
    get: (account: string, hash: string) => documents.get(`${account} ${hash}`),
    set: (account: string, hash: string, document: string) =>
      void documents.set(`${account} ${hash}`, document),
  };
}
