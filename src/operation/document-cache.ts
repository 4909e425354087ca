import { type DocumentNode, GraphQLError, type GraphQLSchema, getOperationAST, type Token } from 'graphql';
import { LRUCache } from 'lru-cache';
import { checkLength, parseDocument, validateDocument } from '../plan/document.ts';
import type { Limits } from '../plan/limits.ts';
import { type PreparedOperation, prepareOperation } from '../plan/prepared-operation.ts';
import { hashOf } from './document-id.ts';

interface DocumentCacheOptions {
  readonly schema: GraphQLSchema;
  readonly limits: Limits;
  readonly maxBytes?: number;
}

export type DocumentCache = ReturnType<typeof createDocumentCache>;

/** The measured memory of a document: its text, its nodes with their tokens, its refusals, and its compiled fields. */
const BYTES_PER_CHARACTER = 2;
const BYTES_PER_TOKEN = 500;
const BYTES_PER_REFUSAL = 1_500;

/** Bounded by weight too: ever new documents, or fields multiplied by fragments, cannot fill the memory. */
export function createDocumentCache(options: DocumentCacheOptions) {
  const { maxBytes = 32_000_000 } = options;
  const entries = new LRUCache<string, DocumentEntry>({
    max: 1_000,
    maxSize: maxBytes,
    sizeCalculation: weigh,
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

function weigh(entry: DocumentEntry, text: string): number {
  return text.length * BYTES_PER_CHARACTER + entry.weight + entry.compiledWeight;
}

function countTokens(document: DocumentNode | undefined): number {
  let count = 0;
  for (let token: Token | null | undefined = document?.loc?.startToken; token; token = token.next) count += 1;
  return count;
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
    /** Its memory in bytes, without its text and its compiled fields. */
    weight: countTokens(document) * BYTES_PER_TOKEN + refusals.length * BYTES_PER_REFUSAL,
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
    /** The memory of the compiled fields, in bytes. */
    get compiledWeight(): number {
      let sum = 0;
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
