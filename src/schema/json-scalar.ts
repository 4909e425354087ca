import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import { isTooDeep, MAX_MESSAGE_DEPTH } from '../luaauth/messages.ts';

type Variables = Readonly<Record<string, unknown>> | null | undefined;

/** Any JSON value. An integer past 2^53 is a bigint. */
export const AnyJson = new GraphQLScalarType<unknown, unknown>({
  name: 'JSON',
  description: `Any JSON value, nested at most ${MAX_MESSAGE_DEPTH} levels deep. Whole numbers keep all of their digits, past 2^53 too; a client whose JSON parser rounds them has to read the text itself.`,
  serialize: (value) => value,
  parseValue: (value) => checked(value),
  parseLiteral: (node, variables) => checked(literalValue(node, variables, 0), node),
});

function checked(value: unknown, node?: ValueNode): unknown {
  if (isTooDeep(value)) throw tooDeep(node);
  if (hasInfinity(value)) throw refused('JSON has no number as large as this one.', node);
  return value;
}

function hasInfinity(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasInfinity);
}

/** As `valueFromASTUntyped` reads it, with all digits. */
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
