import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
  type Token,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { findNeededScopes, type NeededScopes } from '../callers/needed-scopes.ts';
import { PreparedOperation } from '../execution/compile.ts';
import type { Limits } from '../limits/limits.ts';
import { parseDocument } from '../limits/parse.ts';
import { type Plan, planOperation } from '../limits/plan.ts';
import { checkLength } from '../limits/tokens.ts';
import { validateDocument } from '../limits/validation.ts';
import type { OperationFacts } from '../observability/request-record.ts';

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
      // One that a plugin has put in the place of the text's own is not kept.
      if (entry.hasGrown() && entries.peek(text) === entry) entries.set(text, entry);
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

/** All that is known of one document: what it parses to, why it is refused, its operations. */
export class DocumentEntry {
  readonly document: DocumentNode | undefined;
  /** Why the document cannot be run, whatever the request: it is no GraphQL, or not valid, or over a limit. */
  readonly refusals: readonly GraphQLError[];
  readonly #schema: GraphQLSchema;
  readonly #operations = new Map<string | undefined, KnownOperation>();
  #weighed = 0;

  constructor(
    schema: GraphQLSchema,
    limits: Limits,
    document: DocumentNode | undefined,
    refusals: readonly GraphQLError[] = document ? validateDocument(schema, document, limits) : [],
  ) {
    this.#schema = schema;
    this.document = document;
    this.refusals = refusals;
  }

  static of(text: string, schema: GraphQLSchema, limits: Limits): DocumentEntry {
    try {
      return new DocumentEntry(schema, limits, parseDocument(text, limits));
    } catch (error) {
      if (error instanceof GraphQLError) return new DocumentEntry(schema, limits, undefined, [error]);
      throw error;
    }
  }

  /** The operation of this name, or the only one; undefined when the document has none such. */
  find(name: string | null | undefined): KnownOperation | undefined {
    const key = name ?? undefined;
    const known = this.#operations.get(key);
    if (known || !this.document) return known;
    const node = getOperationAST(this.document, key);
    // Names that the document has are few; others would fill the memory.
    if (!node) return undefined;
    const operation = new KnownOperation(this.#schema, this.document, node);
    this.#operations.set(key, operation);
    return operation;
  }

  /** Fields that have been compiled for execution so far. */
  get compiledFields(): number {
    let count = 0;
    for (const { prepared } of this.#operations.values()) count += prepared.weight;
    return count;
  }

  /** Whether it weighs more than when this was last asked. */
  hasGrown(): boolean {
    const weight = this.compiledFields;
    if (weight === this.#weighed) return false;
    this.#weighed = weight;
    return true;
  }
}

/** An operation of a valid document, with what is worked out once for all its requests. */
export class KnownOperation {
  readonly node: OperationDefinitionNode;
  readonly facts: OperationFacts;
  readonly prepared: PreparedOperation;
  readonly #schema: GraphQLSchema;
  readonly #document: DocumentNode;
  #fixedPlan: Plan | undefined;
  #neededScopes: NeededScopes | undefined;

  constructor(schema: GraphQLSchema, document: DocumentNode, node: OperationDefinitionNode) {
    this.node = node;
    this.facts = { name: node.name?.value, type: node.operation };
    this.prepared = new PreparedOperation(schema, document, node);
    this.#schema = schema;
    this.#document = document;
  }

  /** What a gateway key needs for it. */
  neededScopes(): NeededScopes {
    this.#neededScopes ??= findNeededScopes(this.#schema, this.#document, this.node);
    return this.#neededScopes;
  }

  /** What it may come to with these variables, as resolvers see them. */
  plan(variables: Readonly<Record<string, unknown>>): Plan {
    if (this.#fixedPlan) return this.#fixedPlan;
    const plan = planOperation(this.#schema, this.#document, this.node, variables);
    if (plan.isFixed) this.#fixedPlan = plan;
    return plan;
  }
}
