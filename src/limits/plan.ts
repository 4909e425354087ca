import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import { sumOf } from './calls-by-endpoint.ts';
import type { Scope } from './collect.ts';
import { saturate } from './over-limit.ts';
import { BeyondPrice, type Price, priceOf } from './price.ts';

/** What an operation may take of the REST API in the worst case: every id distinct, every page full, nothing shared. */
export interface Plan {
  readonly calls: number;
  /** The objects that the answer may hold. */
  readonly objects: number;
  /** The calls by endpoint, most first. */
  readonly endpoints: readonly { readonly endpoint: string; readonly calls: number }[];
}

/** An operation as it is about to run: graphql's execution arguments fit. */
export interface PlanRequest {
  readonly schema: GraphQLSchema;
  /** Valid for the schema. */
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  /** As given by the client. Those that do not fit their types count as absent. */
  readonly variableValues?: Readonly<Record<string, unknown>> | null | undefined;
  /** The same as resolvers see them, if that is known. */
  readonly coerced?: Readonly<Record<string, unknown>>;
}

const NO_CALLS: Plan = { calls: 0, objects: 0, endpoints: [] };

/** Plans that no variable decides. A document that comes often is always the same object, out of the parse cache. */
const fixedPlans = new WeakMap<GraphQLSchema, WeakMap<OperationDefinitionNode, Plan>>();

/** Plans an operation without running anything. One that is not in the document takes no calls. */
export function planOperation(request: PlanRequest): Plan {
  const { schema, document, operationName, variableValues } = request;
  const operation = getOperationAST(document, operationName);
  const root = operation && schema.getRootType(operation.operation);
  if (!operation || !root) return NO_CALLS;
  const known = fixedPlans.get(schema)?.get(operation);
  if (known) return known;

  let variables: Scope['variables'] | undefined;
  const scope: Scope = {
    schema,
    fragments: fragmentsOf(document),
    get variables() {
      variables ??= request.coerced ?? coerce(schema, operation, { ...variableValues });
      return variables;
    },
  };
  const plan = toPlan(() => priceOf(scope, root, operation.selectionSet));
  if (variables === undefined) keep(schema, operation, plan);
  return plan;
}

function keep(schema: GraphQLSchema, operation: OperationDefinitionNode, plan: Plan): void {
  const plans = fixedPlans.get(schema) ?? new WeakMap();
  fixedPlans.set(schema, plans.set(operation, plan));
}

function toPlan(price: () => Price): Plan {
  try {
    const { calls, objects } = price();
    const endpoints = [...calls].map(([endpoint, count]) => ({ endpoint, calls: count }));
    return { calls: sumOf(calls), objects, endpoints: endpoints.sort((a, b) => b.calls - a.calls) };
  } catch (error) {
    if (!(error instanceof BeyondPrice)) throw error;
    const most = saturate(Number.POSITIVE_INFINITY);
    return { calls: most, objects: most, endpoints: [] };
  }
}

function coerce(schema: GraphQLSchema, operation: OperationDefinitionNode, values: Record<string, unknown>) {
  const definitions = operation.variableDefinitions ?? [];
  return getVariableValues(schema, definitions, values, { maxErrors: 1 }).coerced ?? {};
}

function fragmentsOf({ definitions }: DocumentNode): Map<string, FragmentDefinitionNode> {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  return fragments;
}
