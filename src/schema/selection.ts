import { type FieldNode, type GraphQLResolveInfo, isObjectType } from 'graphql';
import { collectFields } from '../limits/collect.ts';

/** What is selected right below the field on objects of a type, by response key; fragments and @skip/@include read. */
export function selectedBelow(
  info: GraphQLResolveInfo,
  typeName: string,
): ReadonlyMap<string, readonly FieldNode[]> {
  const { schema, variableValues: variables } = info;
  const type = schema.getType(typeName);
  if (!isObjectType(type)) return new Map();
  const fragments = new Map(Object.entries(info.fragments));
  const sets = info.fieldNodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  return collectFields({ schema, fragments, variables }, type, sets);
}

/** Whether the field's selection asks for nothing but `names` and `__typename`. */
export function selectsOnly(info: GraphQLResolveInfo, typeName: string, names: readonly string[]): boolean {
  const known = ['__typename', ...names];
  return [...selectedBelow(info, typeName).values()].every(
    ([node]) => node && known.includes(node.name.value),
  );
}
