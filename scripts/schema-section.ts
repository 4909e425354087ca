import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  isUnionType,
} from 'graphql';
import { scopesOfField } from '../src/callers/scopes.ts';
import { type Arguments, type Cost, costOf } from '../src/plan/cost.ts';
import { markdownTable } from './generated-section.ts';

type AnyField = GraphQLField<unknown, unknown>;

/** The generated part of docs/schema.md: operations, then types, with descriptions, costs and scopes. */
export function schemaSection(schema: GraphQLSchema): string {
  const types = Object.values(schema.getTypeMap()).filter((type) => !isLeftOut(schema, type));
  const isRefusal = (type: GraphQLNamedType) =>
    isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Refusal');
  const objects = types.filter(isObjectType).filter((type) => !isRefusal(type));
  return [
    ...operationsOf(schema, 'Queries', schema.getQueryType()),
    ...operationsOf(schema, 'Mutations', schema.getMutationType()),
    ...operationsOf(schema, 'Subscriptions', schema.getSubscriptionType()),
    '## Types',
    ...objects.map(objectSection),
    '## Refusals',
    ...types.filter(isInterfaceType).map(objectSection),
    ...types.filter(isRefusal).map(objectSection),
    '## Inputs',
    ...types
      .filter(isInputObjectType)
      .map((type) => section(type, inputTable('field', Object.values(type.getFields())))),
    '## Enums, unions and scalars',
    ...types.filter(isEnumType).map((type) =>
      section(
        type,
        markdownTable(
          ['value', 'meaning'],
          type.getValues().map(({ name, description }) => [`\`${name}\``, oneLine(description)]),
        ),
      ),
    ),
    ...types
      .filter(isUnionType)
      .filter(({ name }) => !isResult(schema, name))
      .map((type) => section(type, `One of ${listOf(type.getTypes())}.`)),
    ...types.filter(isScalarType).map((type) => section(type, '')),
  ].join('\n\n');
}

/** Introspection, the scalars of GraphQL itself, root types, and unions that stand with their mutation. */
function isLeftOut(schema: GraphQLSchema, type: GraphQLNamedType): boolean {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return type.name.startsWith('__') || isSpecifiedScalarType(type) || roots.some((root) => root === type);
}

const isResult = (schema: GraphQLSchema, name: string) =>
  Object.values(schema.getMutationType()?.getFields() ?? {}).some(
    ({ type }) => getNamedType(type).name === name,
  );

function operationsOf(
  schema: GraphQLSchema,
  title: string,
  root: ReturnType<GraphQLSchema['getQueryType']>,
): string[] {
  if (!root) return [];
  return [
    `## ${title}`,
    oneLine(root.description),
    ...Object.values(root.getFields()).map((field) => operationSection(schema, root, field)),
  ];
}

function operationSection(schema: GraphQLSchema, root: GraphQLNamedType, field: AnyField): string {
  const result = getNamedType(field.type);
  const gives =
    isUnionType(result) && isResult(schema, result.name)
      ? `- Answers: ${listOf([...result.getTypes()].sort(successFirst))}`
      : `- Type: ${linked(field.type)}`;
  return [
    `### ${root.name}.${field.name}`,
    withoutScopes(field.description),
    [gives, `- REST calls: ${costText(field) || '0'}`, `- Scopes: ${scopesText(root, field) || 'none'}`].join(
      '\n',
    ),
    ...(field.args.length > 0 ? [inputTable('argument', field.args)] : []),
  ].join('\n\n');
}

function inputTable(
  title: string,
  inputs: readonly Pick<AnyField['args'][number], 'name' | 'type' | 'description'>[],
): string {
  const rows = inputs.map(({ name, type, description }) => [
    `\`${name}\``,
    linked(type),
    oneLine(description),
  ]);
  return markdownTable([title, 'type', 'meaning'], rows);
}

const successFirst = (one: GraphQLNamedType, other: GraphQLNamedType) => rank(one) - rank(other);
const rank = (type: GraphQLNamedType) => Number(isObjectType(type) && type.getInterfaces().length > 0);

