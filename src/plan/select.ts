import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLDirective,
  type GraphQLError,
  type GraphQLField,
  type GraphQLFieldResolver,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getDirectiveValues,
  isAbstractType,
  isIntrospectionType,
  isLeafType,
  isListType,
  isNonNullType,
  Kind,
  type NamedTypeNode,
  SchemaMetaFieldDef,
  type SelectionNode,
  type SelectionSetNode,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
} from 'graphql';
import { annotationsOf } from './cost.ts';
import { BYTES_PER_VALUE, type FieldPlan, type ObjectPlan, type Selection, type ValuePlan } from './tree.ts';
import { type CoercedVariables, planArguments } from './variables.ts';

type Fragments = Readonly<Record<string, FragmentDefinitionNode>>;

export function fragmentsOf({ definitions }: DocumentNode): Fragments {
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  }
  return fragments;
}

interface Scope {
  readonly schema: GraphQLSchema;
  readonly fragments: Fragments;
  readonly variables: CoercedVariables;
}

/** Builds the tree of an operation of a valid document. */
export function select(scope: Scope, rootType: GraphQLObjectType, operation: SelectionSetNode): Selection {
  const walk = new Walk(scope, rootType);
  const root = walk.addObject(rootType, [operation]);
  return { root, size: walk.size, conditions: walk.conditions };
}

/** Returns no type that the schema hides from its lists, as graphql-js would. */
const resolveShownType: GraphQLFieldResolver<unknown, unknown> = (_source, { name }, _context, { schema }) =>
  Object.prototype.propertyIsEnumerable.call(schema.getTypeMap(), name) ? schema.getType(name) : undefined;

/** GraphQL's own fields, which introspection has, read `info`. */
function readsInfo(parentType: GraphQLObjectType, definition: GraphQLField<unknown, unknown>): boolean {
  if (definition.name.startsWith('__') || isIntrospectionType(parentType)) return true;
  return annotationsOf(definition).usesInfo === true;
}

/** The nodes of each response key, in the order of the answer. */
type CollectedFields = Map<string, [FieldNode, ...FieldNode[]]>;

class Walk {
  readonly conditions = new Map<string, unknown>();
  size = 0;
  readonly #scope: Scope;
  readonly #rootType: GraphQLObjectType;

  constructor(scope: Scope, rootType: GraphQLObjectType) {
    this.#scope = scope;
    this.#rootType = rootType;
  }

  addObject(type: GraphQLObjectType, sets: readonly SelectionSetNode[]): ObjectPlan {
    const fields: FieldPlan[] = [];
    let collected: CollectedFields;
    try {
      collected = this.#collectFields(type, sets);
    } catch (error) {
      return { type, fields, bytes: 0, failure: error as GraphQLError };
    }
    for (const [key, nodes] of collected) {
      this.size += 1;
      const definition = this.#definitionOf(type, nodes[0].name.value);
      // graphql-js also skips unknown fields, which validation refuses.
      if (definition) fields.push(this.#addField(type, key, definition, nodes));
    }
    const bytes = fields.reduce((sum, { key }) => sum + key.length + BYTES_PER_VALUE, 0);
    return { type, fields, bytes, failure: undefined };
  }

  #addField(
    parentType: GraphQLObjectType,
    key: string,
    definition: GraphQLField<unknown, unknown>,
    nodes: FieldPlan['nodes'],
  ): FieldPlan {
    const [node] = nodes;
    const resolve = definition === TypeMetaFieldDef ? resolveShownType : (definition.resolve ?? undefined);
    const usesInfo = resolve !== undefined && readsInfo(parentType, definition);
    const { usesVariables, constantArguments, readArguments } = planArguments(definition, node);
    const value = this.#addValue(definition.type, nodes);
    return {
      key,
      parentType,
      definition,
      nodes,
      resolve,
      usesInfo,
      usesVariables,
      constantArguments,
      readArguments,
      value,
    };
  }

