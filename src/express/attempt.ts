import {
  type DocumentNode,
  type ExecutionResult,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  type OperationDefinitionNode,
} from 'graphql';
import type { GraphQLParams } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import type { Context } from '../context.ts';
import { checkPrice } from '../limits/check-price.ts';
import type { Limits } from '../limits/limits.ts';
import { type VisitedOperation, type VisitKeys, type Visits, visitedOperation } from '../operation/visit.ts';
import { extensionOf, wishOf } from '../report.ts';
import type { Program } from './plan.ts';
import { compile } from './program.ts';
import { run } from './run.ts';

export interface AttemptOptions {
  readonly schema: GraphQLSchema;
  readonly limits: Limits;
  readonly visits: Visits;
  /** Finds the document that a text has been parsed to before. */
  readonly parsed: { get(text: string): DocumentNode | undefined };
}

/** An operation that is known to be valid and can be run as a program. */
interface Known {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** The same for visits. */
  readonly visited: VisitedOperation;
  readonly program: Program;
}

/** The operations of a valid document by name; null: not for this way. */
type Operations = Map<string | undefined, Known | null>;

/** As many as Yoga's cache keeps. */
const MAX_DOCUMENTS = 1_000;
/** In all programs together. Fragments can make many fields of a short document; each weighs about 600 bytes, measured. */
const MAX_FIELDS = 50_000;

function sizeOf(operations: Operations): number {
  let size = 1;
  for (const known of operations.values()) size += known?.program.size ?? 0;
  return size;
}

/**
 * Runs queries that have come before, past Envelop and the general executor, as long as all goes well: the same checks
 * in the same order, the same answer. Whatever is not well is left to the general way, in the same context, where
 * nothing that has been read is read again.
 */
export function createAttempts({ schema, limits, visits, parsed }: AttemptOptions) {
  const known = new LRUCache<DocumentNode, Operations>({
    max: MAX_DOCUMENTS,
    maxSize: MAX_FIELDS,
    sizeCalculation: sizeOf,
  });

  const find = ({ query, operationName }: GraphQLParams): Known | undefined => {
    const document = parsed.get(query as string);
    const operations = document && known.get(document);
    if (!operations) return undefined;
    const name = operationName ?? undefined;
    const found = operations.get(name);
    if (found !== undefined) return found ?? undefined;
    const operation = getOperationAST(document, name);
    // Names that are in the document are few; others would fill the memory.
    if (!operation) return undefined;
    const program = compile(schema, document, operation);
    const made = program ? { document, operation, visited: visitedOperation(operation), program } : null;
    operations.set(name, made);
    // Once more, with its new size.
    known.set(document, operations);
    return made ?? undefined;
  };

  return {
    /** To be told of each document that has been found valid. */
    learn(document: DocumentNode): void {
      if (!known.has(document)) known.set(document, new Map());
    },
    /** The result, or undefined when the general way is to be gone. */
    async attempt(
      params: GraphQLParams,
      context: Context,
      request: { readonly headers: { get(name: string): string | null } },
      keys: VisitKeys,
    ): Promise<ExecutionResult | undefined> {
      const begunAt = performance.now();
      const found = find(params);
      const wish = wishOf(request);
      if (!found || wish === 'plan') return undefined;
      const foundAt = performance.now();
      const { document, operation, visited, program } = found;
      const definitions = operation.variableDefinitions ?? [];
      const { coerced } = getVariableValues(schema, definitions, { ...params.variables }, { maxErrors: 1 });
      if (!coerced) return undefined;
      const plan = { schema, document, operationName: params.operationName, coerced };
      if (checkPrice(plan, limits)) return undefined;
      visits.parsed(keys, visited);
      visits.running(keys, context.caller.tally);
      const checkedAt = performance.now();
      const data = await run(program, context, coerced);
      if (!data) return undefined;
      if (visits.usesPhases) {
        visits.took(keys, {
          parse: foundAt - begunAt,
          validate: checkedAt - foundAt,
          context: 0,
          execute: performance.now() - checkedAt,
        });
      }
      const extensions = extensionOf(wish, context.caller.tally);
      return extensions ? { data, extensions } : { data };
    },
  };
}

export type Attempts = ReturnType<typeof createAttempts>;
