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
import { saturate } from './limits.ts';
import { fragmentsOf } from './select.ts';

const sum = (one: number, other: number): number => saturate(one + other);

/** The counts of a measure, and how each comes of two selections side by side. */
const BESIDE = {
  /** All fields. */
  fields: sum,
  /** The fields at its top. */
  rootFields: sum,
  /** Fields inside fields, taking an introspection field for a leaf. */
  depth: Math.max,
  /** The same inside the deepest introspection field, itself included. */
  introspectionDepth: Math.max,
  /** Fields inside fields, whatever they are. */
  levels: Math.max,
  /** Selection sets and fragments inside one another: how deep a walk recurses. */
  nesting: Math.max,
  /** Fields with an alias, and fields that repeat one beside them. */
  aliases: sum,
  /** Those of them that are introspection fields or inside one. */
  introspectionAliases: sum,
  directives: sum,
  /** Characters of its longest alias. */
  aliasLength: Math.max,
};
const COUNTS = Object.keys(BESIDE) as (keyof typeof BESIDE)[];

/** The size of a selection once every fragment stands where it is spread. Counts saturate. */
export type Measure = Readonly<Record<keyof typeof BESIDE, number>>;

/** Where a walk stops: more would endanger the stack of whatever walks the document after it. */
export const MAX_NESTING = 500;

/**
 * Measures each operation and fragment of a document. Every selection is read once: a fragment's measure is kept and
 * added wherever it is spread. A fragment inside itself counts as nothing there; validation refuses it.
 */
export function measureDocument(document: DocumentNode): ReadonlyMap<DefinitionNode, Measure> {
  const fragments = fragmentsOf(document);
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
        const spread = nested(ofFragment(fragments[node.name.value], nesting));
        return isRepeated(seen, `...${node.name.value}`) ? repeated(spread) : spread;
      }
    }
  }

  function ofField({ alias, selectionSet }: FieldNode, nesting: number, isRepeat: boolean): Measure {
    const field = fieldAround(selectionSet ? ofSet(selectionSet, nesting) : nothing);
    const named = alias ? aliased(field, alias.value) : field;
    return isRepeat ? repeated(named) : named;
  }

  for (const definition of document.definitions) {
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

const nothing = Object.fromEntries(COUNTS.map((count) => [count, 0])) as Measure;

function beside(one: Measure, other: Measure): Measure {
  const both = { ...one } as Record<keyof Measure, number>;
  for (const count of COUNTS) both[count] = BESIDE[count](one[count], other[count]);
  return both;
}

/** A field with what is selected below it. */
function fieldAround(below: Measure): Measure {
  const { depth, levels, fields } = below;
  return { ...below, fields: saturate(fields + 1), rootFields: 1, depth: depth + 1, levels: levels + 1 };
}

/** A field that introspects: what is inside counts apart. */
function introspecting(field: Measure): Measure {
  const { levels, aliases } = field;
  return { ...field, depth: 1, introspectionDepth: levels, introspectionAliases: aliases };
}

/** One step further from the walk's start. */
function nested(measure: Measure): Measure {
  return { ...measure, nesting: measure.nesting + 1 };
}

/** A field under a name of its own. */
function aliased(measure: Measure, alias: string): Measure {
  const aliasLength = Math.max(measure.aliasLength, alias.length);
  return { ...measure, aliases: saturate(measure.aliases + 1), aliasLength };
}

/** A selection that stands beside its like: all of it is to be merged with that. */
function repeated(measure: Measure): Measure {
  return { ...measure, aliases: measure.fields };
}

function withDirectives(measure: Measure, directives: readonly unknown[] = []): Measure {
  return directives.length === 0
    ? measure
    : { ...measure, directives: saturate(measure.directives + directives.length) };
}
