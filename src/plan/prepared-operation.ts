import type { DocumentNode, GraphQLObjectType, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { UserTable } from '../callers/user-table.ts';
import { type Price, priceOf } from './price.ts';
import { type RequiredScopes, requiredScopesOf } from './required-scopes.ts';
import { fragmentsOf, select } from './select.ts';
import type { ObjectPlan, Selection } from './tree.ts';
import type { CoercedVariables } from './variables.ts';

/** The trees of an operation that are kept. Each variable of @skip and @include can double their number. */
const MAX_VARIANTS = 16;

/** The tree for one set of values of @skip and @include. */
interface Variant extends Selection {
  /** Undefined if it is not computed yet, or depends on other variables too. */
  price: Price | undefined;
}

const BYTES_PER_FIELD = 600;

export type PreparedOperation = ReturnType<typeof prepareOperation>;

/**
 * An operation of a valid document. Its tree is built once; execution, price and scopes all read the tree.
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
  const variants: Variant[] = [];
  let weight = 0;
  let requiredScopes: RequiredScopes | undefined;

  const variantOf = (variables: CoercedVariables): Variant | undefined =>
    variants.find(({ conditions }) => {
      for (const [name, value] of conditions) if (variables[name] !== value) return false;
      return true;
    });

  const keep = (selection: Selection): void => {
    // A tree with a condition without a value is not kept: the condition counts as true, or is an error of this execution.
    for (const value of selection.conditions.values()) if (typeof value !== 'boolean') return;
    const dropped = variants.length < MAX_VARIANTS ? undefined : variants.shift();
    variants.push({ ...selection, price: undefined });
    weight += (selection.size - (dropped?.size ?? 0)) * BYTES_PER_FIELD;
    onGrown?.();
  };

  const selectionFor = (variables: CoercedVariables): Selection => {
    const known = variantOf(variables);
    if (known) return known;
    // Every caller checks `hasRoot` before it asks for the tree, the price or the scopes.
    const root = rootType as GraphQLObjectType;
    const selection = select({ schema, fragments, variables }, root, operation.selectionSet);
    keep(selection);
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
    /** The memory of the compiled trees, in bytes. */
    get weight(): number {
      return weight;
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
      const known = variantOf(variables)?.price;
      if (known) return known;
      const price = priceOf(schema, selectionFor(variables), variables, users);
      const variant = variantOf(variables);
      if (variant && price.isStatic) variant.price = price;
      return price;
    },
  };
}
