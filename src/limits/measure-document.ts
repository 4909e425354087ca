import {
  type DefinitionNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import {
  aliased,
  beside,
  fieldAround,
  introspecting,
  type Measure,
  nested,
  nothing,
  repeated,
  withDirectives,
} from './measure.ts';

/** Where a walk stops: more would endanger the stack of whatever walks the document after it. */
export const MAX_NESTING = 500;

/**
 * Measures each operation and fragment of a document. Every selection is read once: a fragment's measure is kept and
 * added wherever it is spread. A fragment inside itself counts as nothing there; validation refuses it.
 */
export function measureDocument({ definitions }: DocumentNode): ReadonlyMap<DefinitionNode, Measure> {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const measures = new Map<DefinitionNode, Measure>();

  function ofFragment(fragment: FragmentDefinitionNode | undefined, nesting: number): Measure {
    if (fragment === undefined) return nothing;
    const known = measures.get(fragment);
    if (known !== undefined) return known;
    measures.set(fragment, nothing);
    const measure = withDirectives(ofSet(fragment.selectionSet, nesting), fragment.directives);
    measures.set(fragment, measure);
    return measure;
  }

  function ofOperation({ selectionSet, directives, variableDefinitions = [] }: OperationDefinitionNode) {
    const onVariables = variableDefinitions.flatMap((variable) => variable.directives ?? []);
    return withDirectives(withDirectives(ofSet(selectionSet, 0), directives), onVariables);
  }

  /** `seen` is what stands beside the selections already; an inline fragment's selections stand beside its neighbours. */
  function ofSet(set: SelectionSetNode, nesting: number, seen = new Set<string>()): Measure {
    if (nesting > MAX_NESTING) return { ...nothing, nesting: 1 };
    let total = nothing;
    for (const node of set.selections) {
      total = beside(total, withDirectives(ofSelection(node, nesting + 1, seen), node.directives));
    }
    return nested(total);
  }

  function ofSelection(node: SelectionNode, nesting: number, seen: Set<string>): Measure {
    switch (node.kind) {
      case Kind.FIELD: {
        const name = node.name.value;
        const field = ofField(node, nesting, isRepeated(seen, node.alias?.value ?? name));
        return name === '__schema' || name === '__type' ? introspecting(field) : field;
      }
      case Kind.INLINE_FRAGMENT:
        return ofSet(node.selectionSet, nesting, seen);
      case Kind.FRAGMENT_SPREAD: {
        const spread = nested(ofFragment(fragments.get(node.name.value), nesting));
        return isRepeated(seen, `...${node.name.value}`) ? repeated(spread) : spread;
      }
    }
  }

  function ofField({ alias, selectionSet }: FieldNode, nesting: number, isRepeat: boolean): Measure {
    const field = fieldAround(selectionSet ? ofSet(selectionSet, nesting) : nothing);
    const named = alias ? aliased(field, alias.value) : field;
    return isRepeat ? repeated(named) : named;
  }

  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) ofFragment(definition, 0);
    if (definition.kind === Kind.OPERATION_DEFINITION) measures.set(definition, ofOperation(definition));
  }
  return measures;
}

/** Whether `key` was seen before; from now on it was. */
function isRepeated(seen: Set<string>, key: string): boolean {
  if (seen.has(key)) return true;
  seen.add(key);
  return false;
}
