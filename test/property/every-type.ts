import {
  GraphQLBoolean,
  GraphQLEnumType,
  type GraphQLFieldConfigMap,
  GraphQLFloat,
  GraphQLID,
  GraphQLInputObjectType,
  GraphQLInt,
  GraphQLInterfaceType,
  type GraphQLIsTypeOfFn,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
  type GraphQLTypeResolver,
  GraphQLUnionType,
  getNullableType,
  isAbstractType,
  isEnumType,
  isListType,
  isObjectType,
  responsePathAsArray,
} from 'graphql';
import type { Seeded } from '../support/random/seeded.ts';
import type { ScriptedObject, ScriptOfValues } from './script-of-values.ts';

type Context = ScriptOfValues;

const Color = new GraphQLEnumType({
  name: 'Color',
  values: { RED: { value: 'r' }, GREEN: { value: { deep: 'green' } } },
});

/** A leaf that has its own mind. */
const Odd = new GraphQLScalarType({
  name: 'Odd',
  serialize: (value) => {
    if (value === 'throws') throw new RangeError('cannot be written');
    if (value === 'is null') return null;
    if (value === 'is undefined') return undefined;
    if (value === 'promises') return Promise.resolve('promised by a leaf');
    if (value === 'rejects') return Promise.reject(new RangeError('rejected by a leaf'));
    return typeof value === 'function' ? 'a function' : value;
  },
});

const Filter = new GraphQLInputObjectType({
  name: 'Filter',
  fields: {
    name: { type: GraphQLString, defaultValue: 'any' },
    sizes: { type: new GraphQLList(new GraphQLNonNull(GraphQLInt)) },
  },
});

/** Which of `A`, `B` and `C` an object is, and what is said when one asks. */
const isTypeOf =
  (name: string): GraphQLIsTypeOfFn<unknown, Context> =>
  (value, script, info) => {
    script.calls.push(`is ${name} ${describe(info)}`);
    return script.perform(`is ${name} ${originOf(value, info)}`, (random) => random.chance(0.95)) as boolean;
  };

const resolveType: GraphQLTypeResolver<unknown, Context> = (value, script, info, type) => {
  script.calls.push(`type of ${type.name} ${describe(info)}`);
  return script.perform(`type of ${type.name} ${originOf(value, info)}`, (random) =>
    random.pick(['A', 'A', 'A', 'B', 'B', 'C', random.pick(['Nothing', 'Color', 'Query', 7, A])]),
  ) as string;
};

const Thing: GraphQLInterfaceType = new GraphQLInterfaceType({
  name: 'Thing',
  fields: () => fields(false),
  resolveType,
});
const Either: GraphQLUnionType = new GraphQLUnionType({ name: 'Either', types: () => [A, B], resolveType });
/** Its types have to be asked. */
const Asked: GraphQLUnionType = new GraphQLUnionType({ name: 'Asked', types: () => [B, C] });

/** Has resolvers. */
const A: GraphQLObjectType = new GraphQLObjectType({
  name: 'A',
  interfaces: () => [Thing],
  fields: () => fields(true),
});
/** Has none, and is asked. */
const B: GraphQLObjectType = new GraphQLObjectType({
  name: 'B',
  interfaces: () => [Thing],
  fields: () => fields(false),
  isTypeOf: isTypeOf('B'),
});
const C: GraphQLObjectType = new GraphQLObjectType({
  name: 'C',
  interfaces: () => [Thing],
  fields: () => fields(true),
  isTypeOf: isTypeOf('C'),
});

const required = (type: GraphQLOutputType) => new GraphQLNonNull(getNullableType(type));
const list = (type: GraphQLOutputType) => new GraphQLList(type);

/** The same in every type, so that selections merge wherever they meet. */
const types = (): Record<string, GraphQLOutputType> => ({
  text: GraphQLString,
  textN: required(GraphQLString),
  id: required(GraphQLID),
  whole: GraphQLInt,
  float: GraphQLFloat,
  isGood: required(GraphQLBoolean),
  color: Color,
  odd: Odd,
  oddN: required(Odd),
  odds: list(required(Odd)),
  numbers: list(GraphQLInt),
  numbersN: required(list(required(GraphQLInt))),
  numbersM: list(required(GraphQLInt)),
  table: list(list(required(GraphQLInt))),
  a: A,
  aN: required(A),
  b: B,
  bN: required(B),
  c: C,
  manyA: list(A),
  manyAN: required(list(required(A))),
  manyB: list(required(B)),
  grid: list(required(list(required(A)))),
  thing: Thing,
  thingN: required(Thing),
  things: list(Thing),
  thingsN: list(required(Thing)),
  either: Either,
  eitherN: required(Either),
  asked: Asked,
  manyAsked: list(Asked),
});

