import {
  type DefinitionNode,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { CANNOT_RUN, codedError, type LimitCode } from '../errors/coded-error.ts';
import { inWords, type Limits, overLimit, saturate } from './limits.ts';
import { fragmentsOf } from './select.ts';

/** An alias stands in the answer as often as its object does. */
const ALIAS_LENGTH = 256;
/** Enough for every tool's introspection query. GraphQL's own rule keeps the lists in it from nesting. */
const INTROSPECTION_DEPTH = 20;
/** The schema is large, and nothing else in an answer depends on how large: each further copy counts. */
const INTROSPECTION_ALIASES = 10;

interface Check {
  readonly code: LimitCode;
  readonly what: string;
  readonly found: number;
  readonly limit: number;
  readonly advice: string;
}

/** One refusal for each limit that the form of a document is over. The schema is not looked at yet. */
export function checkShape(document: DocumentNode, limits: Limits): GraphQLError[] {
  const measures = measureDocument(document);
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const of = (type: OperationTypeNode) => operations.filter(({ operation }) => operation === type);
  const most = (count: keyof Measure, among: readonly DefinitionNode[] = document.definitions) =>
    among.reduce((largest, node) => Math.max(largest, measures.get(node)?.[count] ?? 0), 0);
  const checks: Check[] = [
    {
      code: 'TOO_DEEP',
      what: 'fields inside one another',
      found: most('depth', operations),
      limit: limits.depth,
      advice: 'Ask for what lies deeper in an operation of its own.',
    },
    {
      code: 'TOO_DEEP',
      what: 'introspection fields inside one another',
      found: most('introspectionDepth', operations),
      limit: INTROSPECTION_DEPTH,
      advice: 'Look up the types one by one with __type.',
    },
    {
      code: 'TOO_DEEP',
      what: 'selections and fragments inside one another',
      found: most('nesting'),
      limit: MAX_NESTING,
      advice: 'Spread fewer fragments inside fragments.',
    },
    {
      code: 'TOO_MANY_ALIASES',
      what: 'aliased or repeated fields, those of a fragment counted wherever it is spread',
      found: most('aliases'),
      limit: limits.aliases,
      advice: 'Ask for a list, or split the operation.',
    },
    {
      code: 'TOO_MANY_ALIASES',
      what: 'aliased or repeated fields in its introspection',
      found: most('introspectionAliases', operations),
      limit: INTROSPECTION_ALIASES,
      advice: 'Ask for each part of the schema once.',
    },
    {
      code: 'ALIAS_TOO_LONG',
      what: 'characters in an alias',
      found: most('aliasLength'),
      limit: ALIAS_LENGTH,
      advice: 'Name the field more briefly.',
    },
    {
      code: 'TOO_MANY_DIRECTIVES',
      what: 'directives, those of a fragment counted wherever it is spread',
      found: most('directives'),
      limit: limits.directives,
      advice: 'Put one directive on a fragment rather than one on each of its fields.',
    },
    {
      code: 'TOO_MANY_ROOT_FIELDS',
      what: 'fields at the root of a query',
      found: most('rootFields', of(OperationTypeNode.QUERY)),
      limit: limits.queryFields,
      advice: 'Ask for a list, or split the operation.',
    },
    {
      code: 'TOO_MANY_ROOT_FIELDS',
      what: 'fields at the root of a mutation',
      found: most('rootFields', of(OperationTypeNode.MUTATION)),
      limit: limits.mutationFields,
      advice: 'Split the operation.',
    },
  ];
  const refusals = checks.filter(({ found, limit }) => found > limit).map(refuse);
  if (most('rootConditions', of(OperationTypeNode.SUBSCRIPTION)) > 0) refusals.push(CONDITION_AT_ROOT);
  return refusals;
}

/** A rule of the specification of September 2025. graphql-js accepts conditions that leave no root field, and then fails. */
const CONDITION_AT_ROOT = codedError(
  'GRAPHQL_VALIDATION_FAILED',
  'The root of a subscription allows no @skip and no @include. Put them below its root field.',
  { http: CANNOT_RUN },
);

function refuse({ code, what, found, limit, advice }: Check): GraphQLError {
  const message = `The document has ${inWords(found)} ${what}; at most ${inWords(limit)} are allowed. ${advice}`;
  return overLimit({ code, message, found, limit });
}

const sum = (one: number, other: number): number => saturate(one + other);

/** The counts of a measure, and how each comes of two selections side by side. */
const BESIDE = {
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
  /** `@skip` and `@include` of the fields and fragments at its top. */
  rootConditions: sum,
  /** Characters of its longest alias. */
  aliasLength: Math.max,
};
const COUNTS = Object.keys(BESIDE) as (keyof typeof BESIDE)[];

/** The size of a selection once every fragment stands where it is spread. Counts saturate. */
type Measure = Record<keyof typeof BESIDE, number>;

const NOTHING = Object.fromEntries(COUNTS.map((count) => [count, 0])) as Readonly<Measure>;

/** Where a walk stops: more would endanger the stack of whatever walks the document after it. */
const MAX_NESTING = 500;

/**
 * Measures each operation and fragment of a document. Every selection is read once: a fragment's measure is kept and
 * added wherever it is spread. A fragment inside itself counts as nothing there; validation refuses it.
 */
function measureDocument(document: DocumentNode): ReadonlyMap<DefinitionNode, Readonly<Measure>> {
  const fragments = fragmentsOf(document);
  const measures = new Map<DefinitionNode, Readonly<Measure>>();

  function ofFragment(fragment: FragmentDefinitionNode | undefined, nesting: number): Readonly<Measure> {
    if (fragment === undefined) return NOTHING;
    const known = measures.get(fragment);
    if (known !== undefined) return known;
    measures.set(fragment, NOTHING);
    const measure = ofSet(fragment.selectionSet, nesting);
    addDirectives(measure, fragment.directives);
    measures.set(fragment, measure);
    return measure;
  }

  function ofOperation({ selectionSet, directives, variableDefinitions = [] }: OperationDefinitionNode) {
    const measure = ofSet(selectionSet, 0);
    for (const node of [{ directives }, ...variableDefinitions]) addDirectives(measure, node.directives);
    return measure;
  }

  /** `seen` is what stands beside the selections already; an inline fragment's selections stand beside its neighbours. */
  function ofSet(set: SelectionSetNode, nesting: number, seen = new Set<string>()): Measure {
    const total = { ...NOTHING };
    for (const node of nesting > MAX_NESTING ? [] : set.selections) {
      const measure = ofSelection(node, nesting + 1, seen);
      addDirectives(measure, node.directives);
      measure.rootConditions = saturate(measure.rootConditions + countConditions(node.directives));
      for (const count of COUNTS) total[count] = BESIDE[count](total[count], measure[count]);
    }
    total.nesting += 1;
    return total;
  }

  function ofSelection(node: SelectionNode, nesting: number, seen: Set<string>): Measure {
    switch (node.kind) {
      case Kind.FIELD:
        return ofField(node, nesting, seen);
      case Kind.INLINE_FRAGMENT:
        return ofSet(node.selectionSet, nesting, seen);
      case Kind.FRAGMENT_SPREAD: {
        const { value: name } = node.name;
        const spread = { ...ofFragment(fragments[name], nesting) };
        spread.nesting += 1;
        // All of it is to be merged with its like.
        if (isRepeated(seen, `...${name}`)) spread.aliases = spread.fields;
        return spread;
      }
    }
  }

  function ofField({ name, alias, selectionSet }: FieldNode, nesting: number, seen: Set<string>): Measure {
    const isRepeat = isRepeated(seen, (alias ?? name).value);
    const field = selectionSet ? ofSet(selectionSet, nesting) : { ...NOTHING };
    field.fields = saturate(field.fields + 1);
    field.rootFields = 1;
    field.rootConditions = 0;
    field.depth += 1;
    field.levels += 1;
    if (alias) {
      field.aliases = saturate(field.aliases + 1);
      field.aliasLength = Math.max(field.aliasLength, alias.value.length);
    }
    if (isRepeat) field.aliases = field.fields;
    // One that introspects: what is inside counts apart.
    if (name.value === '__schema' || name.value === '__type') {
      field.depth = 1;
      field.introspectionDepth = field.levels;
      field.introspectionAliases = field.aliases;
    }
    return field;
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

function countConditions(directives: readonly DirectiveNode[] = []): number {
  return directives.filter(({ name }) => name.value === 'skip' || name.value === 'include').length;
}

function addDirectives(measure: Measure, directives: readonly unknown[] = []): void {
  measure.directives = saturate(measure.directives + directives.length);
}
