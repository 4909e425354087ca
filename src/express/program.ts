import {
  type DocumentNode,
  defaultFieldResolver,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  TypeNameMetaFieldDef,
  visit,
} from 'graphql';
import { collectFields } from '../limits/collect.ts';
import { planArguments } from './arguments.ts';
import { leaf, list, object, optional, required } from './complete.ts';
import type { Complete, FieldPlan, ObjectPlan, Program } from './plan.ts';

/** Fragments can multiply fields. What has more is left to the general executor. */
const MAX_FIELDS = 1_000;

class NotForUs extends Error {}

/**
 * The program of an operation from a valid document; undefined for what only the general executor runs: mutations,
 * directives, interfaces, unions and introspection.
 */
export function compile(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): Program | undefined {
  const queryType = schema.getQueryType();
  if (operation.operation !== 'query' || !queryType || hasDirective(document)) return undefined;
  const fragments = fragmentsOf(document);
  try {
    const planned = planFields({ schema, fragments }, queryType, [operation.selectionSet]);
    return { schema, operation, fragments, ...planned };
  } catch (error) {
    // An argument that cannot be read is an error of its field.
    if (error instanceof NotForUs || error instanceof GraphQLError) return undefined;
    throw error;
  }
}

type Surroundings = Pick<Program, 'schema' | 'fragments'>;

function planFields(
  { schema, fragments }: Surroundings,
  queryType: GraphQLObjectType,
  sets: readonly SelectionSetNode[],
): Pick<Program, 'root' | 'size'> {
  const scope = { schema, fragments: new Map(Object.entries(fragments)), variables: {} };
  let count = 0;

  const planObject = (type: GraphQLObjectType, below: readonly SelectionSetNode[]): ObjectPlan => {
    // Whether an object is of its type would have to be asked for.
    if (type.isTypeOf) throw new NotForUs();
    const fields = [...collectFields(scope, type, below)].map(([key, nodes]) => planField(type, key, nodes));
    return { fields, blank: Object.fromEntries(fields.map(({ key }) => [key, undefined])) };
  };

  const planField = (parentType: GraphQLObjectType, key: string, nodes: readonly FieldNode[]): FieldPlan => {
    const [node] = nodes as [FieldNode];
    const name = node.name.value;
    const field = name === '__typename' ? TypeNameMetaFieldDef : parentType.getFields()[name];
    const number = count;
    count += 1;
    if (!field || key === '__proto__' || count > MAX_FIELDS) throw new NotForUs();
    return {
      number,
      key,
      resolve: field.resolve ?? defaultFieldResolver,
      args: planArguments(field, node),
      complete: planType(field.type, nodes),
      parentType,
      field,
      nodes,
    };
  };

  const planType = (type: GraphQLOutputType, nodes: readonly FieldNode[]): Complete =>
    isNonNullType(type) ? required(planValue(type.ofType, nodes)) : optional(planValue(type, nodes));

  const planValue = (type: GraphQLOutputType, nodes: readonly FieldNode[]): Complete => {
    if (isLeafType(type)) return leaf(type);
    if (isListType(type)) return list(planType(type.ofType, nodes));
    if (!isObjectType(type)) throw new NotForUs();
    return object(
      planObject(
        type,
        nodes.flatMap(({ selectionSet }) => selectionSet ?? []),
      ),
    );
  };

  const root = planObject(queryType, sets);
  return { root, size: count };
}

function hasDirective(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Directive() {
      found = true;
    },
  });
  return found;
}

function fragmentsOf({ definitions }: DocumentNode): Record<string, FragmentDefinitionNode> {
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  }
  return fragments;
}
