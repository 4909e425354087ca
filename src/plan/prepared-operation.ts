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

/** The limits on form keep documents far below it. Without them, an operation of more fields is beyond any price. */
const MAX_FIELDS = 100_000;
/** Fragments can multiply fields. A document with more is not kept, and left to graphql-js. */
const MAX_COMPILED = 1_000;
/** Every variable of @skip and @include can double their number. */
const MAX_VARIANTS = 16;

/** The tree for one set of values of @skip and @include. Without a root only graphql-js executes it. */
interface Variant extends Selection {
  /** Undefined unless it is the same with any other variables. */
  price: Price | undefined;
}

const BYTES_PER_FIELD = 600;

/** An operation of a valid document: walked once, and the tree read by all that is to be known of it. */
export class PreparedOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Fragments;
  /** All of its variables; undefined: one is of another type, or has a default. */
  readonly leafVariables: readonly LeafVariable[] | undefined;
  readonly facts: { readonly name: string | undefined; readonly type: OperationTypeNode };
  /** The bytes of memory that what is compiled of it takes so far. */
  weight = 0;
  /** Whether the schema has the root of its type: one that is read-only has no mutations. */
  readonly hasRoot: boolean;
  readonly #onGrown: (() => void) | undefined;
  readonly #rootType: GraphQLObjectType | undefined | null;
  readonly #variants: Variant[] = [];
  #requiredScopes: RequiredScopes | undefined;

  /** `onGrown` is called when its weight has changed. */
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

  /** The tree to execute with these variables, as resolvers see them; undefined: graphql-js has to execute it. */
  compiledFor(variables: CoercedVariables): ObjectPlan | undefined {
    const known = this.#variantOf(variables);
    if (known || this.#variants.length >= MAX_VARIANTS) return known?.root;
    this.#selectionFor(variables);
    return this.#variantOf(variables)?.root;
  }

  /** The fields at the root with these variables, or what can be said without them. */
  rootFields(variables: CoercedVariables): ObjectPlan['fields'] {
    return this.#selectionFor(variables).root?.fields ?? [];
  }

  /** The scopes that it can come to require, whatever its variables are. */
  requiredScopes(): RequiredScopes {
    this.#requiredScopes ??= requiredScopesOf(this.#selectionFor({}));
    return this.#requiredScopes;
  }

  /** The most that it may take with these variables, as resolvers see them. Nothing runs. */
  price(variables: CoercedVariables): Price {
    const known = this.#variantOf(variables)?.price;
    if (known) return known;
    const price = priceOf(this.schema, this.#selectionFor(variables), variables);
    const variant = this.#variantOf(variables);
    if (variant && price.isFixed) variant.price = price;
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
    // A condition without a value is an error of its field, which graphql-js finds where it stands.
    for (const value of conditions.values()) if (typeof value !== 'boolean') return;
    const isCompiled = size <= MAX_COMPILED;
    this.#variants.push({ root: isCompiled ? root : undefined, size, conditions, price: undefined });
    if (!isCompiled) return;
    this.weight += size * BYTES_PER_FIELD;
    this.#onGrown?.();
  }
}
