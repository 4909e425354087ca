import type {
  DocumentNode,
  GraphQLObjectType,
  GraphQLSchema,
  OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql';
import { type Price, priceOf } from './price.ts';
import { type RequiredScopes, requiredScopesOf } from './required-scopes.ts';
import { type Fragments, fragmentsOf, type ObjectPlan, type Selection, select } from './select.ts';
import { type CoercedVariables, type LeafVariable, leafVariablesOf } from './variables.ts';

/** Far above what the limits of documents allow. Without these limits, an operation with more fields gets no price. */
const MAX_FIELDS = 100_000;
/**
 * Fragments multiply fields. A larger tree is not kept, and graphql-js executes it, which takes many
 * times as long.
 */
const MAX_COMPILED = 2_000;
/** Each variable of @skip and @include can double the number of variants. */
const MAX_VARIANTS = 16;

/** The tree for one set of values of @skip and @include. Without a root, graphql-js executes it. */
interface Variant extends Selection {
  /** Undefined if it depends on further variables. */
  price: Price | undefined;
}

const BYTES_PER_FIELD = 600;

/** An operation of a valid document. Its tree is built once; execution, price and scopes all read the tree. */
export class PreparedOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Fragments;
  /** All variables, or undefined if one has an input object, a list or a default. */
  readonly leafVariables: readonly LeafVariable[] | undefined;
  readonly facts: { readonly name: string | undefined; readonly type: OperationTypeNode };
  /** The memory of the compiled trees, in bytes. */
  weight = 0;
  /** False for a mutation if the schema is read-only. */
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
    this.leafVariables = leafVariablesOf(schema, operation);
    this.facts = { name: operation.name?.value, type: operation.operation };
    this.#rootType = schema.getRootType(operation.operation);
    this.hasRoot = Boolean(this.#rootType);
  }

  /** The tree to execute with these variables. Undefined: graphql-js has to execute the operation. */
  compiledFor(variables: CoercedVariables): ObjectPlan | undefined {
    const known = this.#variantOf(variables);
    if (known || this.#variants.length >= MAX_VARIANTS) return known?.root;
    this.#selectionFor(variables);
    return this.#variantOf(variables)?.root;
  }

  rootFields(variables: CoercedVariables): ObjectPlan['fields'] {
    return this.#selectionFor(variables).root?.fields ?? [];
  }

  /** The scopes that the operation may require, whatever its variables are. */
  requiredScopes(): RequiredScopes {
    this.#requiredScopes ??= requiredScopesOf(this.#selectionFor({}));
    return this.#requiredScopes;
  }

  /** The highest price with these coerced variables. Runs nothing. */
  price(variables: CoercedVariables): Price {
    const known = this.#variantOf(variables)?.price;
    if (known) return known;
    const price = priceOf(this.schema, this.#selectionFor(variables), variables);
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
    if (known?.root) return known;
    const { schema, fragments, operation } = this;
    const scope = { schema, fragments, variables };
    const selection = select(scope, this.#rootType, operation.selectionSet, MAX_FIELDS);
    if (!known) this.#keep(selection);
    return selection;
  }

  #keep({ root, size, conditions }: Selection): void {
    if (this.#variants.length >= MAX_VARIANTS) return;
    // A condition without a value is an error of its field, which graphql-js reports at the right place.
    for (const value of conditions.values()) if (typeof value !== 'boolean') return;
    const isCompiled = size <= MAX_COMPILED;
    this.#variants.push({ root: isCompiled ? root : undefined, size, conditions, price: undefined });
    if (!isCompiled) return;
    this.weight += size * BYTES_PER_FIELD;
    this.#onGrown?.();
  }
}
