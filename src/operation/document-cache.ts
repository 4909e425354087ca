import { GraphQLError, type GraphQLSchema, getOperationAST } from 'graphql';
import { LRUCache } from 'lru-cache';
import { checkLength, parseDocument, validateDocument } from '../plan/document.ts';
import type { Limits } from '../plan/limits.ts';
import { type PreparedOperation, prepareOperation } from '../plan/prepared-operation.ts';
import { hashOf } from './document-id.ts';

interface DocumentCacheOptions {
  readonly schema: GraphQLSchema;
  readonly limits: Limits;
}

export type DocumentCache = ReturnType<typeof createDocumentCache>;

/** The most memory of all documents, in bytes. */
export const MAX_DOCUMENT_BYTES = 32_000_000;
/** The measured maximum, with the nodes, the tokens and the refusals. */
const BYTES_PER_CHARACTER = 200;

/** Bounded by weight too: ever new documents, or fields multiplied by fragments, cannot fill the memory. */
export function createDocumentCache(options: DocumentCacheOptions) {
  const entries = new LRUCache<string, DocumentEntry>({
    max: 1_000,
    maxSize: MAX_DOCUMENT_BYTES,
    sizeCalculation: ({ weight }) => weight,
  });
  /** The cache weighs an entry only when it is added, so an entry that has grown is added again. */
  const weighAgain = (text: string, entry: DocumentEntry) => {
    if (entries.peek(text) !== entry) return;
    entries.delete(text);
    entries.set(text, entry);
  };
  return {
    /** Returns the entry of a document. Parses and checks a new document. @throws DOCUMENT_TOO_LARGE */
    get(text: string): DocumentEntry {
      const known = entries.get(text);
      if (known) return known;
      checkLength(text);
      const entry = createEntry(text, options, () => weighAgain(text, entry));
      entries.set(text, entry);
      return entry;
    },
  };
}

type DocumentEntry = ReturnType<typeof createEntry>;

/** `onGrown` is called when more has been compiled. */
function createEntry(text: string, { schema, limits }: DocumentCacheOptions, onGrown: () => void) {
  const { document, refusals } = readDocument(text, schema, limits);
  const operations = new Map<string | undefined, PreparedOperation>();
  let hash: string | undefined;
  return {
    /** Undefined if the text is not GraphQL. */
    document,
    /** Why no request can run the document: it is not GraphQL, not valid, or over a limit. */
    refusals,
    hash() {
      if (document) hash ??= hashOf(text);
      return hash;
    },
    /** The operation with this name, or the only operation. Undefined if there is none. */
    find(name: string | null | undefined): PreparedOperation | undefined {
      const key = name ?? undefined;
      const known = operations.get(key);
      if (known || !document) return known;
      const node = getOperationAST(document, key);
      // The document has few names; other names would fill the memory.
      if (!node) return undefined;
      const operation = prepareOperation(schema, document, node, onGrown);
      operations.set(key, operation);
      return operation;
    },
    /** Its memory in bytes, with the trees of its operations. */
    get weight(): number {
      // An empty document has a weight too.
      let sum = (text.length + 1) * BYTES_PER_CHARACTER;
      for (const { weight } of operations.values()) sum += weight;
      return sum;
    },
  };
}

function readDocument(text: string, schema: GraphQLSchema, limits: Limits) {
  try {
    const document = parseDocument(text);
    return { document, refusals: validateDocument(schema, document, limits) };
  } catch (error) {
    if (error instanceof GraphQLError) return { document: undefined, refusals: [error] };
    throw error;
  }
}
