import fc from 'fast-check';
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { seeded } from '../../src/sandbox/seed-data.ts';

/** A selection as it was thought up, before it is written down. */
export type Selection =
  | {
      readonly kind: 'field';
      readonly name: string;
      readonly isAliased: boolean;
      readonly args: readonly Given[];
      readonly condition: Condition | undefined;
      readonly below: readonly Selection[];
    }
  | {
      readonly kind: 'inline' | 'named';
      readonly on: string;
      readonly condition: Condition | undefined;
      readonly below: readonly Selection[];
    };

/** An argument's value and how it is given. */
interface Given {
  readonly argument: GraphQLArgument;
  readonly value: unknown;
  readonly byVariable: boolean;
}

interface Condition {
  readonly directive: 'skip' | 'include';
  readonly holds: boolean;
  readonly byVariable: boolean;
}

export interface Operation {
  readonly type: 'query' | 'mutation';
  readonly selections: readonly Selection[];
}

const ids = [seeded.scriptId, seeded.freeForAllScriptId, seeded.sessionId];

/** Values for a scalar: mostly such as make calls, a few that are refused or of another type. */
const scalars: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  ID: mostly(fc.constantFrom(...ids), fc.constantFrom('nobody', '..', 7, 2 ** 60, true, '')),
  Int: mostly(fc.constantFrom(1, 2, 3, 100), fc.constantFrom(0, -1, 101, 2 ** 31, 1.5, 'one')),
  String: mostly(fc.constantFrom('print("hello")', 'x'), fc.constantFrom('', '\u2028"\\"""', 5)),
  Boolean: fc.boolean(),
  _Any: mostly(
    fc.record({ __typename: fc.constantFrom('Script', 'Session'), id: fc.constantFrom(...ids) }),
    fc.constantFrom({ __typename: 'Project', id: '1' }, {}, 'Script', { id: 5 }),
  ),
};

/** Operations on a schema, at most so deep: valid in form, with values that need not be. */
export function operations(schema: GraphQLSchema, depth: number): fc.Arbitrary<Operation> {
  const ofRoot = (type: 'query' | 'mutation') => {
    const root = type === 'query' ? schema.getQueryType() : schema.getMutationType();
    if (!root) throw new Error(`the schema has no ${type}`);
    return fc.record({ type: fc.constant(type), selections: selectionsOn(schema, root, depth) });
  };
  return fc.oneof({ weight: 4, arbitrary: ofRoot('query') }, { weight: 1, arbitrary: ofRoot('mutation') });
}

function selectionsOn(
  schema: GraphQLSchema,
  type: GraphQLNamedType,
  depth: number,
): fc.Arbitrary<Selection[]> {
  const size = { minLength: 1, maxLength: 3 };
  return fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fieldOn(schema, type, depth) },
      { weight: isAbstractType(type) ? 8 : 1, arbitrary: fragmentOn(schema, type, depth) },
    ),
    size,
  );
}

function fieldOn(schema: GraphQLSchema, type: GraphQLNamedType, depth: number): fc.Arbitrary<Selection> {
  const fields = 'getFields' in type && !isInputObjectType(type) ? Object.values(type.getFields()) : [];
  const reachable = fields.filter((field) => depth > 1 || !hasFields(getNamedType(field.type)));
  const composite = reachable.filter((field) => hasFields(getNamedType(field.type)));
  const typename = fc.constant<Selection>({
    kind: 'field',
    name: '__typename',
    isAliased: false,
    args: [],
    condition: undefined,
    below: [],
  });
  if (reachable.length === 0) return typename;
  const write = (field: GraphQLField<unknown, unknown>): fc.Arbitrary<Selection> =>
    fc.record({
      kind: fc.constant('field' as const),
      name: fc.constant(field.name),
      isAliased: fc.boolean(),
      args: fc.tuple(...field.args.map(given)).map((all) => all.filter((one) => one !== undefined)),
      condition: condition(),
      below: hasFields(getNamedType(field.type))
        ? selectionsOn(schema, getNamedType(field.type), depth - 1)
        : fc.constant([]),
    });
  const any = fc.constantFrom(...reachable).chain(write);
  const deep = composite.length > 0 ? fc.constantFrom(...composite).chain(write) : any;
  return fc.oneof(
    { weight: 6, arbitrary: deep },
    { weight: 4, arbitrary: any },
    { weight: 1, arbitrary: typename },
  );
}

/** A fragment on the type itself or, in an interface or a union, on one of its members. */
function fragmentOn(schema: GraphQLSchema, type: GraphQLNamedType, depth: number): fc.Arbitrary<Selection> {
  const on = isAbstractType(type) ? [type, ...schema.getPossibleTypes(type)] : [type];
  return fc.constantFrom(...on).chain((target) =>
    fc.record({
      kind: fc.constantFrom('inline' as const, 'named' as const),
      on: fc.constant(target.name),
      condition: condition(),
      below: fc.array(fieldOn(schema, target, depth), { minLength: 1, maxLength: 3 }),
    }),
  );
}

function condition(): fc.Arbitrary<Condition | undefined> {
  const some = fc.record({
    directive: fc.constantFrom('skip' as const, 'include' as const),
    holds: fc.boolean(),
    byVariable: fc.boolean(),
  });
  return mostly(fc.constant(undefined), some);
}

function given(argument: GraphQLArgument): fc.Arbitrary<Given | undefined> {
  const one = fc.record({
    argument: fc.constant(argument),
    value: valueFor(argument.type),
    byVariable: fc.boolean(),
  });
  if (isNonNullType(argument.type)) return one;
  // A cursor has to come from an answer; what is made up here is refused.
  if (argument.name === 'after') return mostly(fc.constant(undefined), one);
  return fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: one });
}

function valueFor(type: GraphQLInputType): fc.Arbitrary<unknown> {
  if (isNonNullType(type)) return valueFor(type.ofType);
  if (isListType(type)) return fc.array(valueFor(type.ofType), { maxLength: 5 });
  if (!isInputObjectType(type)) return scalars[type.name] ?? fc.constant(null);
  const fields = Object.values(type.getFields());
  const required = fields.filter((field) => isNonNullType(field.type)).map(({ name }) => name);
  return fc.record(Object.fromEntries(fields.map((field) => [field.name, valueFor(field.type)])), {
    requiredKeys: required,
  });
}

function hasFields(type: GraphQLNamedType): boolean {
  return isObjectType(type) || isAbstractType(type);
}

function mostly<A, B>(usual: fc.Arbitrary<A>, rare: fc.Arbitrary<B>): fc.Arbitrary<A | B> {
  return fc.oneof({ weight: 25, arbitrary: usual }, { weight: 1, arbitrary: rare });
}
