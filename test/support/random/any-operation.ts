import {
  doTypesOverlap,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  isUnionType,
} from 'graphql';
import { everyOne } from '../../../scripts/schema-tables.ts';

/** Gives a number from 0 to below `limit`. */
export type Choose = (limit: number) => number;

export interface AnyOperation {
  readonly text: string;
  /** Some with values, some without. */
  readonly variables: readonly Record<string, unknown>[];
}

const CONDITIONS: Readonly<Record<string, string>> = {
  yes: 'Boolean!',
  no: 'Boolean!',
  perhaps: 'Boolean! = true',
  maybe: 'Boolean = false',
};

const VALUES: Readonly<Record<string, string>> = {
  number: 'Int!',
  first: 'Int',
  word: 'String',
  words: '[String!]',
  color: 'Color',
  name: 'String',
  filter: 'Filter',
  // As the prototype of an object has it.
  valueOf: 'Int',
  ...CONDITIONS,
};

/** By the field's name and how it is called, which the response key says: so all that have one key are the same. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  text: [
    '',
    '(first: 7)',
    '(first: $first)',
    '(word: $word, first: 8)',
    '(words: ["a", "b"])',
    '(words: $words, color: $color)',
    '(filter: { name: $name, sizes: [1, 2] })',
    '(filter: $filter, word: null)',
    '(filter: { sizes: 4 })',
  ],
  a: ['(id: 1)', '(id: $number)'],
  whole: ['', '(id: $number)', '(id: $first)', '(id: $valueOf)'],
};

/**
 * A valid operation with merged selections, aliases, inline and named fragments, @skip and @include, variables and
 * introspection; `choose` decides about all of it.
 */
export function writeOperation(schema: GraphQLSchema, choose: Choose): AnyOperation {
  const used = new Set<string>();
  const fragments: string[] = [];
  const composites = everyOne(schema.getTypeMap()).filter(
    (type): type is GraphQLCompositeType => isCompositeType(type) && !type.name.startsWith('__'),
  );
  const chance = (oneOf: number) => choose(oneOf) === 0;
  const pick = <Value>(values: readonly Value[]): Value => values[choose(values.length)] as Value;
  const use = (text: string) => {
    for (const [, name = ''] of text.matchAll(/\$(\w+)/g)) used.add(name);
    return text;
  };

  const condition = (): string => {
    if (!chance(6)) return '';
    const one = () => pick(['true', 'false', ...Object.keys(CONDITIONS).map((name) => `$${name}`)]);
    const written = pick([
      () => ` @include(if: ${one()})`,
      () => ` @skip(if: ${one()})`,
      () => ` @skip(if: ${one()}) @include(if: ${one()})`,
    ])();
    return use(written);
  };

  const field = (type: GraphQLCompositeType, depth: number): string => {
    if (isUnionType(type) || chance(12)) return `${pick(['', 'kind: '])}__typename${condition()}`;
    if (type.name === 'Query' && chance(20)) return introspection();
    const all = everyOne(type.getFields());
    const leaves = all.filter((one) => !isCompositeType(getNamedType(one.type)));
    const definition = pick(depth > 0 && chance(2) ? all : leaves);
    const args = ARGUMENTS[definition.name] ?? [''];
    const way = choose(args.length);
    const alias = way > 0 || chance(6) ? `${definition.name}_${way}: ` : '';
    // Only the first way may go without an alias.
    const written = `${alias}${definition.name}${use(args[way] ?? '')}${condition()}`;
    const named = getNamedType(definition.type);
    return isCompositeType(named) ? `${written} ${set(named, depth - 1)}` : written;
  };

  const introspection = () =>
    pick([
      '__schema { queryType { name } directives { name args { name defaultValue } } }',
      'type_a: __type(name: "A") { name kind interfaces { name } fields { name type { kind ofType { name } } } }',
      use('type_v: __type(name: "Nothing") { ...on __Type { name } }'),
    ]);

  const selection = (type: GraphQLCompositeType, depth: number): string => {
    if (depth <= 0 || !chance(4)) return field(type, depth);
    const on = pick(composites.filter((other) => doTypesOverlap(schema, type, other)));
    const below = set(on, depth - 1);
    if (chance(2))
      return chance(3) && on === type ? `...${condition()} ${below}` : `... on ${on}${condition()} ${below}`;
    const name = `F${fragments.length}`;
    fragments.push(`fragment ${name} on ${on} ${below}`);
    return chance(3) ? `...${name}${condition()} ...${name}` : `...${name}${condition()}`;
  };

  const set = (type: GraphQLCompositeType, depth: number): string => {
    const length = 1 + choose(isAbstractType(type) || isObjectType(type) ? 4 : 2);
    return `{ ${Array.from({ length }, () => selection(type, depth)).join(' ')} }`;
  };

  const kind = pick(['query', 'query', 'mutation']);
  const root = kind === 'query' ? schema.getQueryType() : schema.getMutationType();
  const body = root ? set(root, 2 + choose(3)) : '';
  const definitions = [...used].map((name) => `$${name}: ${VALUES[name]}`);
  const header = definitions.length > 0 ? `Any(${definitions.join(', ')})` : pick(['', 'Any']);
  const text = [...(chance(2) ? fragments : []), `${kind} ${header} ${body}`];
  for (const fragment of fragments) if (!text.includes(fragment)) text.push(fragment);
  return { text: text.join('\n'), variables: [0, 1, 2].map(() => values(choose)) };
}

function values(choose: Choose): Record<string, unknown> {
  const maybe = (name: string, ...possible: unknown[]) =>
    choose(3) === 0 ? {} : { [name]: possible[choose(possible.length)] };
  return {
    yes: choose(4) > 0,
    no: choose(4) === 0,
    number: choose(9),
    ...maybe('perhaps', true, false),
    ...maybe('maybe', true, false, null),
    ...maybe('first', 1, null),
    ...maybe('valueOf', 2, null),
    ...maybe('word', 'word', null),
    ...maybe('words', ['x'], [], null),
    ...maybe('color', 'RED', 'GREEN', null),
    ...maybe('name', 'name', null),
    ...maybe('filter', {}, { name: null, sizes: [3] }, null),
  };
}
