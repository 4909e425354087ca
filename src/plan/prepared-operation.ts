import type {
  DocumentNode,
  GraphQLObjectType,
  GraphQLSchema,
  OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql';
import type { UserTable } from '../callers/user-table.ts';
import { type Price, priceOf } from './price.ts';
import { type RequiredScopes, requiredScopesOf } from './required-scopes.ts';
import { type Fragments, fragmentsOf, select } from './select.ts';
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

/** An operation of a valid document. Its tree is built once; execution, price and scopes all read the tree. */
export class PreparedOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Fragments;
  readonly facts: { readonly name: string | undefined; readonly type: OperationTypeNode };
  /** The memory of the compiled trees, in bytes. */
  weight = 0;
  /** False for a mutation if the schema is read-only. Then the operation has no tree, price and scopes to ask for. */
  readonly hasRoot: boolean;
  readonly #onGrown: (() => void) | undefined;
  readonly #rootType: GraphQLObjectType | undefined | null;
  readonly #variants: Variant[] = [];
  #requiredScopes: RequiredScopes | undefined;

  /** `onGrown` is called when the weight has changed. */
  constructor(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    onGrown?: () => void,
  ) {
    this.#onGrown = onGrown;
    this.schema = schema;
    this.document = document;
    this.operation = operation;
    this.fragments = fragmentsOf(document);
    this.facts = { name: operation.name?.value, type: operation.operation };
    this.#rootType = schema.getRootType(operation.operation);
    this.hasRoot = Boolean(this.#rootType);
  }

  /** The tree to execute with these variables. */
  treeFor(variables: CoercedVariables): ObjectPlan {
    return this.#selectionFor(variables).root;
  }

  /** The scopes that the operation may require, whatever its variables are. */
  requiredScopes(): RequiredScopes {
    this.#requiredScopes ??= requiredScopesOf(this.#selectionFor({}));
    return this.#requiredScopes;
  }

  /**
   * The highest price with these coerced variables. Runs nothing.
   * @param users - the operator's table, if the caller may use it
   */
  price(variables: CoercedVariables, users?: UserTable): Price {
    const known = this.#variantOf(variables)?.price;
    if (known) return known;
    const price = priceOf(this.schema, this.#selectionFor(variables), variables, users);
    const variant = this.#variantOf(variables);
    if (variant && price.isStatic) variant.price = price;
    return price;
  }

  #variantOf(variables: CoercedVariables): Variant | undefined {
    variants: for (const variant of this.#variants) {
      for (const [name, value] of variant.conditions) if (variables[name] !== value) continue variants;
      return variant;
    }
    return undefined;
  }

  #selectionFor(variables: CoercedVariables): Selection {
    const known = this.#variantOf(variables);
    if (known) return known;
    const { schema, fragments, operation } = this;
    // Every caller checks `hasRoot` before it asks for the tree, the price or the scopes.
    const rootType = this.#rootType as GraphQLObjectType;
    const selection = select({ schema, fragments, variables }, rootType, operation.selectionSet);
    this.#keep(selection);
    return selection;
  }

  #keep(selection: Selection): void {
    // A tree with a condition without a value is not kept: the condition counts as true, or is an error of this execution.
    for (const value of selection.conditions.values()) if (typeof value !== 'boolean') return;
    const dropped = this.#variants.length < MAX_VARIANTS ? undefined : this.#variants.shift();
    this.#variants.push({ ...selection, price: undefined });
    this.weight += (selection.size - (dropped?.size ?? 0)) * BYTES_PER_FIELD;
    this.#onGrown?.();
  }
}
