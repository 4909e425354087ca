import {
  type DirectiveNode,
  type DocumentNode,
  GraphQLError,
  Kind,
  OperationTypeNode,
  type SelectionSetNode,
} from 'graphql';
import { type Fragments, fragmentsOf, LEAVES_OUT } from './select.ts';

/**
 * Why a document is refused for @skip or @include at the root of its first subscription that has one there
 * (https://spec.graphql.org/September2025/#sec-Single-Root-Field). graphql-js takes one whose root they empty, and fails in it; of
 * one with a variable it says that the variable has no value.
 */
export function conditionalRoot(document: DocumentNode): GraphQLError | undefined {
  for (const node of document.definitions) {
    if (node.kind !== Kind.OPERATION_DEFINITION || node.operation !== OperationTypeNode.SUBSCRIPTION)
      continue;
    const nodes = conditionsIn(node.selectionSet, fragmentsOf(document));
    if (nodes.length === 0) continue;
    const name = node.name ? `Subscription "${node.name.value}"` : 'Anonymous Subscription';
    const message = `${name} must not use \`@skip\` or \`@include\` directives in the top level selection.`;
    return new GraphQLError(message, { nodes });
  }
  return undefined;
}

function conditionsIn(root: SelectionSetNode, fragments: Fragments): readonly DirectiveNode[] {
  const spread = new Set<string>();
  const inSet = ({ selections }: SelectionSetNode): readonly DirectiveNode[] =>
    selections.flatMap((node) => {
      const own = (node.directives ?? []).filter(({ name }) => LEAVES_OUT.has(name.value));
      if (node.kind === Kind.INLINE_FRAGMENT) return [...own, ...inSet(node.selectionSet)];
      if (node.kind === Kind.FIELD || spread.has(node.name.value)) return own;
      spread.add(node.name.value);
      const fragment = fragments[node.name.value];
      return fragment ? [...own, ...inSet(fragment.selectionSet)] : own;
    });
  return inSet(root);
}
