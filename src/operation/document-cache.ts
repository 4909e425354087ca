import type { DocumentNode, GraphQLSchema, Token } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Limits } from '../limits/limits.ts';
import { checkLength } from '../limits/tokens.ts';
import { DocumentEntry } from './document-entry.ts';

export interface DocumentCacheOptions {
  readonly schema: GraphQLSchema;
  readonly limits: Limits;
  readonly maxDocuments?: number;
  readonly maxBytes?: number;
}

export interface DocumentCache {
  /** The entry of a document; a new one is parsed and checked. @throws DOCUMENT_TOO_LARGE */
  get(text: string): DocumentEntry;
  /** An entry that is not kept, for a document that a plugin has put in another one's place. */
  createEntry(document: DocumentNode): DocumentEntry;
  /** Weighs an entry again: what is compiled of it grows as it is used. */
  settle(text: string, entry: DocumentEntry): void;
}

/** What a document weighs in memory, measured: its text, its nodes with their tokens, and what is compiled of it. */
const BYTES_PER_CHARACTER = 2;
const BYTES_PER_TOKEN = 500;
const BYTES_PER_COMPILED_FIELD = 600;

/**
 * Keeps all that is known of a document in one entry, its refusal too. Bounded by weight as well as by number: a client
 * who sends ever new documents, or makes many fields of a short one by fragments, cannot fill the memory.
 */
export function createDocumentCache(options: DocumentCacheOptions): DocumentCache {
  const { schema, limits, maxDocuments = 1_000, maxBytes = 32_000_000 } = options;
  const entries = new LRUCache<string, DocumentEntry>({
    max: maxDocuments,
    maxSize: maxBytes,
    sizeCalculation: weigh,
  });
  return {
    get(text) {
      const known = entries.get(text);
      if (known) return known;
      checkLength(text, limits);
      const entry = DocumentEntry.of(text, schema, limits);
      entries.set(text, entry);
      return entry;
    },
    createEntry: (document) => new DocumentEntry(schema, limits, document),
    settle(text, entry) {
      if (entry.hasGrown()) entries.set(text, entry);
    },
  };
}

function weigh(entry: DocumentEntry, text: string): number {
  const tokens = entry.document ? countTokens(entry.document) : 1;
  return (
    text.length * BYTES_PER_CHARACTER +
    tokens * BYTES_PER_TOKEN +
    entry.compiledFields * BYTES_PER_COMPILED_FIELD
  );
}

function countTokens(document: DocumentNode): number {
  let count = 0;
  for (let token: Token | null | undefined = document.loc?.startToken; token; token = token.next) count += 1;
  return count;
}
