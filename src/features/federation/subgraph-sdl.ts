import {
  type ConstDirectiveNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isListType,
  isObjectType,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  parseConstValue,
  print,
  printSchema,
  visit,
} from 'graphql';
import { type Cost, costOf } from '../../plan/cost.ts';
import { neededBy } from '../../schema/describe-scopes.ts';
import { ENTITIES } from '../../schema/entity.ts';

/** The latest version of federation that the composers of Apollo, The Guild and Cosmo all know. */
export const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@cost", "@listSize"])';

/** Prints a schema for routers: its types, their keys, and the cost of each field. */
export function printSubgraph(schema: GraphQLSchema): string {
  const document = visit(parse(printSchema(schema), { noLocation: true }), {
    ObjectTypeDefinition: (node): ObjectTypeDefinitionNode | undefined => {
      const type = schema.getType(node.name.value);
      if (!isObjectType(type)) return undefined;
      const entity = ENTITIES.get(type.name);
      const own = type.getFields();
      const fields = node.fields?.map((definition) => {
        const field = own[definition.name.value];
        if (!field) return definition;
        const directives = [...(definition.directives ?? []), ...demandControlOf(field)];
        // Without what `describeScopes` has added.
        const value = `${field.description}`.slice(0, -neededBy(type, field).length || undefined);
        const { description } = definition;
        return { ...definition, description: description && { ...description, value }, directives };
      });
      const key = entity ? [directiveNode('key', { fields: entity.key })] : [];
      return { ...node, directives: [...key, ...directivesOn(type)], fields: fields ?? [] };
    },
  });
  return `${LINK}\n\n${print(document)}`;
}

/** The weight of a REST call, where an object weighs 1. */
const CALL_WEIGHT = 100;

/** How many ids a list of them is taken to have: a directive can't say that it is as long as an argument. */
const ASSUMED_IDS = 10;

type AnyField = GraphQLField<unknown, unknown>;

/**
 * The `@cost` and `@listSize` of a field for a router (https://specs.apollo.dev/cost/v0.1), from the same table that
 * prices operations, so that a router with demand control refuses about what the gateway would. Types carry none: an
 * object that came in a list cost no call.
 */
function demandControlOf(field: AnyField): ConstDirectiveNode[] {
  const cost = costOf(field);
  if (!cost) return [];
  // Routers count the weight of a field for each item of its list: one call for a whole list is one item's.
  const ofList = { assumedSize: cost.each ? ASSUMED_IDS : 1 };
  const size = isListType(getNullableType(field.type)) ? ofList : sizeOfPage(field, cost);
  return [directiveNode('cost', { weight: CALL_WEIGHT }), ...(size ? [directiveNode('listSize', size)] : [])];
}

/** A page is an object with lists in it. Its argument has a default, beside which composers allow no assumed size. */
function sizeOfPage({ type }: AnyField, { items }: Cost): Record<string, unknown> | undefined {
  const page = getNamedType(type);
  if (items?.slicedBy === undefined || !isObjectType(page)) return undefined;
  const lists = Object.values(page.getFields()).filter((field) => isListType(getNullableType(field.type)));
  return {
    slicingArguments: [items.slicedBy],
    sizedFields: lists.map(({ name }) => name),
    requireOneSlicingArgument: false,
  };
}

/** A directive as it stands in SDL, with numbers, texts, booleans and lists of them as its arguments. */
function directiveNode(name: string, args: object = {}): ConstDirectiveNode {
  return {
    kind: Kind.DIRECTIVE,
    name: { kind: Kind.NAME, value: name },
    arguments: Object.entries(args).map(([argument, value]) => ({
      kind: Kind.ARGUMENT,
      name: { kind: Kind.NAME, value: argument },
      value: parseConstValue(JSON.stringify(value), { noLocation: true }),
    })),
  };
}

/** The directives that a type was declared with: neither introspection nor GraphQL's printer shows them. */
function directivesOn({ extensions }: GraphQLNamedType): ConstDirectiveNode[] {
  const applied = (extensions.directives ?? []) as readonly { name: string; args?: object }[];
  return applied.map(({ name, args }) => directiveNode(name, args));
}
