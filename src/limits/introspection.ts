import {
  type FieldNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLResolveInfo,
  getNamedType,
  isObjectType,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
} from 'graphql';
import { collectFields, type Scope } from '../execution/collect-fields.ts';
import { readArguments } from './arguments.ts';

type AnyField = GraphQLField<unknown, unknown>;

/** Counting stops here: no limit that is one is larger. */
const MAX_OBJECTS = 1_000_000;

/** The field of the root type that introspects, if this is the name of one. */
export function introspectionField(name: string): AnyField | undefined {
  if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
  return name === TypeMetaFieldDef.name ? TypeMetaFieldDef : undefined;
}

/**
 * The objects in the answer of a field that introspects. Its size depends on nothing but the schema, which is there: so
 * it is counted, by the resolvers that will give it, and not estimated.
 */
export function countIntrospection(scope: Scope, field: AnyField, nodes: readonly FieldNode[]): number {
  let count = 0;

  function addField(one: AnyField, itsNodes: readonly FieldNode[], parents: readonly unknown[]): void {
    const type = getNamedType(one.type);
    if (!isObjectType(type)) return;
    const objects: unknown[] = [];
    for (const parent of parents) {
      for (const object of [resolve(scope, one, itsNodes, parent)].flat(2)) {
        if (object === null || object === undefined) continue;
        objects.push(object);
        count += 1;
        if (count >= MAX_OBJECTS) return;
      }
    }
    addFieldsOf(
      type,
      itsNodes.flatMap(({ selectionSet }) => selectionSet ?? []),
      objects,
    );
  }

  function addFieldsOf(
    type: GraphQLNamedType,
    sets: readonly SelectionSetNode[],
    objects: readonly unknown[],
  ) {
    if (!isObjectType(type) || objects.length === 0) return;
    for (const below of collectFields(scope, type, sets).values()) {
      const one = type.getFields()[(below[0] as FieldNode).name.value];
      if (one) addField(one, below, objects);
    }
  }

  addField(field, nodes, [undefined]);
  return count;
}

/** GraphQL's own introspection resolvers need nothing but the schema, and answer at once. */
function resolve(scope: Scope, field: AnyField, nodes: readonly FieldNode[], parent: unknown): unknown {
  const args = readArguments(field, nodes[0] as FieldNode, scope);
  return field.resolve?.(parent, args, undefined, { schema: scope.schema } as GraphQLResolveInfo);
}
