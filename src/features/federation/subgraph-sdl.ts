import {
  type ConstDirectiveNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
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
import { scopesOfField } from '../../callers/scopes.ts';
import { annotationsOf, type Cost, costOf } from '../../plan/cost.ts';

/** The latest federation version that the composers of Apollo, The Guild and Cosmo all support. */
const VERSION = 'https://specs.apollo.dev/federation/v2.9';
/** The directives of the specification that the SDL has in any case. */
export const DIRECTIVES: readonly string[] = ['@key', '@shareable', '@cost', '@listSize'];
const SCOPE_DIRECTIVES = ['@authenticated', '@requiresScopes'];

/** `showsScopes`: the scopes of fields as directives, for routers that check the scopes of tokens. */
export function printSubgraph(schema: GraphQLSchema, showsScopes: boolean): string {
  const imported = JSON.stringify(showsScopes ? [...DIRECTIVES, ...SCOPE_DIRECTIVES] : DIRECTIVES);
  const link = `extend schema @link(url: "${VERSION}", import: ${imported.replaceAll(',', ', ')})`;
  const document = visit(parse(printSchema(schema), { noLocation: true }), {
    ObjectTypeDefinition: (node): ObjectTypeDefinitionNode | undefined => {
      const type = schema.getType(node.name.value);
      if (!isObjectType(type)) return undefined;
      const { entityKey } = annotationsOf(type);
      const own = type.getFields();
      const fields = node.fields?.map((definition) => {
        const field = own[definition.name.value];
        if (!field) return definition;
        const ofScopes = showsScopes ? accessOf(type, field) : [];
        const directives = [...(definition.directives ?? []), ...demandControlOf(field), ...ofScopes];
        return { ...definition, directives };
      });
      const key = entityKey ? [directiveNode('key', { fields: entityKey.field })] : [];
      return { ...node, directives: [...key, ...directivesOn(type)], fields: fields ?? [] };
    },
  });
  return `${link}\n\n${print(document)}`;
}

/** On each field, because the scopes of a field take the place of the scopes of its type. */
function accessOf(type: GraphQLObjectType, field: AnyField): ConstDirectiveNode[] {
  const scopes = scopesOfField(type, field) ?? [];
  if (scopes.length === 0) return [];
  return [directiveNode('authenticated'), directiveNode('requiresScopes', { scopes: [scopes] })];
}

/** The weight of a REST call, in relation to 1 for an object. */
const CALL_WEIGHT = 100;

/** The assumed length of a list of ids: a directive cannot refer to the length of an argument. */
const ASSUMED_IDS = 10;

type AnyField = GraphQLField<unknown, unknown>;

/**
 * The `@cost` and `@listSize` of a field for a router, as https://specs.apollo.dev/cost/v0.1 defines them. Both come from the
 * table that prices operations. So a router with demand control refuses roughly what the gateway would. Types have no cost:
 * an object in a list needed no call.
 */
function demandControlOf(field: AnyField): ConstDirectiveNode[] {
  const cost = costOf(field);
  if (!cost) return [];
  // Routers multiply a field's weight by the size of its list. A list from a single call therefore has size 1.
  const ofList = { assumedSize: cost.each ? ASSUMED_IDS : 1 };
  const size = isListType(getNullableType(field.type)) ? ofList : sizeOfPage(field, cost);
  return [directiveNode('cost', { weight: CALL_WEIGHT }), ...(size ? [directiveNode('listSize', size)] : [])];
}

/** A page is an object that contains lists. Composers allow no assumed size besides a slicing argument with a default. */
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

/** The directives of a type, which neither introspection nor GraphQL's printer shows. */
function directivesOn({ extensions }: GraphQLNamedType): ConstDirectiveNode[] {
  const applied = (extensions.directives ?? []) as readonly { name: string; args?: object }[];
  return applied.map(({ name, args }) => directiveNode(name, args));
}
