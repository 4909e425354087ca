import { isDeepStrictEqual } from 'node:util';
import {
  type ArgumentNode,
  type GraphQLNamedType,
  type GraphQLType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredInputField,
  Kind,
  TypeInfo,
  typeFromAST,
  valueFromASTUntyped,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { ID_PATTERN } from '../luaauth/decoders.ts';
import { costOf } from '../plan/cost.ts';
import type { PreparedOperation } from '../plan/prepared-operation.ts';
import { type FieldPlan, objectsOf } from '../plan/select.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Any other scalar may be anything. */
const SCALARS: JsonSchema = { Boolean: 'boolean', Int: 'integer', SafeInt: 'integer' };
const TEXTS = ['ID', 'String', 'DateTime'];

/** The values of a type. `ofNamed` has those of one that is no list where more is known of it. */
function schemaOf(
  type: GraphQLType,
  ofNamed: (type: GraphQLNamedType) => JsonSchema | undefined,
): JsonSchema {
  const present = getNullableType(type);
  const schema: JsonSchema = isListType(present)
    ? { type: 'array', items: schemaOf(present.ofType, ofNamed) }
    : (ofNamed(present) ?? leafOf(present));
  const { type: own, enum: values } = schema;
  if (isNonNullType(type) || own === undefined) return schema;
  return { ...schema, type: [own, 'null'], ...(Array.isArray(values) && { enum: [...values, null] }) };
}

function leafOf(type: GraphQLNamedType): JsonSchema {
  if (isEnumType(type)) return { type: 'string', enum: type.getValues().map(({ name }) => name) };
  const scalar = TEXTS.includes(type.name) ? 'string' : SCALARS[type.name];
  return scalar === undefined ? {} : { type: scalar };
}

/** A value that is given, of a variable or of a field in one. */
function inputOf(type: GraphQLType, description: string | null | undefined): JsonSchema {
  const schema = schemaOf(type, (named) => {
    if (!isInputObjectType(named))
      return named.name === 'ID' ? { type: 'string', pattern: ID_PATTERN } : undefined;
    const fields = Object.values(named.getFields());
    const members = fields.map((field) => [field.name, inputOf(field.type, field.description)]);
    const required = fields.filter(isRequiredInputField).map(({ name }) => name);
    return objectOf(Object.fromEntries(members), required);
  });
  return description ? { ...schema, description } : schema;
}

/** An object that has no other members. */
export function objectOf(properties: JsonSchema, required: string[]) {
  return { type: 'object' as const, properties, required, additionalProperties: false };
}

/** The variables of an operation, as the arguments of a tool. */
export function argumentsOf({ schema, operation, document }: PreparedOperation) {
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const { variable, type: named, description, defaultValue } of operation.variableDefinitions ?? []) {
    const { value: name } = variable.name;
    const type = typeFromAST(schema, named) as GraphQLType;
    const own = defaultValue && { default: valueFromASTUntyped(defaultValue) };
    properties[name] = { ...inputOf(type, description?.value), ...own };
    if (isNonNullType(type) && !defaultValue) required.push(name);
  }
  // The argument that a variable is given to says more of it: its description, and the range of a page's size.
  const info = new TypeInfo(schema);
  const Argument = ({ value }: ArgumentNode) => {
    const argument = info.getArgument();
    if (value.kind !== Kind.VARIABLE || !argument) return;
    const { slicedBy, most } = costOf(info.getFieldDef() ?? { extensions: {} })?.items ?? {};
    const range = slicedBy === argument.name && { minimum: 0, maximum: most };
    const { description } = argument;
    const name = value.name.value;
    properties[name] = { ...(description && { description }), ...range, ...properties[name] };
  };
  visit(document, visitWithTypeInfo(info, { Argument }));
  return { properties, required };
}

/** An object with the fields that are selected on it, whichever type it is of. */
export function selectedOf(fields: readonly FieldPlan[]): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  for (const { key, definition, value } of fields) {
    const below = [...objectsOf(value).values()].flatMap((object) => object.fields);
    const schema = schemaOf(definition.type, () => (below.length > 0 ? selectedOf(below) : undefined));
    // On another type the same key may be something else.
    properties[key] = isDeepStrictEqual(properties[key] ?? schema, schema) ? schema : {};
  }
  return { type: 'object', properties };
}
