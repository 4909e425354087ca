import {
  GraphQLError,
  GraphQLID,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  GraphQLScalarType,
  type GraphQLSchema,
  type GraphQLType,
  isIntrospectionType,
  isListType,
  isNonNullType,
  Kind,
  type ValueNode,
} from 'graphql';
import { isTooDeep, MAX_MESSAGE_DEPTH } from '../luaauth/messages.ts';
import { builder } from './builder.ts';

const SafeInt = new GraphQLScalarType<number, number>({
  name: 'SafeInt',
  description: 'A whole number up to 2^53 - 1, sent as a JSON number. Counts can exceed the 32 bits of Int.',
  specifiedByURL: 'https://www.ecma-international.org/ecma-262/#sec-number.issafeinteger',
  serialize: (value) => {
    if (Number.isSafeInteger(value)) return value as number;
    throw new Error('The value of a SafeInt is not a whole number up to 2^53 - 1.');
  },
  parseValue: (value) => checkSafeInteger(value),
  parseLiteral: (node) => checkSafeInteger(node.kind === Kind.INT ? Number(node.value) : undefined, node),
});

function checkSafeInteger(value: unknown, nodes?: ValueNode): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw refused('A SafeInt must be a whole number up to 2^53 - 1.', nodes);
}

/** RFC 3339: a time always includes its offset from UTC. */
const DATE_TIME =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

const DateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  description:
    'An instant, RFC 3339 in UTC, such as `2026-02-09T08:08:20.000Z`. An input may have another offset from UTC.',
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html',
  serialize: (value) => (typeof value === 'number' ? new Date(value) : (value as Date)).toISOString(),
  parseValue: (value) => {
    // Embedders that run operations themselves may pass a Date.
    if (value instanceof Date && !Number.isNaN(value.getTime())) return value;
    return parse(value);
  },
  parseLiteral: (node) => parse(node.kind === Kind.STRING ? node.value : undefined, node),
});

function parse(value: unknown, nodes?: ValueNode): Date {
  const [text, day] = (typeof value === 'string' && DATE_TIME.exec(value)) || [];
  const date = text !== undefined && isOnCalendar(day) ? new Date(text.toUpperCase()) : undefined;
  // In other years the text is longer, and could not be read again.
  if (date?.toISOString().length !== 24) {
    throw refused(
      'A DateTime must be a string such as "2026-02-09T08:08:20Z". Give Z or an offset from UTC such as +01:00, and a year from 0000 to 9999 in UTC.',
      nodes,
    );
  }
  return date;
}

/** JavaScript reads February 30 as March 2. */
function isOnCalendar(day: string | undefined): boolean {
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(`${day}T`);
}

type Variables = Readonly<Record<string, unknown>> | null | undefined;

/** Any JSON value. An integer past 2^53 is a bigint. */
const AnyJson = new GraphQLScalarType<unknown, unknown>({
  name: 'JSON',
  description: `Any JSON value, nested at most ${MAX_MESSAGE_DEPTH} levels deep. Whole numbers keep all their digits, also past 2^53. If your JSON parser rounds such numbers, read them from the text.`,
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
  serialize: (value) => value,
  parseValue: (value) => checkJson(value),
  parseLiteral: (node, variables) => checkJson(literalValue(node, variables, 0), node),
});

function checkJson(value: unknown, node?: ValueNode): unknown {
  if (isTooDeep(value)) throw tooDeep(node);
  if (hasInfinity(value))
    throw refused(
      'A number of this JSON is too large. Give numbers below 1.8e308, or send it as a string.',
      node,
    );
  return value;
}

function hasInfinity(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasInfinity);
}

function literalValue(node: ValueNode, variables: Variables, depth: number): unknown {
  if (depth > MAX_MESSAGE_DEPTH) throw tooDeep(node);
  switch (node.kind) {
    case Kind.NULL:
      return null;
    case Kind.INT: {
      const number = Number(node.value);
      return Number.isSafeInteger(number) ? number : BigInt(node.value);
    }
    case Kind.FLOAT:
      return Number(node.value);
    case Kind.STRING:
    case Kind.BOOLEAN:
    case Kind.ENUM:
      return node.value;
    case Kind.VARIABLE:
      return variables?.[node.name.value] ?? null;
    case Kind.LIST:
      return node.values.map((item) => literalValue(item, variables, depth + 1));
    case Kind.OBJECT:
      return Object.fromEntries(
        node.fields.map(({ name, value }) => [name.value, literalValue(value, variables, depth + 1)]),
      );
  }
}

function tooDeep(node?: ValueNode): GraphQLError {
  return refused(`JSON may be nested at most ${MAX_MESSAGE_DEPTH} levels deep.`, node);
}

function refused(message: string, nodes?: ValueNode): GraphQLError {
  return new GraphQLError(message, { nodes, extensions: { code: 'BAD_USER_INPUT' } });
}

builder.addScalarType('DateTime', DateTime);
builder.addScalarType('SafeInt', SafeInt);
builder.addScalarType('JSON', AnyJson);

/** GraphQL's own ID accepts JSON numbers. A number above 2^53 was rounded, so it would name another object. */
const ExactID = new GraphQLScalarType<string, string>({
  ...GraphQLID.toConfig(),
  parseValue: (value) => {
    if (typeof value === 'string') return value;
    if (Number.isSafeInteger(value)) return String(value);
    throw refused(
      typeof value === 'bigint' || Number.isInteger(value)
        ? 'An ID above 2^53 must be sent as a string: as a JSON number its last digits are lost.'
        : 'An ID must be sent as a string.',
    );
  },
  // A number in the document still has all its digits.
  parseLiteral: (node: ValueNode) => {
    if (node.kind === Kind.STRING || node.kind === Kind.INT) return node.value;
    throw refused('An ID must be written as a string or a whole number.', node);
  },
});

/** GraphQL's own Int does not say what is allowed. Every Int has a smaller range, which the resolver's message names. */
const RangedInt = new GraphQLScalarType<number, number>({
  ...GraphQLInt.toConfig(),
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

/** Replaces GraphQL's ID and Int in a new schema. Pothos uses GraphQL's own types even if `scalarType('ID')` gives others. */
export function useOwnScalars(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || !('getFields' in type)) continue;
    for (const field of Object.values(type.getFields()))
      for (const typed of [field, ...('args' in field ? field.args : [])]) typed.type = replaced(typed.type);
  }
}

function replaced(type: GraphQLType): GraphQLType {
  if (isNonNullType(type)) return new GraphQLNonNull(replaced(type.ofType));
  if (isListType(type)) return new GraphQLList(replaced(type.ofType));
  return REPLACEMENTS.get(type.name) ?? type;
}