const argumentsOf: Record<string, GraphQLFieldConfigMap<unknown, Context>[string]['args']> = {
  text: {
    first: { type: GraphQLInt, defaultValue: 3 },
    word: { type: GraphQLString },
    filter: { type: Filter, defaultValue: { name: 'all' } },
    words: { type: new GraphQLList(new GraphQLNonNull(GraphQLString)) },
    color: { type: Color },
  },
  a: { id: { type: new GraphQLNonNull(GraphQLInt) } },
  whole: { id: { type: new GraphQLNonNull(GraphQLInt), defaultValue: 5 } },
};

function fields(hasResolvers: boolean): GraphQLFieldConfigMap<unknown, Context> {
  const all = Object.entries(types()).map(([name, type]) => {
    const resolve = (_source: unknown, args: object, script: Context, info: GraphQLResolveInfo) =>
      resolveAt(script, type, args, info);
    const extensions = { usesInfo: true };
    return [name, { type, args: argumentsOf[name], ...(hasResolvers && { resolve, extensions }) }] as const;
  });
  return Object.fromEntries(all);
}

function resolveAt(script: Context, type: GraphQLOutputType, args: object, info: GraphQLResolveInfo) {
  script.calls.push(`${describe(info)} ${JSON.stringify(args)}`);
  const place = responsePathAsArray(info.path).join('.');
  return script.perform(place, (random) => goodValue(script, type, place, random));
}

/** All that a resolver is told, as a text. */
function describe(info: GraphQLResolveInfo): string {
  const { path, parentType, fieldName, returnType, fieldNodes, variableValues } = info;
  const typenames: unknown[] = [];
  for (let at: typeof path | undefined = path; at; at = at.prev) typenames.push(at.typename);
  return [
    responsePathAsArray(path).join('.'),
    typenames.join(','),
    `${parentType}.${fieldName}: ${returnType}`,
    fieldNodes.map(({ loc }) => loc?.start).join(','),
    JSON.stringify(variableValues),
    Object.keys(info.fragments).join(','),
    info.operation.loc?.start,
    info.schema === everyType,
    JSON.stringify(info.rootValue),
  ].join(' ');
}

function originOf(value: unknown, info: GraphQLResolveInfo): string {
  const origin = (value as ScriptedObject | null)?.origin;
  return origin ?? responsePathAsArray(info.path).join('.');
}

function goodValue(script: Context, type: GraphQLOutputType, place: string, random: Seeded): unknown {
  const nullable = getNullableType(type);
  if (isListType(nullable)) return goodList(script, nullable.ofType, place, random);
  if (isAbstractType(nullable) || isObjectType(nullable)) return object(script, place, random);
  if (isEnumType(nullable)) return random.chance(0.9) ? random.pick(nullable.getValues()).value : 'none';
  switch (nullable) {
    case GraphQLBoolean:
      return random.chance(0.5);
    case GraphQLInt:
      return random.chance(0.9) ? random.below(100) : random.pick([2 ** 40, '12', 1.5]);
    case GraphQLFloat:
      return random.next();
    case Odd:
      return random.pick([
        'fine',
        { any: ['thing'] },
        'throws',
        'is null',
        'is undefined',
        'promises',
        'rejects',
        Symbol.for('symbol').description,
      ]);
    default:
      return `${place}!`;
  }
}

/** A list of any kind that can be iterated. */
function goodList(script: Context, type: GraphQLOutputType, place: string, random: Seeded): unknown {
  const length = random.below(4);
  const item = (index: number) => {
    const at = `${place}.${index}`;
    try {
      return script.perform(at, (below) => goodValue(script, type, at, below));
    } catch (error) {
      return error instanceof Error ? error : null;
    }
  };
  const items = Array.from({ length }, (_, index) => item(index));
  return random.pick<() => unknown>([
    () => items,
    () => items,
    () => items,
    () => new Set(items),
    () => items.values(),
    () => iterate(script, items, place, random),
  ])();
}

function* iterate(script: Context, items: readonly unknown[], place: string, random: Seeded) {
  try {
    yield* items;
    if (random.chance(0.2)) throw script.errorAt(`end of ${place}`);
  } finally {
    script.calls.push(`iterated ${place}`);
  }
}

/** With values and methods as properties, for fields without resolvers. */
function object(script: Context, place: string, random: Seeded): object {
  const made: Record<string, unknown> = { origin: place };
  if (random.chance(0.2)) made.__typename = random.pick(['A', 'B', 'C', 'Color']);
  for (const [name, type] of Object.entries(types())) {
    made[name] = (args: object, _script: Context, info: GraphQLResolveInfo) =>
      resolveAt(script, type, args, info);
  }
  if (random.chance(0.5)) made.text = 'a property';
  if (random.chance(0.3)) made.id = 17;
  return random.chance(0.1) ? Object.assign(() => 0, made) : made;
}

/** A type of every kind, whose resolvers do what the context's script says. */
export const everyType: GraphQLSchema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: () => fields(true) }),
  mutation: new GraphQLObjectType({ name: 'Mutation', fields: () => fields(true) }),
  types: [A, B, C],
});
