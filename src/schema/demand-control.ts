import {
  type ConstArgumentNode,
  type ConstDirectiveNode,
  type ConstValueNode,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isListType,
  isObjectType,
  Kind,
  type ListValueNode,
  parse,
  print,
  visit,
} from 'graphql';
import { type Cost, costOf } from '../limits/cost.ts';

/** What a REST call weighs beside an object, which weighs 1. */
const CALL_WEIGHT = 100;

/** How many ids a list of them is taken to have: a directive can't say that it is as long as an argument. */
const ASSUMED_IDS = 10;

/**
 * Adds `@cost` and `@listSize` to what a router is told (https://specs.apollo.dev/cost/v0.1), from the same table that
 * prices operations, so that a router with demand control refuses about what the gateway would. Types carry none: an
 * object that came in a list cost no call.
 */
export function withDemandControl(sdl: string, schema: GraphQLSchema): string {
  const document = parse(sdl, { noLocation: true });
  const marked = visit(document, {
    ObjectTypeDefinition(node) {
      const type = schema.getType(node.name.value);
      if (!isObjectType(type)) return undefined;
      const fields = node.fields?.map((definition) => {
        const field = type.getFields()[definition.name.value];
        const added = field ? directivesOf(field) : [];
        return { ...definition, directives: [...(definition.directives ?? []), ...added] };
      });
      return { ...node, fields };
    },
    Directive(node) {
      if (node.name.value !== 'link') return false;
      const args = node.arguments?.map((argument) =>
        argument.name.value === 'import' ? { ...argument, value: withImports(argument.value) } : argument,
      );
      return { ...node, arguments: args };
    },
  });
  return print(marked);
}

function withImports(value: unknown): ListValueNode {
  const { values } = value as ListValueNode;
  return { kind: Kind.LIST, values: [...values, text('@cost'), text('@listSize')] };
}

type AnyField = GraphQLField<unknown, unknown>;

function directivesOf(field: AnyField): ConstDirectiveNode[] {
  const cost = costOf(field);
  if (!cost) return [];
  const size = isListType(getNullableType(field.type)) ? sizeOfList(cost) : sizeOfPage(field, cost);
  return [directive('cost', { weight: int(CALL_WEIGHT) }), ...(size ? [directive('listSize', size)] : [])];
}

/** Routers count the weight of a field for each item of its list: one call for a whole list is one item's. */
function sizeOfList({ each }: Cost): Record<string, ConstValueNode> {
  return { assumedSize: int(each ? ASSUMED_IDS : 1) };
}

/** A page is an object with lists in it. Its argument has a default, beside which composers allow no assumed size. */
function sizeOfPage({ type }: AnyField, { items }: Cost): Record<string, ConstValueNode> | undefined {
  const page = getNamedType(type);
  if (items?.slicedBy === undefined || !isObjectType(page)) return undefined;
  const lists = Object.values(page.getFields()).filter((field) => isListType(getNullableType(field.type)));
  return {
    slicingArguments: list([items.slicedBy]),
    sizedFields: list(lists.map(({ name }) => name)),
    requireOneSlicingArgument: { kind: Kind.BOOLEAN, value: false },
  };
}

function directive(name: string, args: Record<string, ConstValueNode>): ConstDirectiveNode {
  return {
    kind: Kind.DIRECTIVE,
    name: { kind: Kind.NAME, value: name },
    arguments: Object.entries(args).map(
      ([argument, value]): ConstArgumentNode => ({
        kind: Kind.ARGUMENT,
        name: { kind: Kind.NAME, value: argument },
        value,
      }),
    ),
  };
}

const int = (value: number): ConstValueNode => ({ kind: Kind.INT, value: String(value) });
const text = (value: string): ConstValueNode => ({ kind: Kind.STRING, value });
const list = (values: readonly string[]): ConstValueNode => ({ kind: Kind.LIST, values: values.map(text) });
