import { GraphQLError, GraphQLID, Kind, type ValueNode } from 'graphql';
import { GraphQLDateTimeISO, GraphQLSafeInt } from 'graphql-scalars';
import { builder } from './builder.ts';

builder.addScalarType('DateTime', GraphQLDateTimeISO, {
  description: 'An instant, ISO 8601 in UTC, such as `2026-02-09T08:08:20.000Z`.',
});

builder.addScalarType('SafeInt', GraphQLSafeInt, {
  description: 'A whole number up to 2^53 - 1, sent as a JSON number: counts outgrow the 32 bits of Int.',
});

/**
 * GraphQL's own ID accepts any whole JSON number, but one above 2^53 has been rounded by the time it is looked at:
 * it would name something else.
 */
builder.scalarType('ID', {
  description: GraphQLID.description ?? undefined,
  serialize: (value) => GraphQLID.serialize(value),
  parseValue: (value) => {
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw new GraphQLError(
        'An ID above 2^53 must be sent as a string: as a JSON number its last digits are lost.',
        {
          extensions: { code: 'BAD_USER_INPUT' },
        },
      );
    }
    return GraphQLID.parseValue(value);
  },
  parseLiteral: (node: ValueNode) => {
    if (node.kind === Kind.STRING || node.kind === Kind.INT) return node.value;
    throw new GraphQLError('ID cannot represent a non-string and non-integer value.', { nodes: node });
  },
});
