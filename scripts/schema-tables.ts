import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isObjectType,
  isSpecifiedScalarType,
} from 'graphql';
import { scopesOfField } from '../src/callers/scopes.ts';

/**
 * Tables of what the schema says of itself, for a reviewer to read as a diff and for tests to hold the gateway to. A line is
 * `coordinate: facts`; a `#` begins a comment.
 */
const HOW =
  'Written by "npm run codegen", compared by "npm run check". A change here changes what the gateway promises.';

/** A table of fields with the scopes that a gateway key needs, besides the scopes of their parent fields. */
export function scopesTable(schema: GraphQLSchema): string {
  const rows = ownTypes(schema)
    .filter(isObjectType)
    .flatMap((type) => everyOne(type.getFields()).map((field) => row(type, field)));
  return table('The scopes of each field, besides the scopes of its parent fields.', rows);
}

function row(type: GraphQLNamedType, field: GraphQLField<unknown, unknown>): string {
  const scopes = scopesOfField(type, field);
  // A field that says nothing is left out, and so found missing by the test of all fields.
  return scopes === undefined ? '' : `${type.name}.${field.name}: ${scopes.join(' ') || '-'}`;
}

/** Each mutation with the refusals that its result can be. */
export function refusalsTable(schema: GraphQLSchema): string {
  const rows = Object.values(schema.getMutationType()?.getFields() ?? {}).map(({ name, type }) => {
    const result = getNamedType(type);
    const types = isAbstractType(result) ? schema.getPossibleTypes(result) : [];
    const refusals = types.filter((one) => one.getInterfaces().some((its) => its.name === 'Refusal'));
    return `Mutation.${name}: ${refusals
      .map((one) => one.name)
      .sort()
      .join(' ')}`;
  });
  return table('The refusals of each mutation.', rows);
}

/** The types that the schema has only with its mutations. */
export function readOnlyTable(whole: GraphQLSchema, readOnly: GraphQLSchema): string {
  const rows = ownTypes(whole).flatMap(({ name }) => (readOnly.getType(name) ? [] : [name]));
  return table('The types that are left out with READ_ONLY=true.', rows);
}

/** The rows of such a table, by what stands before the colon. */
export function readTable(text: string): ReadonlyMap<string, readonly string[]> {
  const rows = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    rows.map((line) => {
      const [name = '', facts = ''] = line.split(': ');
      return [name, facts.split(' ').filter((fact) => fact !== '' && fact !== '-')];
    }),
  );
}

/** Lists a map of the schema, with the entries that it hides: those for routers and Relay's compiler. */
export function everyOne<Value>(map: Readonly<Record<string, Value>>): Value[] {
  return Object.getOwnPropertyNames(map).flatMap((name) => map[name] ?? []);
}

const ownTypes = (schema: GraphQLSchema) =>
  everyOne(schema.getTypeMap()).filter((type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type));

const table = (what: string, rows: readonly string[]) =>
  `# ${what}\n# ${HOW}\n${rows
    .filter((line) => line !== '')
    .sort()
    .join('\n')}\n`;
