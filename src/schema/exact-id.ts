import {
  GraphQLError,
  GraphQLID,
  GraphQLList,
  type GraphQLNamedType,
  GraphQLNonNull,
  GraphQLScalarType,
  GraphQLSchema,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
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
      typeof value === 'number'
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

function refused(message: string, nodes?: ValueNode): GraphQLError {
  return new GraphQLError(message, { nodes, extensions: { code: 'BAD_USER_INPUT' } });
}

/** Puts this ID in the place of GraphQL's own, which Pothos takes whatever `scalarType('ID')` says. */
export function withExactIds(schema: GraphQLSchema): GraphQLSchema {
  const config = schema.toConfig();
  for (const type of config.types) replaceIn(type);
  return new GraphQLSchema({ ...config, types: config.types.filter((type) => type !== GraphQLID) });
}

function replaceIn(type: GraphQLNamedType): void {
  if (isInputObjectType(type)) {
    for (const field of Object.values(type.getFields())) field.type = replaced(field.type);
  }
  if (isObjectType(type) || isInterfaceType(type)) {
    for (const field of Object.values(type.getFields())) {
      field.type = replaced(field.type);
      for (const argument of field.args) argument.type = replaced(argument.type);
    }
  }
}

function replaced<Type>(type: Type): Type {
  if (isNonNullType(type)) return new GraphQLNonNull(replaced(type.ofType)) as Type;
  if (isListType(type)) return new GraphQLList(replaced(type.ofType)) as Type;
  return type === GraphQLID ? (ExactID as Type) : type;
}