  #addValue(type: GraphQLOutputType, nodes: readonly FieldNode[]): ValuePlan {
    if (isNonNullType(type)) return { ...this.#addValue(type.ofType, nodes), isNonNull: true };
    if (isLeafType(type)) return { kind: 'leaf', isNonNull: false, type };
    if (isListType(type)) return { kind: 'list', isNonNull: false, item: this.#addValue(type.ofType, nodes) };
    const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
    const types = isAbstractType(type) ? this.#scope.schema.getPossibleTypes(type) : [type];
    const objects = types.map((objectType) => this.addObject(objectType, sets));
    return {
      kind: 'composite',
      isNonNull: false,
      abstractType: isAbstractType(type) ? type : undefined,
      objects: new Map(objects.map((object) => [object.type.name, object])),
      onlyObject: isAbstractType(type) ? undefined : objects[0],
    };
  }

  #definitionOf(type: GraphQLObjectType, name: string): GraphQLField<unknown, unknown> | undefined {
    if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef;
    if (type === this.#rootType && name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (type === this.#rootType && name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
    return type.getFields()[name];
  }

  /** Like GraphQL's CollectFields: each fragment once. @throws GraphQLError for a condition that is null */
  #collectFields(type: GraphQLObjectType, sets: readonly SelectionSetNode[]): CollectedFields {
    const fields: CollectedFields = new Map();
    const spread = new Set<string>();
    const addSet = ({ selections }: SelectionSetNode): void => {
      for (const node of selections) {
        const isKnown = node.kind === Kind.FRAGMENT_SPREAD && spread.has(node.name.value);
        if (!isKnown && this.#isIncluded(node)) add(node);
      }
    };
    const add = (node: SelectionNode): void => {
      if (node.kind === Kind.FIELD) {
        const key = node.alias?.value ?? node.name.value;
        const nodes = fields.get(key);
        if (nodes) nodes.push(node);
        else fields.set(key, [node]);
      } else if (node.kind === Kind.INLINE_FRAGMENT) {
        if (this.#appliesTo(type, node.typeCondition)) addSet(node.selectionSet);
      } else {
        const fragment = this.#scope.fragments[node.name.value];
        spread.add(node.name.value);
        if (fragment && this.#appliesTo(type, fragment.typeCondition)) addSet(fragment.selectionSet);
      }
    };
    for (const set of sets) addSet(set);
    return fields;
  }

  #appliesTo(type: GraphQLObjectType, condition: NamedTypeNode | undefined): boolean {
    if (condition === undefined || condition.name.value === type.name) return true;
    const { schema } = this.#scope;
    const conditionType = schema.getType(condition.name.value);
    return isAbstractType(conditionType) && schema.isSubType(conditionType, type);
  }

  /** Like graphql-js, @skip first: if it leaves a selection out, the condition of @include does not matter. */
  #isIncluded(node: SelectionNode): boolean {
    if (!node.directives?.length) return true;
    return (
      this.#conditionOf(node, GraphQLSkipDirective) !== true &&
      this.#conditionOf(node, GraphQLIncludeDirective) !== false
    );
  }

  /**
   * Undefined if there is no condition, or if its variable has no value yet: then the selection counts.
   * @throws graphql-js's error for a variable that is null, which only a variable with a default can be
   */
  #conditionOf(node: SelectionNode, directive: GraphQLDirective): unknown {
    const given = node.directives?.find(({ name }) => name.value === directive.name);
    const condition = given?.arguments?.[0]?.value;
    if (condition?.kind === Kind.BOOLEAN) return condition.value;
    if (condition?.kind !== Kind.VARIABLE) return undefined;
    const { variables } = this.#scope;
    const value = variables[condition.name.value];
    this.conditions.set(condition.name.value, value);
    return value === null ? getDirectiveValues(directive, node, variables) : value;
  }
}