function objectSection(type: GraphQLNamedType): string {
  if (!isObjectType(type) && !isInterfaceType(type)) return '';
  const fields = Object.values(type.getFields());
  const columns: readonly (readonly [title: string, of: (field: AnyField) => string])[] = [
    ['field', ({ name }) => `\`${name}\``],
    ['type', (field) => linked(field.type)],
    ['REST calls', costText],
    ['scopes', (field) => scopesText(type, field)],
    ['meaning', (field) => withoutScopes(field.description) + argsText(field)],
  ];
  const shown = columns.filter(([, of]) => fields.some((field) => of(field) !== ''));
  const titles = shown.map(([title]) => title);
  const rows = fields.map((field) => shown.map(([, of]) => of(field)));
  return section(type, markdownTable(titles, rows));
}

function section({ name, description }: GraphQLNamedType, body: string): string {
  return [`### ${name}`, oneLine(description), body].filter((part) => part !== '').join('\n\n');
}

function argsText({ args }: AnyField): string {
  return args
    .map(
      ({ name, type, description, defaultValue }) =>
        `<br>\`${name}\` (${linked(type)}${defaultText(defaultValue)}): ${oneLine(description)}`,
    )
    .join('');
}

const defaultText = (value: unknown) => (value === undefined ? '' : ` = ${JSON.stringify(value)}`);

/** The cost of a field, from the table that prices operations. */
function costText(field: AnyField): string {
  const cost = costOf(field);
  if (!cost) return '';
  const { each, distinct, endpoint, freeFields, providedBy, batchedBy, perObject, item } = cost;
  if (endpoint === 'the same again') return '0, or 1 (the endpoint of the page, once more)';
  const parts = [
    `1${each ? (distinct ? ' for each distinct one' : ' for each item') : ''} (${endpointsOf(field, endpoint)})`,
    ...(freeFields
      ? [
          `0 for no more than ${codes(freeFields)}${providedBy ? `, with ${codes(providedBy, ' or ')} among them` : ''}`,
        ]
      : []),
    ...(batchedBy ? [`1 for two or more together (\`${batchedBy.route}\`)`] : []),
    ...(perObject ? ['shared by the fields of the object that need this endpoint'] : []),
    ...(item
      ? [`1 for each item with more than ${codes(item.freeFields)} (\`${item.endpoint.route}\`)`]
      : []),
  ];
  return parts.join('; ');
}

/** The endpoint without arguments, and the others that an argument leads to. */
function endpointsOf({ args }: AnyField, endpoint: Cost['endpoint']): string {
  if (typeof endpoint === 'string') return `\`${endpoint}\``;
  const usual = endpoint({});
  const others = args.flatMap(({ name, type }) => {
    const input = getNamedType(type);
    if (!isInputObjectType(input)) return [];
    const filled = Object.fromEntries(Object.keys(input.getFields()).map((key) => [key, 'x']));
    const other = endpoint({ [name]: filled } as Arguments);
    return other === usual ? [] : [`with \`${name}\` \`${other}\``];
  });
  return [`\`${usual}\``, ...others].join(', ');
}

function scopesText(type: GraphQLNamedType, field: AnyField): string {
  return codes(scopesOfField(type, field) ?? []);
}

/** Scopes have a place of their own here. */
function withoutScopes(description: string | null | undefined): string {
  return oneLine(description).replace(/ ?Needs the scopes? `[^.]+`\.$/, '');
}

const oneLine = (text: string | null | undefined) => (text ?? '').replaceAll(/\s*\n\s*/g, ' ');
const codes = (names: readonly string[], between = ', ') => names.map((name) => `\`${name}\``).join(between);
const listOf = (types: readonly GraphQLNamedType[]) => types.map((type) => linked(type)).join(', ');

/** Its name in a link to its section, within the list and non-null marks. */
function linked(type: GraphQLOutputType | GraphQLNamedType | AnyField['args'][number]['type']): string {
  const { name } = getNamedType(type);
  const isBuiltIn = ['ID', 'Int', 'String', 'Boolean', 'Float'].includes(name);
  if (isBuiltIn) return `\`${type}\``;
  return String(type).replace(name, `[${name}](#${name.toLowerCase()})`);
}
