import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';

/** RFC 3339: a time always says its distance from UTC. */
const DATE_TIME =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

export const DateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  description: 'An instant, ISO 8601 in UTC, such as `2026-02-09T08:08:20.000Z`.',
  serialize: (value) => (value as Date).toISOString(),
  parseValue: (value) => {
    // Embedders that run operations themselves may hand in a Date.
    if (value instanceof Date && !Number.isNaN(value.getTime())) return value;
    return parse(value);
  },
  parseLiteral: (node) => parse(node.kind === Kind.STRING ? node.value : undefined, node),
});

function parse(value: unknown, nodes?: ValueNode): Date {
  const [text, day] = (typeof value === 'string' && DATE_TIME.exec(value)) || [];
  if (text === undefined || !isOnCalendar(day)) {
    throw new GraphQLError(
      'A DateTime must be a string such as "2026-02-09T08:08:20Z", with Z or a distance from UTC such as +01:00.',
      { nodes, extensions: { code: 'BAD_USER_INPUT' } },
    );
  }
  return new Date(text.toUpperCase());
}

/** JavaScript takes February 30 for March 2. */
function isOnCalendar(day: string | undefined): boolean {
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(`${day}T`);
}
