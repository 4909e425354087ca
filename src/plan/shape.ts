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

/** An alias is repeated in the answer for each of its objects. */
const ALIAS_LENGTH = 256;
/** Enough for the introspection query of every tool. GraphQL's own rule forbids nested lists in it. */
const INTROSPECTION_DEPTH = 20;
/** The schema is large, so each further copy of it counts. */
const INTROSPECTION_ALIASES = 10;

interface Check {
  readonly code: LimitCode;
  readonly what: string;
  readonly found: number;
  readonly limit: number;
  readonly advice: string;
}

/** Returns an error for each limit that the document exceeds, without looking at the schema. */
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
      advice: 'Ask for the deeper fields in another operation.',
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
      what: 'aliased or repeated fields (a fragment counts wherever it is spread)',
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
      what: 'directives (a fragment counts wherever it is spread)',
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

/** A rule of the specification of September 2025. graphql-js accepts such conditions, and fails if they leave no root field. */
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

/** The counts of a measure, with the function that combines two neighbours. */
const BESIDE = {
  fields: sum,
  rootFields: sum,
  /** Fields inside fields. An introspection field counts as a leaf. */
  depth: Math.max,
  introspectionDepth: Math.max,
  levels: Math.max,
  /** Selection sets and fragments inside one another: how deep a walk recurses. */
  nesting: Math.max,
  aliases: sum,
  /** Such fields in introspection. */
  introspectionAliases: sum,
  directives: sum,
  rootConditions: sum,
  aliasLength: Math.max,
};
const COUNTS = Object.keys(BESIDE) as (keyof typeof BESIDE)[];

/** The size of a selection with all fragments inserted. Counts saturate. */
type Measure = Record<keyof typeof BESIDE, number>;

const NOTHING = Object.fromEntries(COUNTS.map((count) => [count, 0])) as Readonly<Measure>;

/** The walk stops here: deeper nesting would endanger the stack of code that walks the document later. */
const MAX_NESTING = 500;

/**
 * Reads each selection once: a fragment's measure is added wherever it is spread. A fragment inside itself counts as
 * nothing, as validation refuses it.
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

  /** `seen` has the response keys that are already used. An inline fragment shares the keys of its neighbours. */
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
        // A fragment that is spread again repeats all its fields.
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
    // Introspection has its own counts.
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
