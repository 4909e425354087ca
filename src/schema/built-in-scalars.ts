import { MapperKind, mapSchema } from '@graphql-tools/utils';
import {
  GraphQLError,
  GraphQLID,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLNullableType,
  GraphQLScalarType,
  type GraphQLSchema,
  type GraphQLType,
  isListType,
  isNonNullType,
  Kind,
  type ValueNode,
} from 'graphql';

/**
 * GraphQL's own ID accepts any whole JSON number, but one above 2^53 has been rounded by the time it is looked at:
 * it would name something else.
 */
const ExactID = new GraphQLScalarType<string, string>({
  name: GraphQLID.name,
  description: GraphQLID.description,
  serialize: (value) => GraphQLID.serialize(value),
  parseValue: (value) => {
    if (typeof value === 'string') return value;
    if (Number.isSafeInteger(value)) return String(value);
    throw refused(
      typeof value === 'number' || typeof value === 'bigint'
        ? 'An ID above 2^53 must be sent as a string: as a JSON number its last digits are lost.'
        : 'An ID must be sent as a string.',
    );
  },
  // A number that stands in the document has all its digits.
  parseLiteral: (node: ValueNode) => {
    if (node.kind === Kind.STRING || node.kind === Kind.INT) return node.value;
    throw refused('An ID must be written as a string or a whole number.', node);
  },
});

/**
 * GraphQL's own Int refuses what has more than 32 bits before a resolver sees it, in words that do not say what is
 * allowed. Every Int of an input has a smaller range, which the resolver names.
 */
const RangedInt = new GraphQLScalarType<number, number>({
  name: GraphQLInt.name,
  description: GraphQLInt.description,
  serialize: (value) => GraphQLInt.serialize(value),
  parseValue: (value) => {
    if (Number.isInteger(value) || typeof value === 'bigint') return Number(value);
    throw refused('An Int must be sent as a whole number.');
  },
  parseLiteral: (node: ValueNode) => {
    if (node.kind === Kind.INT) return Number(node.value);
    throw refused('An Int must be written as a whole number.', node);
  },
});

const REPLACEMENTS = new Map([ExactID, RangedInt].map((type) => [type.name, type]));

function refused(message: string, nodes?: ValueNode): GraphQLError {
  return new GraphQLError(message, { nodes, extensions: { code: 'BAD_USER_INPUT' } });
}

/** Puts these in the place of GraphQL's own, which Pothos takes whatever `scalarType('ID')` says. */
export function withOwnScalars(schema: GraphQLSchema): GraphQLSchema {
  const replace = <Config extends { type: GraphQLType }>(config: Config): Config => ({
    ...config,
    type: replaced(config.type),
  });
  return mapSchema(schema, {
    [MapperKind.COMPOSITE_FIELD]: replace,
    [MapperKind.INPUT_OBJECT_FIELD]: replace,
    [MapperKind.ARGUMENT]: replace,
  });
}

function replaced(type: GraphQLType): GraphQLType {
  if (isNonNullType(type)) return new GraphQLNonNull(replaced(type.ofType) as GraphQLNullableType);
  if (isListType(type)) return new GraphQLList(replaced(type.ofType));
  return REPLACEMENTS.get(type.name) ?? type;
}
