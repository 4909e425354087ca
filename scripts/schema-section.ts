import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
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
import { REFUSALS_OF_ANY_WRITE, rowOf } from '../src/luaauth/refusal.ts';
import { type Arguments, type Cost, costOf } from '../src/plan/cost.ts';
import type { ExecutedExample } from './schema-examples.ts';

type AnyField = GraphQLField<unknown, unknown>;
type Input = Pick<AnyField['args'][number], 'name' | 'type' | 'description'> & {
  readonly defaultValue?: unknown;
};
type Examples = ReadonlyMap<string, ExecutedExample>;

/**
 * The generated part of docs/schema.md: operations with their inputs, successes and examples, then types, with descriptions, costs and
 * scopes.
 */
export function schemaSection(schema: GraphQLSchema, examples: Examples): string {
  const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
  const results = new Set(mutations.map(({ type }) => getNamedType(type)));
  const types = Object.values(schema.getTypeMap()).filter((type) => !isLeftOut(schema, type));
  // Stands with its mutation.
  const isSuccess = (type: GraphQLNamedType) =>
    !isRefusal(type) &&
    [...results].some((result) => isUnionType(result) && result.getTypes().some((one) => one === type));
  const isInputOfMutation = (type: GraphQLNamedType) =>
    mutations.some(({ args }) => args.some((arg) => getNamedType(arg.type) === type));
  return [
    ...operationsOf('Queries', schema.getQueryType(), examples),
    ...operationsOf('Mutations', schema.getMutationType(), examples),
    ...operationsOf('Subscriptions', schema.getSubscriptionType(), examples),
    '## Types',
    ...types
      .filter((type) => isObjectType(type) || (isInterfaceType(type) && !isRefusal(type)))
      .filter((type) => !isRefusal(type) && !isSuccess(type))
      .map(objectSection),
    '## Refusals',
    ...types.filter(isInterfaceType).filter(isRefusal).map(objectSection),
    'Each refusal has `message`. Some have more:',
    types.filter(isObjectType).filter(isRefusal).map(objectItem).join('\n'),
    '## Inputs, enums, unions and scalars',
    ...types
      .filter(isInputObjectType)
      .filter((type) => !isInputOfMutation(type))
      .map((type) =>
        section(
          type,
          Object.values(type.getFields())
            .map((field) => inputItem(field))
            .join('\n'),
        ),
      ),
    ...types.filter(isEnumType).map((type) =>
      section(
        type,
        type
          .getValues()
          .map(({ name, description }) => `- \`${name}\`: ${oneLine(description)}`)
          .join('\n'),
      ),
    ),
    ...types
      .filter(isUnionType)
      .filter((type) => !results.has(type))
      .map((type) => section(type, `One of ${listOf(type.getTypes())}.`)),
    ...types.filter(isScalarType).map((type) => section(type, '')),
  ].join('\n\n');
}

/** Introspection, the scalars of GraphQL itself, and root types. */
function isLeftOut(schema: GraphQLSchema, type: GraphQLNamedType): boolean {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return type.name.startsWith('__') || isSpecifiedScalarType(type) || roots.some((root) => root === type);
}

function isRefusal(type: GraphQLNamedType): boolean {
  if (type.name === 'Refusal') return true;
  return isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Refusal');
}

function operationsOf(
  title: string,
  root: ReturnType<GraphQLSchema['getQueryType']>,
  examples: Examples,
): string[] {
  if (!root) return [];
  return [
    `## ${title}`,
    oneLine(root.description),
    ...(title === 'Mutations'
      ? [`Each may be refused as ${codes(OF_EACH_MUTATION)}, and as its text says.`]
      : []),
    ...Object.values(root.getFields()).map((field) => operationSection(root, field, examples)),
  ];
}

function operationSection(root: GraphQLNamedType, field: AnyField, examples: Examples): string {
  const name = `${root.name}.${field.name}`;
  const example = examples.get(name);
  return [
    `### ${name}`,
    proseOf(field.description),
    [
      `- REST: ${endpointsText(field) || 'no call'}. Scopes: ${scopesText(root, field) || 'none'}.`,
      ...field.args.map((arg) => inputItem(arg)),
      ...resultItems(field),
    ].join('\n'),
    ...(example ? [exampleText(example)] : []),
  ].join('\n\n');
}

/** The type of a field, or each success of a mutation with its fields, and the names of its refusals. */
function resultItems({ type }: AnyField): string[] {
  const result = getNamedType(type);
  if (!isUnionType(result) || !result.getTypes().some(isRefusal)) return [`- Answers ${linked(type)}.`];
  const types = result.getTypes();
  const refusals = types.filter(isRefusal).map(({ name }) => name);
  const own = refusals.filter((name) => !OF_EACH_MUTATION.includes(name)).sort();
  return [
    ...types.filter((one) => !isRefusal(one)).map(objectItem),
    ...(own.length > 0 ? [`- Refusals: ${codes(own)}.`] : []),
  ];
}

