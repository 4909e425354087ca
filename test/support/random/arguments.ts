import fc from 'fast-check';
import {
  type GraphQLArgument,
  type GraphQLInputType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { mostly } from './mostly.ts';

/** An argument's value and how it is given. */
export interface Given {
  readonly argument: GraphQLArgument;
  readonly value: unknown;
  readonly by: GivenBy;
  /** The default of a variable that is sent as well. */
  readonly other: unknown;
}

/**
 * `parts`: each scalar inside it is a variable. `default`: the default of a variable that is not sent. `overridden`: a
 * variable with a default, and sent. `nothing`: a variable that is not sent and has no default.
 */
type GivenBy = 'literal' | 'variable' | 'parts' | 'default' | 'overridden' | 'nothing';

const ids = [seeded.scriptId, seeded.freeForAllScriptId, seeded.sessionId];
const types = ['Script', 'Query', 'Refusal', 'SessionFilter', 'DateTime', 'Nothing'];

/** Values for a scalar: mostly such as make calls, a few that are refused or of another type. */
const scalars: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  ID: mostly(fc.constantFrom(...ids), fc.constantFrom('nobody', '..', 7, 2 ** 60, true, '')),
  Int: mostly(fc.constantFrom(1, 2, 3, 100), fc.constantFrom(0, -1, 101, 2 ** 31, 1.5, 'one')),
  String: mostly(fc.constantFrom('print("hello")', 'x'), fc.constantFrom('', '\u2028"\\"""', 5)),
  Boolean: fc.boolean(),
  JSON: mostly(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(2 ** 60, null)),
  _Any: mostly(
    fc.record({ __typename: fc.constantFrom('Script', 'Session'), id: fc.constantFrom(...ids) }),
    fc.constantFrom({ __typename: 'Project', id: '1' }, {}, 'Script', { id: 5 }),
  ),
};

/** An argument, or none if the field does without. */
export function given(argument: GraphQLArgument): fc.Arbitrary<Given | undefined> {
  const isOptional = !isNonNullType(argument.type);
  const value = argument.name === 'name' ? fc.constantFrom(...types) : valueFor(argument.type);
  const ways: GivenBy[] = ['literal', 'literal', 'variable', 'variable', 'parts', 'default', 'overridden'];
  const one = fc.record({
    argument: fc.constant(argument),
    value,
    by: fc.constantFrom(...ways, ...(isOptional ? ['nothing' as const] : [])),
    other: value,
  });
  if (!isOptional) return one;
  // A cursor has to come from an answer; what is made up here is refused.
  if (argument.name === 'after') return mostly(fc.constant(undefined), one);
  return fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 2, arbitrary: one });
}

/** Null now and then: where it is allowed, and rarely where it is not. */
function valueFor(type: GraphQLInputType): fc.Arbitrary<unknown> {
  const value = valueOtherThanNull(type);
  if (isNonNullType(type)) {
    return fc.oneof({ weight: 60, arbitrary: value }, { weight: 1, arbitrary: fc.constant(null) });
  }
  return fc.oneof({ weight: 8, arbitrary: value }, { weight: 1, arbitrary: fc.constant(null) });
}

function valueOtherThanNull(type: GraphQLInputType): fc.Arbitrary<unknown> {
  if (isNonNullType(type)) return valueOtherThanNull(type.ofType);
  if (isListType(type)) {
    const item = valueFor(type.ofType);
    // One item stands for a list of it.
    return fc.oneof(
      { weight: 6, arbitrary: fc.array(item, { maxLength: 5 }) },
      { weight: 1, arbitrary: item },
    );
  }
  if (isEnumType(type)) return fc.constantFrom(...type.getValues().map(({ name }) => name));
  if (!isInputObjectType(type)) return scalars[type.name] ?? fc.constant(null);
  const fields = Object.values(type.getFields());
  const required = fields.filter((field) => isNonNullType(field.type)).map(({ name }) => name);
  return fc.record(Object.fromEntries(fields.map((field) => [field.name, valueFor(field.type)])), {
    requiredKeys: required,
  });
}
