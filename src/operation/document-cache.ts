import {
  type ASTNode,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  type Token,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { DocumentFacts } from '../observability/request-record.ts';
import { checkLength, parseDocument, validateDocument } from '../plan/document.ts';
import type { Limits } from '../plan/limits.ts';
import { PreparedOperation } from '../plan/prepared-operation.ts';
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
  const { schema, limits, maxBytes = 32_000_000 } = options;
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
      const entry = DocumentEntry.of(text, schema, limits, () => weighAgain(text, entry));
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

class DocumentEntry implements DocumentFacts {
  readonly document: DocumentNode | undefined;
  /** Why no request can run the document: it is not GraphQL, not valid, or over a limit. */
  readonly refusals: readonly GraphQLError[];
  /** Its memory in bytes, without its text and its compiled fields. */
  readonly weight: number;
  readonly #schema: GraphQLSchema;
  readonly #onGrown: () => void;
  readonly #operations = new Map<string | undefined, PreparedOperation>();
  #hash: string | undefined;
  #coordinates: ReadonlyMap<ASTNode, string> | undefined;

  /** `onGrown` is called when more has been compiled. */
  constructor(
    schema: GraphQLSchema,
    document: DocumentNode | undefined,
    refusals: readonly GraphQLError[],
    onGrown: () => void,
  ) {
    this.#schema = schema;
    this.document = document;
    this.refusals = refusals;
    this.weight = countTokens(document) * BYTES_PER_TOKEN + refusals.length * BYTES_PER_REFUSAL;
    this.#onGrown = onGrown;
  }

  static of(text: string, schema: GraphQLSchema, limits: Limits, onGrown: () => void): DocumentEntry {
    try {
      const document = parseDocument(text);
      return new DocumentEntry(schema, document, validateDocument(schema, document, limits), onGrown);
    } catch (error) {
      if (error instanceof GraphQLError) return new DocumentEntry(schema, undefined, [error], onGrown);
      throw error;
    }
  }

  /** The SHA-256 of the text, computed once. Undefined if the document never was a text. */
  hash(): string | undefined {
    const text = this.document?.loc?.source.body;
    if (text !== undefined) this.#hash ??= hashOf(text);
    return this.#hash;
  }

  /** Such as `Script.name`. Computed at the first call. */
  coordinateOf(field: ASTNode | undefined): string | undefined {
    if (!this.document || !field) return undefined;
    this.#coordinates ??= coordinatesOf(this.#schema, this.document);
    return this.#coordinates.get(field);
  }

  /** The operation with this name, or the only operation. Undefined if there is none. */
  find(name: string | null | undefined): PreparedOperation | undefined {
    const key = name ?? undefined;
    const known = this.#operations.get(key);
    if (known || !this.document) return known;
    const node = getOperationAST(this.document, key);
    // The document has few names; other names would fill the memory.
    if (!node) return undefined;
    const operation = new PreparedOperation(this.#schema, this.document, node, this.#onGrown);
    this.#operations.set(key, operation);
    return operation;
  }

  /** The memory of the compiled fields, in bytes. */
  get compiledWeight(): number {
    let sum = 0;
    for (const { weight } of this.#operations.values()) sum += weight;
    return sum;
  }
}

/** The schema coordinate of each field of a document (https://spec.graphql.org/September2025/#sec-Schema-Coordinates). */
function coordinatesOf(schema: GraphQLSchema, document: DocumentNode): ReadonlyMap<ASTNode, string> {
  const coordinates = new Map<ASTNode, string>();
  const types = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(types, {
      Field(node) {
        const parent = types.getParentType();
        const field = types.getFieldDef();
        // An argument with a bad variable is an error at the argument's value.
        const values = (node.arguments ?? []).map(({ value }) => value);
        if (parent && field)
          for (const at of [node, ...values]) coordinates.set(at, `${parent.name}.${field.name}`);
      },
    }),
  );
  return coordinates;
}
