import { type FieldNode, type GraphQLResolveInfo, isObjectType } from 'graphql';
import { collectFields } from '../execution/collect-fields.ts';

type Selected = ReadonlyMap<string, readonly FieldNode[]>;

/** By the field's nodes: a list of them belongs to one execution, or to a document without @skip and @include. */
const known = new WeakMap<GraphQLResolveInfo['fieldNodes'], Map<string, Selected>>();

/** What is selected right below the field on objects of a type, by response key; fragments and @skip/@include read. */
export function selectedBelow(info: GraphQLResolveInfo, typeName: string): Selected {
  let byType = known.get(info.fieldNodes);
  if (!byType) {
    byType = new Map();
    known.set(info.fieldNodes, byType);
  }
  let selected = byType.get(typeName);
  if (!selected) {
    selected = collectBelow(info, typeName);
    byType.set(typeName, selected);
  }
  return selected;
}

function collectBelow(info: GraphQLResolveInfo, typeName: string): Selected {
  const { schema, variableValues: variables } = info;
  const type = schema.getType(typeName);
  if (!isObjectType(type)) return new Map();
  const fragments = new Map(Object.entries(info.fragments));
  const sets = info.fieldNodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  return collectFields({ schema, fragments, variables }, type, sets);
}

/** Whether the field's selection asks for nothing but `names` and `__typename`. */
export function selectsOnly(info: GraphQLResolveInfo, typeName: string, names: readonly string[]): boolean {
  for (const [node] of selectedBelow(info, typeName).values()) {
    if (!node || (node.name.value !== '__typename' && !names.includes(node.name.value))) return false;
  }
  return true;
}
