import { type DocumentNode, GraphQLError, type GraphQLSchema, getOperationAST } from 'graphql';
import type { Limits } from '../limits/limits.ts';
import { parseDocument } from '../limits/parse.ts';
import { validateDocument } from '../limits/validation.ts';
import { KnownOperation } from './known-operation.ts';

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
