import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import type { Scope } from '../execution/collect-fields.ts';
import { sumOf } from './calls-by-endpoint.ts';
import { saturate } from './over-limit.ts';
import { BeyondPrice, priceOf } from './price.ts';

/** What an operation may come to in the worst case: every id distinct, every page full, nothing shared. */
export interface Plan {
  /** REST calls. */
  readonly calls: number;
  /** The objects that the answer may hold. */
  readonly objects: number;
  /** The calls by endpoint, most first. */
  readonly endpoints: readonly { readonly endpoint: string; readonly calls: number }[];
  /** Whether it is the same with any variables. */
  readonly isFixed: boolean;
}

/** Plans an operation of a valid document, with its variables as resolvers see them. Nothing runs. */
export function planOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Scope['variables'],
): Plan {
  const root = schema.getRootType(operation.operation);
  if (!root) return { calls: 0, objects: 0, endpoints: [], isFixed: true };
  let isFixed = true;
  const scope: Scope = {
    schema,
    fragments: fragmentsOf(document),
    get variables() {
      isFixed = false;
      return variables;
    },
  };
  try {
    const { calls, objects } = priceOf(scope, root, operation.selectionSet);
    const endpoints = [...calls].map(([endpoint, count]) => ({ endpoint, calls: count }));
    return { calls: sumOf(calls), objects, endpoints: endpoints.sort((a, b) => b.calls - a.calls), isFixed };
  } catch (error) {
    if (!(error instanceof BeyondPrice)) throw error;
    const most = saturate(Number.POSITIVE_INFINITY);
    return { calls: most, objects: most, endpoints: [], isFixed };
  }
}

function fragmentsOf({ definitions }: DocumentNode): Map<string, FragmentDefinitionNode> {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  return fragments;
}
