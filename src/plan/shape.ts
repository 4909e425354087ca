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
/** Validation compares each fragment with each other one: 370 of them take 0.2 s. */
const MAX_FRAGMENTS = 100;
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
  const shapes = shapesOf(document);
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
  return refusals;
}

/** A rule of the specification of September 2025. graphql-js accepts such conditions, and fails if they leave no root field. */
const CONDITION_AT_ROOT = codedError(
  'GRAPHQL_VALIDATION_FAILED',
  'The root of a subscription allows no @skip and no @include. Put them below its root field.',
  { http: CANNOT_RUN },
);

function isSubscription(node: DefinitionNode): boolean {
  return node.kind === Kind.OPERATION_DEFINITION && node.operation === OperationTypeNode.SUBSCRIPTION;
}

/**
 * The shape of each operation and fragment. Reads each selection once: the shape of a fragment is added wherever it is
 * spread. A fragment inside itself counts as nothing, as validation refuses it.
 */
function shapesOf(document: DocumentNode): ReadonlyMap<DefinitionNode, Readonly<Shape>> {
  const fragments = fragmentsOf(document);
  const shapes = new Map<DefinitionNode, Readonly<Shape>>();

  function ofFragment(fragment: FragmentDefinitionNode | undefined, nesting: number): Readonly<Shape> {
    if (fragment === undefined) return LEAF;
    const known = shapes.get(fragment);
    if (known !== undefined) return known;
    shapes.set(fragment, LEAF);
    const shape = ofSet(fragment.selectionSet, nesting);
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
  return shapes;
}

function isConditional(directives: readonly DirectiveNode[] = []): boolean {
  return directives.some(({ name }) => name.value === 'skip' || name.value === 'include');
}
