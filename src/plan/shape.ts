import {
  type DefinitionNode,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  Kind,
  OperationTypeNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { CANNOT_RUN, codedError, type ErrorCode } from '../errors/coded-error.ts';
import { inWords, type Limits, overLimit, saturate } from './limits.ts';
import { fragmentsOf } from './select.ts';

/** The most fields of an operation, with each fragment counted wherever it is spread. */
const MAX_FIELDS = 2_000;
/** Validation looks for a name of each fragment in each other one. */
const MAX_FRAGMENTS = 100;
/**
 * Validation compares each two fields of one response key and place, and this many take 25 ms. graphql-js gives up after 500,000, which
 * take 200 ms.
 */
const MAX_COMPARISONS = 20_000;
/** Fields that are counted for it. Operations may share their fragments, so that a document has more than `MAX_FIELDS`. */
const MAX_COUNTED = 40_000;
/** In characters. The answer repeats an alias for each of its objects, and the path of an error does as well. */
const MAX_ALIAS = 100;
/** The walk stops here: deeper nesting would endanger the stack of code that walks the document later. */
const MAX_NESTING = 500;

/** The shape of a selection set with all fragments inserted. */
interface Shape {
  /** Stops at a billion. */
  fields: number;
  /** Fields inside fields. An introspection field counts as a leaf: a rule of GraphQL forbids nested lists below it. */
  depth: number;
  /** Selection sets and fragments inside one another: how deep a walk recurses. */
  nesting: number;
  longestAlias: number;
  /** Whether a field of the set itself, not of a set below, has @skip or @include. */
  isConditional: boolean;
}

const LEAF: Readonly<Shape> = {
  fields: 0,
  depth: 0,
  nesting: 0,
  longestAlias: 0,
  isConditional: false,
};

/** Returns an error for each limit that the document exceeds, without looking at the schema. */
export function checkShape(document: DocumentNode, { depth }: Limits): GraphQLError[] {
  const { shapes, isCyclic } = shapesOf(document);
  const most = (count: Exclude<keyof Shape, 'isConditional'>, of = document.definitions) =>
    Math.max(0, ...of.map((definition) => shapes.get(definition)?.[count] ?? 0));
  const operations = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  const refusals: GraphQLError[] = [];
  const check = (code: ErrorCode, found: number, limit: number, what: string, advice: string) => {
    if (found <= limit) return;
    const message = `The document has ${inWords(found)} ${what}; at most ${inWords(limit)} are allowed. ${advice}`;
    refusals.push(overLimit({ code, message, found, limit }));
  };
  check(
    'OPERATION_TOO_LARGE',
    most('fields'),
    MAX_FIELDS,
    'fields in an operation (a fragment counts wherever it is spread)',
    'Ask for fewer fields, or split the operation.',
  );
  check(
    'OPERATION_TOO_LARGE',
    document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION).length,
    MAX_FRAGMENTS,
    'fragments',
    'Merge small fragments, or split the operation.',
  );
  check(
    'TOO_DEEP',
    most('depth', operations),
    depth,
    'fields inside one another',
    'Ask for the deeper fields in another operation.',
  );
  check(
    'TOO_DEEP',
    most('nesting'),
    MAX_NESTING,
    'selections and fragments inside one another',
    'Spread fewer fragments inside fragments.',
  );
  check(
    'ALIAS_TOO_LONG',
    most('longestAlias'),
    MAX_ALIAS,
    'characters in an alias',
    'Name the field more briefly.',
  );
  for (const [definition, { isConditional }] of shapes)
    if (isConditional && isSubscription(definition)) refusals.push(CONDITION_AT_ROOT);
  if (refusals.length === 0 && isCyclic) refusals.push(CYCLE);
  if (refusals.length === 0 && isTooRepetitive(document)) refusals.push(TOO_REPETITIVE);
  return refusals;
}

/** A rule of the specification of September 2025. graphql-js accepts such conditions, and fails if they leave no root field. */
const CONDITION_AT_ROOT = codedError(
  'GRAPHQL_VALIDATION_FAILED',
  'The root of a subscription allows no @skip and no @include. Put them below its root field.',
  { http: CANNOT_RUN },
);

const CYCLE = codedError(
  'GRAPHQL_VALIDATION_FAILED',
  'A fragment spreads itself, or does so by another fragment. Remove one of the spreads.',
  { http: CANNOT_RUN },
);

export const TOO_REPETITIVE = codedError(
  'OPERATION_TOO_LARGE',
  'The document repeats so many fields, fragments or variables that it cannot be checked. Give each field and each fragment once, or split the operation.',
  { http: CANNOT_RUN },
);

