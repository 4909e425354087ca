import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import { type CompiledQuery, compileQuery, Unsupported } from './compile.ts';
import { conditionsOf } from './conditions.ts';
import type { CoercedVariables } from './read-arguments.ts';

/** Every variable of @skip and @include can double their number. */
const MAX_VARIANTS = 16;

/** An operation of a valid document, made ready once for all its executions. */
export class PreparedOperation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  /** How many fields have been compiled so far: what it costs in memory. */
  weight = 0;
  readonly #conditions: readonly string[];
  /** By the values of the conditions; null: only graphql-js executes it. */
  readonly #variants = new Map<string, CompiledQuery | null>();

  constructor(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) {
    this.schema = schema;
    this.document = document;
    this.operation = operation;
    this.fragments = fragmentsOf(document);
    this.#conditions = conditionsOf(document);
  }

  /** What is selected with these variables, as resolvers see them; undefined: graphql-js has to find out. */
  compiledFor(variables: CoercedVariables): CompiledQuery | undefined {
    let key = '';
    for (const name of this.#conditions) {
      const value = variables[name];
      if (typeof value !== 'boolean') return undefined;
      key += value ? '1' : '0';
    }
    const known = this.#variants.get(key);
    if (known !== undefined) return known ?? undefined;
    if (this.#variants.size >= MAX_VARIANTS) return undefined;
    const compiled = this.#compile(variables);
    this.#variants.set(key, compiled);
    this.weight += compiled?.size ?? 0;
    return compiled ?? undefined;
  }

  #compile(variables: CoercedVariables): CompiledQuery | null {
    const { schema, operation } = this;
    const type = schema.getRootType(operation.operation);
    if (!type || operation.operation === 'subscription') return null;
    try {
      const fragments = new Map(Object.entries(this.fragments));
      return compileQuery({ schema, fragments, variables }, type, operation.selectionSet);
    } catch (error) {
      if (error instanceof Unsupported) return null;
      throw error;
    }
  }
}

function fragmentsOf({ definitions }: DocumentNode): Record<string, FragmentDefinitionNode> {
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  }
  return fragments;
}
