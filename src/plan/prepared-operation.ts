import type { DocumentNode, GraphQLObjectType, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { UserTable } from '../callers/user-table.ts';
import { type Price, priceOf } from './price.ts';
import { type RequiredScopes, requiredScopesOf } from './required-scopes.ts';
import { fragmentsOf, select } from './select.ts';
import type { ObjectPlan, Selection } from './tree.ts';
import type { CoercedVariables } from './variables.ts';

const BYTES_PER_FIELD = 600;

export type PreparedOperation = ReturnType<typeof prepareOperation>;

/**
 * An operation of a valid document. Execution, price and scopes read the same tree, which is built again only if other values of
 * @skip and @include come.
 * @param onGrown - called when the weight has changed
 */
export function prepareOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  onGrown?: () => void,
) {
  const fragments = fragmentsOf(document);
  const rootType = schema.getRootType(operation.operation);
  /** The last tree, and its price if that depends on no other variables. */
  let last: (Selection & { readonly price?: Price }) | undefined;
  let requiredScopes: RequiredScopes | undefined;

  const selectionFor = (variables: CoercedVariables): Selection & { readonly price?: Price } => {
    if (last && [...last.conditions].every(([name, value]) => variables[name] === value)) return last;
    // Every caller checks `hasRoot` before it asks for the tree, the price or the scopes.
    const root = rootType as GraphQLObjectType;
    const selection = select({ schema, fragments, variables }, root, operation.selectionSet);
    // A condition without a value counts as true, or is an error of this execution.
    const isKept = [...selection.conditions.values()].every((value) => typeof value === 'boolean');
    if (isKept) {
      last = selection;
      onGrown?.();
    }
    return selection;
  };

  return {
    schema,
    document,
    operation,
    fragments,
    facts: { name: operation.name?.value, type: operation.operation },
    /** False for a mutation if the schema is read-only. Then the operation has no tree, price and scopes to ask for. */
    hasRoot: Boolean(rootType),
    /** The memory of the tree, in bytes. */
    get weight(): number {
      return (last?.size ?? 0) * BYTES_PER_FIELD;
    },
    /** The tree to execute with these variables. */
    treeFor: (variables: CoercedVariables): ObjectPlan => selectionFor(variables).root,
    /** The scopes that the operation may require, whatever its variables are. */
    requiredScopes(): RequiredScopes {
      requiredScopes ??= requiredScopesOf(selectionFor({}));
      return requiredScopes;
    },
    /**
     * The highest price with these coerced variables. Runs nothing.
     * @param users - the operator's table, if the caller may use it
     */
    price(variables: CoercedVariables, users?: UserTable): Price {
      const selection = selectionFor(variables);
      if (selection.price) return selection.price;
      const price = priceOf(schema, selection, variables, users);
      if (selection === last && price.isStatic) last = { ...selection, price };
      return price;
    },
  };
}
