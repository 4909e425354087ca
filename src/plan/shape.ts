import {
  type DefinitionNode,
  type DocumentNode,
  type GraphQLError,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql';
import type { LimitCode } from '../errors/coded-error.ts';
import { inWords, type Limits, overLimit } from './limits.ts';
import { MAX_NESTING, type Measure, measureDocument } from './measure.ts';

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
  const most = (of: keyof Measure, isMeant: (node: DefinitionNode) => boolean = () => true) => {
    const meant = [...measures].filter(([node]) => isMeant(node));
    return meant.reduce((largest, [, measure]) => Math.max(largest, measure[of]), 0);
  };
  const checks: Check[] = [
    {
      code: 'TOO_DEEP',
      what: 'fields inside one another',
      found: most('depth', isOperation),
      limit: limits.depth,
      advice: 'Ask for what lies deeper in an operation of its own.',
    },
    {
      code: 'TOO_DEEP',
      what: 'introspection fields inside one another',
      found: most('introspectionDepth', isOperation),
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
      found: most('introspectionAliases', isOperation),
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
      found: most('rootFields', isOf(OperationTypeNode.QUERY)),
      limit: limits.queryFields,
      advice: 'Ask for a list, or split the operation.',
    },
    {
      code: 'TOO_MANY_ROOT_FIELDS',
      what: 'fields at the root of a mutation',
      found: most('rootFields', isOf(OperationTypeNode.MUTATION)),
      limit: limits.mutationFields,
      advice: 'Split the operation.',
    },
  ];
  return checks.filter(({ found, limit }) => found > limit).map(refuse);
}

function refuse({ code, what, found, limit, advice }: Check): GraphQLError {
  const message = `The document has ${inWords(found)} ${what}; at most ${inWords(limit)} are allowed. ${advice}`;
  return overLimit({ code, message, found, limit });
}

function isOperation(node: DefinitionNode): node is OperationDefinitionNode {
  return node.kind === Kind.OPERATION_DEFINITION;
}

function isOf(type: OperationTypeNode): (node: DefinitionNode) => boolean {
  return (node) => isOperation(node) && node.operation === type;
}