/** Whether validation would compare too many fields. The document has no cycles. */
function isTooRepetitive(document: DocumentNode): boolean {
  const { definitions } = document;
  const fragments = fragmentsOf(document);
  const entered = new Set<string>();
  let counted = 0;
  let comparisons = 0;

  /** Counts the fields of sets that are merged. */
  function addSets(sets: readonly SelectionSetNode[]): void {
    const spread = new Set<string>();
    const fields = new Map<string, FieldNode[]>();
    const collect = ({ selections }: SelectionSetNode): void => {
      for (const node of selections) {
        if (node.kind === Kind.FIELD) {
          const key = node.alias?.value ?? node.name.value;
          const nodes = fields.get(key);
          if (nodes) nodes.push(node);
          else fields.set(key, [node]);
        } else if (node.kind === Kind.INLINE_FRAGMENT) collect(node.selectionSet);
        else if (!spread.has(node.name.value)) {
          spread.add(node.name.value);
          entered.add(node.name.value);
          const fragment = fragments[node.name.value];
          if (fragment) collect(fragment.selectionSet);
        }
      }
    };
    for (const set of sets) collect(set);
    for (const nodes of fields.values()) {
      counted += nodes.length;
      comparisons += (nodes.length * (nodes.length - 1)) / 2;
      if (counted > MAX_COUNTED || comparisons > MAX_COMPARISONS) return;
      const below = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
      if (below.length > 0) addSets(below);
    }
  }

  for (const node of definitions) if (node.kind === Kind.OPERATION_DEFINITION) addSets([node.selectionSet]);
  // Validation reads unused fragments too.
  for (const node of definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION && !entered.has(node.name.value)) addSets([node.selectionSet]);
  return counted > MAX_COUNTED || comparisons > MAX_COMPARISONS;
}

function isSubscription(node: DefinitionNode): boolean {
  return node.kind === Kind.OPERATION_DEFINITION && node.operation === OperationTypeNode.SUBSCRIPTION;
}

/**
 * The shape of each operation and fragment. Reads each selection once: the shape of a fragment is added wherever it is
 * spread. A fragment inside itself counts as nothing.
 */
function shapesOf(document: DocumentNode) {
  const fragments = fragmentsOf(document);
  const shapes = new Map<DefinitionNode, Readonly<Shape>>();
  const unfinished = new Set<FragmentDefinitionNode>();
  let isCyclic = false;

  function ofFragment(fragment: FragmentDefinitionNode | undefined, nesting: number): Readonly<Shape> {
    if (fragment === undefined) return LEAF;
    const known = shapes.get(fragment);
    if (known !== undefined) return known;
    if (unfinished.has(fragment)) {
      isCyclic = true;
      return LEAF;
    }
    unfinished.add(fragment);
    const shape = ofSet(fragment.selectionSet, nesting);
    unfinished.delete(fragment);
    shapes.set(fragment, shape);
    return shape;
  }

  function ofSet({ selections }: SelectionSetNode, nesting: number): Shape {
    const total = { ...LEAF };
    for (const node of nesting > MAX_NESTING ? [] : selections) {
      const shape = ofSelection(node, nesting + 1);
      total.fields = saturate(total.fields + shape.fields);
      total.depth = Math.max(total.depth, shape.depth);
      total.nesting = Math.max(total.nesting, shape.nesting);
      total.longestAlias = Math.max(total.longestAlias, shape.longestAlias);
      total.isConditional ||= shape.isConditional || isConditional(node.directives);
    }
    total.nesting += 1;
    return total;
  }

  function ofSelection(node: SelectionNode, nesting: number): Readonly<Shape> {
    if (node.kind === Kind.FIELD) return ofField(node, nesting);
    if (node.kind === Kind.INLINE_FRAGMENT) return ofSet(node.selectionSet, nesting);
    const fragment = ofFragment(fragments[node.name.value], nesting);
    return { ...fragment, nesting: fragment.nesting + 1 };
  }

  function ofField({ name, alias, selectionSet }: FieldNode, nesting: number): Readonly<Shape> {
    const below = selectionSet ? ofSet(selectionSet, nesting) : LEAF;
    const isIntrospection = name.value === '__schema' || name.value === '__type';
    return {
      fields: saturate(below.fields + 1),
      depth: isIntrospection ? 1 : below.depth + 1,
      nesting: below.nesting,
      longestAlias: Math.max(below.longestAlias, alias?.value.length ?? 0),
      isConditional: false,
    };
  }

  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) ofFragment(definition, 0);
    if (definition.kind === Kind.OPERATION_DEFINITION)
      shapes.set(definition, ofSet(definition.selectionSet, 0));
  }
  return { shapes, isCyclic };
}

function isConditional(directives: readonly DirectiveNode[] = []): boolean {
  return directives.some(({ name }) => name.value === 'skip' || name.value === 'include');
}
