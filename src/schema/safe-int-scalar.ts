import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';

export const SafeInt = new GraphQLScalarType<number, number>({
  name: 'SafeInt',
  description: 'A whole number up to 2^53 - 1, sent as a JSON number: counts outgrow the 32 bits of Int.',
  specifiedByURL: 'https://www.ecma-international.org/ecma-262/#sec-number.issafeinteger',
  serialize: (value) => {
    if (isSafeInteger(value)) return value;
    throw new Error('What is to be a SafeInt is not a whole number up to 2^53 - 1.');
  },
  parseValue: (value) => checked(value),
  parseLiteral: (node) => checked(node.kind === Kind.INT ? Number(node.value) : undefined, node),
});

function isSafeInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function checked(value: unknown, nodes?: ValueNode): number {
  if (isSafeInteger(value)) return value;
  throw new GraphQLError('A SafeInt must be a whole number up to 2^53 - 1.', {
    nodes,
    extensions: { code: 'BAD_USER_INPUT' },
  });
}
