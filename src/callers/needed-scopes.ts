import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { isAlwaysLeftOut } from '../execution/collect-fields.ts';
import { scopesOfField } from './needs.ts';
import type { KeyScope } from './scopes.ts';

/** A field that needs scopes, by the response keys that lead to it. */
export interface NeededAt {
  readonly path: string;
  readonly scopes: readonly KeyScope[];
}

/** What a gateway key needs for an operation. */
export interface NeededScopes {
  readonly all: ReadonlySet<KeyScope>;
  readonly fields: readonly NeededAt[];
}

/**
 * The scopes that an operation of a valid document can come to need, whatever its variables are. Each fragment is read
 * once, where it is spread first: its fields need the same wherever it is.
 */
export function findNeededScopes(
  schema: GraphQLSchema,
  document: DocumentNode,
  { operation, selectionSet }: OperationDefinitionNode,
): NeededScopes {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const fields: NeededAt[] = [];
  const spread = new Set<string>();

  function addSet(type: GraphQLNamedType | undefined, { selections }: SelectionSetNode, above: string): void {
    for (const node of selections) if (!isAlwaysLeftOut(node)) addSelection(type, node, above);
  }

  function addSelection(type: GraphQLNamedType | undefined, node: SelectionNode, above: string): void {
    switch (node.kind) {
      case Kind.FIELD:
        addField(type, node, above);
        break;
      case Kind.INLINE_FRAGMENT: {
        const on = node.typeCondition ? schema.getType(node.typeCondition.name.value) : type;
        addSet(on, node.selectionSet, above);
        break;
      }
      case Kind.FRAGMENT_SPREAD: {
        const fragment = fragments.get(node.name.value);
        if (!fragment || spread.has(node.name.value)) return;
        spread.add(node.name.value);
        addSet(schema.getType(fragment.typeCondition.name.value), fragment.selectionSet, above);
      }
    }
  }

  function addField(type: GraphQLNamedType | undefined, node: FieldNode, above: string): void {
    const { value: name } = node.name;
    const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined;
    // What introspects has no field in the schema, and is free.
    if (!field) return;
    const key = node.alias?.value ?? name;
    const path = above === '' ? key : `${above}.${key}`;
    const scopes = scopesOn(schema, type as GraphQLNamedType, name);
    if (scopes.length > 0) fields.push({ path, scopes });
    if (node.selectionSet) addSet(getNamedType(field.type), node.selectionSet, path);
  }

  addSet(schema.getRootType(operation) ?? undefined, selectionSet, '');
  return { all: new Set(fields.flatMap(({ scopes }) => scopes)), fields };
}

/** Of an interface, what any of its types needs. */
function scopesOn(schema: GraphQLSchema, type: GraphQLNamedType, name: string): readonly KeyScope[] {
  const types = isAbstractType(type) ? schema.getPossibleTypes(type) : isObjectType(type) ? [type] : [];
  const scopes = types.flatMap((one) => {
    const field = one.getFields()[name];
    return (field && scopesOfField(one, field)) ?? [];
  });
  return [...new Set(scopes)];
}