/** The page names them once, above the mutations. */
const OF_EACH_MUTATION: readonly string[] = REFUSALS_OF_ANY_WRITE.flatMap(
  (reason) => rowOf(reason).type ?? [],
);

function exampleText({ document, answer, change, refusal, message }: ExecutedExample): string {
  return [
    `\`\`\`graphql\n${document}\n\`\`\``,
    `\`\`\`json\n${answer}\n\`\`\``,
    // As code, since a message may contain angle brackets.
    `Refused ${change}: \`${refusal}\`, \`${message}\``,
  ].join('\n\n');
}

/** An argument or a field of an input. An input object that only this argument has brings its own fields. */
function inputItem({ name, type, description, defaultValue }: Input, indent = ''): string {
  const input = getNamedType(type);
  const byDefault = defaultValue === undefined ? '' : ` = ${JSON.stringify(defaultValue)}`;
  if (name !== 'input' || !isInputObjectType(input))
    return `${indent}- \`${name}\` (${linked(type)}${byDefault}): ${oneLine(description)}`;
  const fields = Object.values(input.getFields()).map((field) => inputItem(field, '  '));
  return [`- \`input\` (**${input.name}**): ${oneLine(input.description)}`, ...fields].join('\n');
}

/** A type within a list, with its fields. The name of a mutation's only success says what it is. */
function objectItem(type: GraphQLObjectType): string {
  // Each refusal has it.
  const fields = Object.values(type.getFields()).filter(({ name }) => name !== 'message');
  return [
    type.name.endsWith('Success') ? `- **${type.name}**` : `- **${type.name}**: ${oneLine(type.description)}`,
    ...fields.map((field) => `  ${fieldItem(field, scopesText(type, field))}`),
  ].join('\n');
}

function objectSection(type: GraphQLNamedType): string {
  if (!isObjectType(type) && !isInterfaceType(type)) return '';
  const inherited = isObjectType(type) ? type.getInterfaces() : [];
  const fields = Object.values(type.getFields()).filter(
    ({ name }) => !inherited.some((parent) => parent.getFields()[name]),
  );
  const scopes = fields.map((field) => scopesText(type, field));
  // The scopes of most fields are told once.
  const isMost = (text: string) => scopes.filter((one) => one === text).length > fields.length / 2;
  const common = scopes.find(isMost) ?? '';
  return section(
    type,
    [
      ...(common ? [`Scopes: ${common}, unless a field has its own.\n`] : []),
      ...(inherited.length > 0 ? [`It has the fields of ${listOf(inherited)}.\n`] : []),
      ...fields.map((field, index) =>
        fieldItem(field, scopes[index] === common ? '' : (scopes[index] ?? '')),
      ),
    ].join('\n'),
  );
}

function fieldItem(field: AnyField, scopes: string): string {
  const facts = [linked(field.type), endpointsText(field), scopes].filter((text) => text !== '');
  const text = proseOf(field.description).replace(READ_AGAIN, '.');
  const args = field.args.map(
    ({ name, type, description, defaultValue }) =>
      `\n  ${inputItem({ name, type, description, defaultValue })}`,
  );
  return `- \`${field.name}\` (${facts.join('; ')}): ${text}${args.join('')}`;
}

/** The page says this once of all successes. */
const READ_AGAIN =
  /, for one more REST call\. Null, with an error here, if only this read failed: the write succeeded\.$/;

function section({ name, description }: GraphQLNamedType, body: string): string {
  return [`### ${name}`, proseOf(description), body].filter((part) => part !== '').join('\n\n');
}

/** The endpoints that a field may call. Its description says when. */
function endpointsText(field: AnyField): string {
  const cost = costOf(field);
  if (!cost || cost.endpoint === 'the same again') return '';
  const ofItem = cost.item && `, \`${cost.item.endpoint.route}\``;
  return `${endpointsOf(field, cost.endpoint)}${ofItem ?? ''}`;
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

/** Scopes have a place of their own here, and the endpoint stands for one call. */
function proseOf(description: string | null | undefined): string {
  return oneLine(description)
    .replace(CANNOT_BE_READ, '')
    .replace(REPEATED_EDIT, '')
    .replace(/ ?Needs the scopes? `[^.]+`\.$/, '')
    .replace(
      / ?(?:Costs|Reading it costs) one REST call(?:, two when the [\w ]+ is selected|, however often the operation selects it)?\.$/,
      '',
    );
}

/** The page says once of all fields that they are null then, with an error. */
const CANNOT_BE_READ =
  / An? \w+ that is unknown[^.]*\.| A \w+ that cannot be read is null[^.]*\.| (?:The list is null|Null), with an error here, if \w+(?: \w+)? cannot be read(?=\.)\.|; null, with an error here, if it cannot be read/g;

/** The input says the first sentence as well, and the page the second one of most mutations. */
const REPEATED_EDIT =
  / An absent field stays as it is(?:; null clears it)?\. Repeating it has no further effect\./;

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
