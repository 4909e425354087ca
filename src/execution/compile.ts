import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  visit,
} from 'graphql';
import { collectFields, type Scope } from './collect-fields.ts';
import type { CompositePlan, FieldPlan, ObjectPlan, ValuePlan } from './query-plan.ts';
import { type CoercedVariables, planArguments } from './read-arguments.ts';

/** Fragments can multiply fields. What has more is left to graphql-js. */
const MAX_FIELDS = 1_000;

/** An operation has something that only graphql-js executes. */
class Unsupported extends Error {}

/** What is selected by an operation, worked out once; `size` is the number of fields in it, which is what it weighs. */
export interface CompiledQuery {
  readonly root: ObjectPlan;
  readonly size: number;
}

/** Compiles a valid operation. `scope.variables` holds what @skip and @include depend on. @throws Unsupported */
function compileQuery(scope: Scope, rootType: GraphQLObjectType, operation: SelectionSetNode): CompiledQuery {
  let size = 0;

  function compileObject(type: GraphQLObjectType, sets: readonly SelectionSetNode[]): ObjectPlan {
    const fields = [...collectFields(scope, type, sets)].map(([key, nodes]) =>
      compileField(type, key, nodes),
    );
    const keys = fields.map(({ key }) => key);
    const template = Object.fromEntries(keys.map((key) => [key, undefined]));
    return { type, fields, template, keyCharacters: keys.join('').length };
  }

  function compileField(parentType: GraphQLObjectType, key: string, nodes: readonly FieldNode[]): FieldPlan {
    size += 1;
    const [node] = nodes as [FieldNode];
    const definition = definitionOf(parentType, node.name.value);
    if (!definition || size > MAX_FIELDS) throw new Unsupported();
    const resolve = definition.resolve ?? undefined;
    const value = compileValue(definition.type, nodes);
    const usesInfo = resolve !== undefined && (resolve.length === 0 || resolve.length > 3);
    const readArguments = planArguments(definition, node);
    return { key, parentType, definition, nodes, resolve, usesInfo, readArguments, value };
  }

  function compileValue(type: GraphQLOutputType, nodes: readonly FieldNode[]): ValuePlan {
    if (isNonNullType(type)) return { ...compileValue(type.ofType, nodes), isNonNull: true };
    if (isLeafType(type)) return { kind: 'leaf', isNonNull: false, type };
    if (isListType(type)) return { kind: 'list', isNonNull: false, item: compileValue(type.ofType, nodes) };
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    const types = isAbstractType(type) ? scope.schema.getPossibleTypes(type) : [type];
    const objects = types.map((one) => compileObject(one, sets));
    return {
      kind: 'composite',
      isNonNull: false,
      abstractType: isAbstractType(type) ? type : undefined,
      objects: new Map(objects.map((object) => [object.type.name, object])),
      onlyObject: isAbstractType(type) ? undefined : objects[0],
    } satisfies CompositePlan;
  }

  function definitionOf(type: GraphQLObjectType, name: string): GraphQLField<unknown, unknown> | undefined {
    if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef;
    if (type === rootType && name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (type === rootType && name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
    return type.getFields()[name];
  }

  return { root: compileObject(rootType, [operation]), size };
}

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

/** The variables by which @skip and @include of a document decide what is selected. */
function conditionsOf(document: DocumentNode): readonly string[] {
  const names = new Set<string>();
  visit(document, {
    Directive({ name, arguments: args = [] }) {
      if (name.value !== 'skip' && name.value !== 'include') return;
      for (const { value } of args) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names];
}
