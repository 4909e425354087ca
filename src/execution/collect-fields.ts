import {
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getDirectiveValues,
  isAbstractType,
  Kind,
  type NamedTypeNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** What is being looked at: a schema, a document's fragments and the coerced variables of a request. */
export interface Scope {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: Readonly<Record<string, unknown>>;
}

/**
 * The fields that execution will resolve on an object of `type`, by response key, as GraphQL's CollectFields does: each
 * fragment once, @skip and @include obeyed.
 */
export function collectFields(
  scope: Scope,
  type: GraphQLObjectType,
  sets: readonly SelectionSetNode[],
): ReadonlyMap<string, readonly FieldNode[]> {
  const fields = new Map<string, FieldNode[]>();
  const spread = new Set<string>();

  function addSet({ selections }: SelectionSetNode): void {
    for (const node of selections) if (isIncluded(scope, node)) addSelection(node);
  }

  function addSelection(node: SelectionNode): void {
    switch (node.kind) {
      case Kind.FIELD: {
        const key = node.alias?.value ?? node.name.value;
        const nodes = fields.get(key);
        if (nodes) nodes.push(node);
        else fields.set(key, [node]);
        break;
      }
      case Kind.INLINE_FRAGMENT:
        if (appliesTo(scope.schema, type, node.typeCondition)) addSet(node.selectionSet);
        break;
      case Kind.FRAGMENT_SPREAD: {
        const fragment = scope.fragments.get(node.name.value);
        if (fragment === undefined || spread.has(node.name.value)) return;
        spread.add(node.name.value);
        if (appliesTo(scope.schema, type, fragment.typeCondition)) addSet(fragment.selectionSet);
      }
    }
  }

  for (const set of sets) addSet(set);
  return fields;
}

function appliesTo(schema: GraphQLSchema, type: GraphQLObjectType, condition: NamedTypeNode | undefined) {
  if (condition === undefined || condition.name.value === type.name) return true;
  const conditionType = schema.getType(condition.name.value);
  return isAbstractType(conditionType) && schema.isSubType(conditionType, type);
}

/** Whether @skip or @include leaves a selection out, whatever the variables are. */
export function isAlwaysLeftOut(node: SelectionNode): boolean {
  return (node.directives ?? []).some(({ name, arguments: args = [] }) => {
    const [condition] = args;
    if (condition?.value.kind !== Kind.BOOLEAN) return false;
    return name.value === (condition.value.value ? 'skip' : 'include');
  });
}

function isIncluded(scope: Scope, node: SelectionNode): boolean {
  if (!node.directives?.length) return true;
  try {
    const skip = getDirectiveValues(GraphQLSkipDirective, node, scope.variables);
    const include = getDirectiveValues(GraphQLIncludeDirective, node, scope.variables);
    return skip?.if !== true && include?.if !== false;
  } catch {
    // Execution will refuse it; until then it counts.
    return true;
  }
}
