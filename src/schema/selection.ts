import {
  type DirectiveNode,
  GraphQLIncludeDirective,
  type GraphQLResolveInfo,
  GraphQLSkipDirective,
  getDirectiveValues,
  Kind,
  type SelectionNode,
} from 'graphql';

/** Whether the field's selection asks for nothing but `names` (and `__typename`), fragments and @skip/@include read. */
export function selectsOnly(info: GraphQLResolveInfo, names: readonly string[]): boolean {
  const isKnown = (node: SelectionNode): boolean => {
    if (!isIncluded(info, node)) return true;
    switch (node.kind) {
      case Kind.FIELD:
        return node.name.value === '__typename' || names.includes(node.name.value);
      case Kind.INLINE_FRAGMENT:
        return node.selectionSet.selections.every(isKnown);
      case Kind.FRAGMENT_SPREAD:
        return info.fragments[node.name.value]?.selectionSet.selections.every(isKnown) ?? true;
    }
  };
  return info.fieldNodes.every((field) => field.selectionSet?.selections.every(isKnown) ?? true);
}

function isIncluded(
  info: GraphQLResolveInfo,
  node: { readonly directives?: readonly DirectiveNode[] },
): boolean {
  if (!node.directives?.length) return true;
  const skip = getDirectiveValues(GraphQLSkipDirective, node, info.variableValues);
  const include = getDirectiveValues(GraphQLIncludeDirective, node, info.variableValues);
  return skip?.if !== true && include?.if !== false;
}
