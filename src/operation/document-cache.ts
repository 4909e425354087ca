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
import { hashOf } from '../state/documents.ts';

interface DocumentCacheOptions {
  readonly schema: GraphQLSchema;
  readonly limits: Limits;
  readonly maxBytes?: number;
}

export type DocumentCache = ReturnType<typeof createDocumentCache>;

/** The memory that a document takes, measured: its text, its nodes with their tokens, its refusals, and its compiled fields. */
const BYTES_PER_CHARACTER = 2;
const BYTES_PER_TOKEN = 500;
const BYTES_PER_REFUSAL = 1_500;

/**
 * Keeps all that is known of a document in one entry, its refusal too. Bounded by weight as well as by number: a client
 * who sends ever new documents, or makes many fields of a short one by fragments, cannot fill the memory.
 */
export function createDocumentCache(options: DocumentCacheOptions) {
  const { schema, limits, maxBytes = 32_000_000 } = options;
  const entries = new LRUCache<string, DocumentEntry>({
    max: 1_000,
    maxSize: maxBytes,
    sizeCalculation: weigh,
  });
  /** The cache weighs an entry when it comes in, and never again. */
  const weighAgain = (text: string, entry: DocumentEntry) => {
    if (entries.peek(text) !== entry) return;
    entries.delete(text);
    entries.set(text, entry);
  };
  return {
    /** The entry of a document; a new one is parsed and checked. @throws DOCUMENT_TOO_LARGE */
    get(text: string): DocumentEntry {
      const known = entries.get(text);
      if (known) return known;
      checkLength(text, limits);
      const entry = DocumentEntry.of(text, schema, limits, () => weighAgain(text, entry));
      entries.set(text, entry);
      return entry;
    },
    /** An entry that is not kept, for a document that a plugin has put in another one's place. */
    createEntry: (document: DocumentNode) =>
      new DocumentEntry(schema, document, validateDocument(schema, document, limits)),
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

/** All that is known of one document: what it parses to, why it is refused, its operations. */
export class DocumentEntry implements DocumentFacts {
  readonly document: DocumentNode | undefined;
  /** Why the document cannot be run, whatever the request: it is no GraphQL, or not valid, or over a limit. */
  readonly refusals: readonly GraphQLError[];
  /** The bytes of memory that it takes, without its text and what is compiled of it. */
  readonly weight: number;
  readonly #schema: GraphQLSchema;
  readonly #onGrown: (() => void) | undefined;
  readonly #operations = new Map<string | undefined, PreparedOperation>();
  #hash: string | undefined;
  #coordinates: ReadonlyMap<ASTNode, string> | undefined;

  /** `onGrown` is called when more has been compiled of it. */
  constructor(
    schema: GraphQLSchema,
    document: DocumentNode | undefined,
    refusals: readonly GraphQLError[],
    onGrown?: () => void,
  ) {
    this.#schema = schema;
    this.document = document;
    this.refusals = refusals;
    this.weight = countTokens(document) * BYTES_PER_TOKEN + refusals.length * BYTES_PER_REFUSAL;
    this.#onGrown = onGrown;
  }

  static of(text: string, schema: GraphQLSchema, limits: Limits, onGrown: () => void): DocumentEntry {
    try {
      const document = parseDocument(text, limits);
      return new DocumentEntry(schema, document, validateDocument(schema, document, limits), onGrown);
    } catch (error) {
      if (error instanceof GraphQLError) return new DocumentEntry(schema, undefined, [error]);
      throw error;
    }
  }

  /** The SHA-256 of its text, worked out when it is first asked for; undefined: it was never a text. */
  hash(): string | undefined {
    const text = this.document?.loc?.source.body;
    if (text !== undefined) this.#hash ??= hashOf(text);
    return this.#hash;
  }

  /** The schema coordinate of a field of the document, such as `Script.name`; worked out when one is first asked for. */
  coordinateOf(field: ASTNode | undefined): string | undefined {
    if (!this.document || !field) return undefined;
    this.#coordinates ??= coordinatesOf(this.#schema, this.document);
    return this.#coordinates.get(field);
  }

  /** The operation of this name, or the only one; undefined when the document has none such. */
  find(name: string | null | undefined): PreparedOperation | undefined {
    const key = name ?? undefined;
    const known = this.#operations.get(key);
    if (known || !this.document) return known;
    const node = getOperationAST(this.document, key);
    // Names that the document has are few; others would fill the memory.
    if (!node) return undefined;
    const operation = new PreparedOperation(this.#schema, this.document, node, this.#onGrown);
    this.#operations.set(key, operation);
    return operation;
  }

  /** The bytes of memory that what is compiled of it takes so far. */
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
        // An argument that a variable makes wrong is an error at its value.
        const values = (node.arguments ?? []).map(({ value }) => value);
        if (parent && field)
          for (const at of [node, ...values]) coordinates.set(at, `${parent.name}.${field.name}`);
      },
    }),
  );
  return coordinates;
}
