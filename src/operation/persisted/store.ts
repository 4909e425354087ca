import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** The documents that the operator lists, by id. */
export type ListedDocuments = ReadonlyMap<string, string>;

export interface DocumentStoreOptions {
  readonly listed: ListedDocuments;
  /** How many documents clients can register, and their weight in memory; the least used go first. */
  readonly maxRegistered?: number;
  readonly maxRegisteredBytes?: number;
}

export interface DocumentStore {
  /** A document by the id in the list, or by its hash with or without `sha256:`. */
  find(id: string): string | undefined;
  /** Whether exactly this text is listed. */
  isListed(document: string): boolean;
  /** Keeps a document under its hash. */
  register(hash: string, document: string): void;
}

const BYTES_PER_CHARACTER = 2;

export function createDocumentStore(options: DocumentStoreOptions): DocumentStore {
  const { listed, maxRegistered = 1_000, maxRegisteredBytes = 10_000_000 } = options;
  const registered = new LRUCache<string, string>({
    max: maxRegistered,
    maxSize: maxRegisteredBytes,
    sizeCalculation: (document) => document.length * BYTES_PER_CHARACTER + 1,
  });
  const byHash = new Map([...listed.values()].map((document) => [hashOf(document), document]));
  return {
    find(id) {
      const hash = id.replace(/^sha256:/, '');
      return listed.get(id) ?? listed.get(hash) ?? byHash.get(hash) ?? registered.get(hash);
    },
    isListed: (document) => byHash.get(hashOf(document)) === document,
    register(hash, document) {
      if (!byHash.has(hash) && registered.get(hash) === undefined) registered.set(hash, document);
    },
  };
}

/** SHA-256 of a document's UTF-8, in lower-case hexadecimal digits, as all clients write it. */
export function hashOf(document: string): string {
  return createHash('sha256').update(document).digest('hex');
}
