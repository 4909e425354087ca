import { GraphQLDateTimeISO, GraphQLSafeInt } from 'graphql-scalars';
import { builder } from './builder.ts';
import { AnyJson } from './json-scalar.ts';

builder.addScalarType('DateTime', GraphQLDateTimeISO, {
  description: 'An instant, ISO 8601 in UTC, such as `2026-02-09T08:08:20.000Z`.',
});

builder.addScalarType('SafeInt', GraphQLSafeInt, {
  description: 'A whole number up to 2^53 - 1, sent as a JSON number: counts outgrow the 32 bits of Int.',
});

builder.addScalarType('JSON', AnyJson);
