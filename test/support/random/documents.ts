import fc from 'fast-check';
import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInputObjectType,
  isObjectType,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
} from 'graphql';
import { everyOne } from '../../../scripts/schema-tables.ts';
import { type Given, given } from './arguments.ts';
import { mostly } from './mostly.ts';

/** A selection as it was thought up, before it is written down. */
export type Selection = FieldSelection | FragmentSelection;

export interface FieldSelection {
  readonly kind: 'field';
  readonly name: string;
  readonly isAliased: boolean;
  /** An alias that the prototype of an object has as well. */
  readonly specialKey: string | undefined;
  /** Written as two fields of one key, apart from each other, each with a part of what is below. */
  readonly isSplit: boolean;
  readonly args: readonly Given[];
  readonly conditions: readonly Condition[];
  readonly below: readonly Selection[];
}

export interface FragmentSelection {
  readonly kind: 'inline' | 'named';
  readonly on: string;
  /** A named one: in its place the first one on the same type is spread. An inline one: its type is not written. */
  readonly isShort: boolean;
  readonly conditions: readonly Condition[];
  readonly below: readonly Selection[];
}

interface Condition {
  readonly directive: 'skip' | 'include';
  readonly holds: boolean;
  readonly by: 'literal' | 'variable' | 'default';
}

export interface Operation {
  readonly type: 'query' | 'mutation';
  readonly selections: readonly Selection[];
}

/** A document of one operation or several. */
export interface Document {
  readonly operations: readonly Operation[];
  readonly isNamed: boolean;
  readonly fragmentsFirst: boolean;
}

export function documents(schema: GraphQLSchema, depth: number): fc.Arbitrary<Document> {
  const another = fc.oneof(
    { withCrossShrink: true },
    { weight: 6, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.tuple(operations(schema, 2)) },
  );
  return fc.record({
    operations: fc
      .tuple(operations(schema, depth), another)
      .map(([operation, others]) => [operation, ...others]),
    isNamed: fc.boolean(),
    fragmentsFirst: fc.boolean(),
  });
}

/** Operations on a schema, at most so deep: valid in form, with values that need not be. */
export function operations(schema: GraphQLSchema, depth: number): fc.Arbitrary<Operation> {
  const ofRoot = (type: 'query' | 'mutation') => {
    const root = type === 'query' ? schema.getQueryType() : schema.getMutationType();
    if (!root) throw new Error(`the schema has no ${type}`);
    return fc.record({ type: fc.constant(type), selections: selectionsOn(schema, root, depth) });
  };
  return fc.oneof({ weight: 4, arbitrary: ofRoot('query') }, { weight: 1, arbitrary: ofRoot('mutation') });
}

const SPECIAL_KEYS = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then', 'toJSON'];

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

function fieldOn(schema: GraphQLSchema, type: GraphQLNamedType, depth: number): fc.Arbitrary<FieldSelection> {
  const fields = 'getFields' in type && !isInputObjectType(type) ? everyOne(type.getFields()) : [];
  const reachable = fields.filter((field) => depth > 1 || !hasFields(getNamedType(field.type)));
  const composite = reachable.filter((field) => hasFields(getNamedType(field.type)));
  const typename = fc.record({
    kind: fc.constant('field' as const),
    name: fc.constant('__typename'),
    isAliased: fc.boolean(),
    specialKey: fc.constant(undefined),
    isSplit: fc.boolean(),
    args: fc.constant([]),
    conditions: conditions(),
    below: fc.constant([]),
  });
  if (reachable.length === 0) return typename;
  const write = (field: GraphQLField<unknown, unknown>): fc.Arbitrary<FieldSelection> =>
    fc.record({
      kind: fc.constant('field' as const),
      name: fc.constant(field.name),
      isAliased: fc.boolean(),
      specialKey: mostly(fc.constant(undefined), fc.constantFrom(...SPECIAL_KEYS)),
      isSplit: fc.nat(7).map((number) => number === 7),
      args: fc.tuple(...field.args.map(given)).map((all) => all.filter((one) => one !== undefined)),
      conditions: conditions(),
      below: hasFields(getNamedType(field.type))
        ? selectionsOn(schema, getNamedType(field.type), depth - 1)
        : fc.constant([]),
    });
  const any = fc.constantFrom(...reachable).chain(write);
  const deep = composite.length > 0 ? fc.constantFrom(...composite).chain(write) : any;
  const introspects = type === schema.getQueryType() && depth > 1;
  const meta = fc.constantFrom(SchemaMetaFieldDef, TypeMetaFieldDef).chain(write);
  return fc.oneof(
    { weight: 12, arbitrary: deep },
    { weight: 8, arbitrary: any },
    { weight: 2, arbitrary: typename },
    { weight: introspects ? 1 : 0, arbitrary: introspects ? meta : typename },
  );
}

/** A fragment on the type itself, or on another type with common members. */
function fragmentOn(schema: GraphQLSchema, type: GraphQLNamedType, depth: number): fc.Arbitrary<Selection> {
  const others = overlapping(schema, type);
  const oneOf = (targets: readonly GraphQLNamedType[]) =>
    fc.constantFrom(...(targets.length > 0 ? targets : [type]));
  const on = fc.oneof(
    fc.constant(type),
    oneOf(others.filter((other) => !isAbstractType(other))),
    oneOf(others.filter(isAbstractType)),
  );
  return on.chain((target) =>
    fc.record({
      kind: fc.constantFrom('inline' as const, 'named' as const),
      on: fc.constant(target.name),
      isShort: target === type ? fc.boolean() : fc.constant(false),
      conditions: conditions(),
      below: fc.array(
        isAbstractType(target) && target !== type && depth > 1
          ? fc.oneof(fieldOn(schema, target, depth), fragmentOn(schema, target, depth - 1))
          : fieldOn(schema, target, depth),
        { minLength: 1, maxLength: 3 },
      ),
    }),
  );
}

/** The members of a type, and every other type that has one of them as well. */
function overlapping(schema: GraphQLSchema, type: GraphQLNamedType): readonly GraphQLNamedType[] {
  const members = membersOf(schema, type);
  return Object.values(schema.getTypeMap()).filter(
    (other) => other !== type && membersOf(schema, other).some((member) => members.includes(member)),
  );
}

function membersOf(schema: GraphQLSchema, type: GraphQLNamedType): readonly GraphQLNamedType[] {
  if (isAbstractType(type)) return schema.getPossibleTypes(type);
  return isObjectType(type) ? [type] : [];
}

function conditions(): fc.Arbitrary<readonly Condition[]> {
  const some = fc.record({
    directive: fc.constantFrom('skip' as const, 'include' as const),
    holds: fc.boolean(),
    by: fc.constantFrom('literal' as const, 'variable' as const, 'default' as const),
  });
  // A directive stands at one place only once.
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 10, arbitrary: fc.constant([]) },
    {
      weight: 1,
      arbitrary: fc.uniqueArray(some, { selector: ({ directive }) => directive, minLength: 1, maxLength: 2 }),
    },
  );
}

function hasFields(type: GraphQLNamedType): boolean {
  return isObjectType(type) || isAbstractType(type);
}
