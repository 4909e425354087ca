import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  Kind,
} from 'graphql';
import { saturate } from './over-limit.ts';
import { BeyondPrice, priceOf } from './price.ts';
import { sumOf, type Tally } from './tally.ts';

/** What an operation may take of the REST API in the worst case: every id distinct, every page full, nothing shared. */
export interface Plan {
  readonly calls: number;
  /** The calls by endpoint, most first. */
  readonly endpoints: readonly { readonly endpoint: string; readonly calls: number }[];
}

/** An operation as it is about to run: graphql's execution arguments fit. */
export interface PlanRequest {
  readonly schema: GraphQLSchema;
  /** Valid for the schema. */
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  /** As given by the client. */
  readonly variableValues?: Readonly<Record<string, unknown>> | null | undefined;
}

const NO_CALLS: Plan = { calls: 0, endpoints: [] };

/** Plans an operation without running anything. One that cannot run (no such operation, bad variables) takes no calls. */
export function planOperation({ schema, document, operationName, variableValues }: PlanRequest): Plan {
  const operation = getOperationAST(document, operationName);
  const root = operation && schema.getRootType(operation.operation);
  if (!operation || !root) return NO_CALLS;
  const variables = getVariableValues(
    schema,
    operation.variableDefinitions ?? [],
    { ...variableValues },
    { maxErrors: 1 },
  );
  if (variables.coerced === undefined) return NO_CALLS;

  const scope = { schema, fragments: fragmentsOf(document), variables: variables.coerced };
  try {
    return toPlan(priceOf(scope, root, operation.selectionSet));
  } catch (error) {
    if (error instanceof BeyondPrice) return { calls: saturate(Number.POSITIVE_INFINITY), endpoints: [] };
    throw error;
  }
}

function toPlan(tally: Tally): Plan {
  const endpoints = [...tally].map(([endpoint, calls]) => ({ endpoint, calls }));
  return { calls: sumOf(tally), endpoints: endpoints.sort((a, b) => b.calls - a.calls) };
}

function fragmentsOf({ definitions }: DocumentNode): Map<string, FragmentDefinitionNode> {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  return fragments;
}
