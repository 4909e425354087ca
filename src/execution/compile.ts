import {
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
} from 'graphql';
import { collectFields, type Scope } from './collect-fields.ts';
import type { CompositePlan, FieldPlan, ObjectPlan, ValuePlan } from './query-plan.ts';
import { planArguments } from './read-arguments.ts';

/** Fragments can multiply fields. What has more is left to graphql-js. */
const MAX_FIELDS = 1_000;

/** An operation has something that only graphql-js executes. */
export class Unsupported extends Error {}

/** What is selected by an operation, worked out once; `size` is the number of fields in it, which is what it weighs. */
export interface CompiledQuery {
  readonly root: ObjectPlan;
  readonly size: number;
}

/** Compiles a valid operation. `scope.variables` holds what @skip and @include depend on. @throws Unsupported */
export function compileQuery(
  scope: Scope,
  rootType: GraphQLObjectType,
  operation: SelectionSetNode,
): CompiledQuery {
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
    if (!definition || key === '__proto__' || size > MAX_FIELDS) throw new Unsupported();
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
    // graphql-js would ask each of its types whether the object is one of them.
    if (isAbstractType(type) && !type.resolveType) throw new Unsupported();
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
