import {
  type ArgumentNode,
  type GraphQLNamedType,
  type GraphQLType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredInputField,
  Kind,
  type ObjectFieldNode,
  separateOperations,
  TypeInfo,
  typeFromAST,
  valueFromASTUntyped,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { ID_PATTERN } from '../../luaauth/decoders.ts';
import { costOf } from '../../plan/cost.ts';
import type { PreparedOperation } from '../../plan/prepared-operation.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Other scalars have no JSON Schema type. */
const SCALARS: JsonSchema = { Boolean: 'boolean', Int: 'integer', SafeInt: 'integer' };
const TEXTS = ['ID', 'String', 'DateTime'];

function leafOf(type: GraphQLNamedType): JsonSchema {
  if (isEnumType(type)) return { type: 'string', enum: type.getValues().map(({ name }) => name) };
  const scalar = TEXTS.includes(type.name) ? 'string' : SCALARS[type.name];
  return scalar === undefined ? {} : { type: scalar };
}

function schemaOf(type: GraphQLType, named = leafOf(getNamedType(type))): JsonSchema {
  const present = getNullableType(type);
  const schema = isListType(present) ? { type: 'array', items: schemaOf(present.ofType, named) } : named;
  const { type: own, enum: values } = schema;
  if (isNonNullType(type) || own === undefined) return schema;
  return { ...schema, type: [own, 'null'], ...(Array.isArray(values) && { enum: [...values, null] }) };
}

/** An object without further members. */
export function objectOf(properties: JsonSchema, required: string[]) {
  return { type: 'object' as const, properties, required, additionalProperties: false };
}

function inputOf(type: GraphQLType): JsonSchema {
  const named = getNamedType(type);
  if (named.name === 'ID') return schemaOf(type, { type: 'string', pattern: ID_PATTERN });
  if (!isInputObjectType(named)) return schemaOf(type);
  const fields = Object.values(named.getFields());
  const members = fields.map(({ name, type: own, description }) => [name, { ...inputOf(own), description }]);
  const required = fields.filter(isRequiredInputField).map(({ name }) => name);
  return schemaOf(type, objectOf(Object.fromEntries(members), required));
}

export function argumentsOf({ schema, operation, document }: PreparedOperation) {
  // The argument that receives a variable adds its description and, for a page size, its range.
  const places: Record<string, JsonSchema> = {};
  const info = new TypeInfo(schema);
  const addPlace = ({ name, value }: ArgumentNode | ObjectFieldNode) => {
    if (value.kind !== Kind.VARIABLE) return;
    const parent = getNamedType(info.getParentInputType());
    const place = isInputObjectType(parent) ? parent.getFields()[name.value] : info.getArgument();
    const { slicedBy, most } = costOf(info.getFieldDef() ?? { extensions: {} })?.items ?? {};
    const range = slicedBy === name.value && { minimum: 0, maximum: most };
    const variable = value.name.value;
    places[variable] = { description: place?.description, ...range, ...places[variable] };
  };
  const alone = separateOperations(document)[operation.name?.value ?? ''] ?? document;
  visit(alone, visitWithTypeInfo(info, { Argument: addPlace, ObjectField: addPlace }));
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const { variable, type: named, description, defaultValue } of operation.variableDefinitions ?? []) {
    const name = variable.name.value;
    const type = typeFromAST(schema, named) as GraphQLType;
    properties[name] = {
      ...places[name],
      ...inputOf(type),
      ...(description && { description: description.value }),
      ...(defaultValue && { default: valueFromASTUntyped(defaultValue) }),
    };
    if (isNonNullType(type) && !defaultValue) required.push(name);
  }
  return { properties, required };
}
