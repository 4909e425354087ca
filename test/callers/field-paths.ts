import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isIntrospectionType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { everyOne } from '../../scripts/schema-tables.ts';

type Field = GraphQLField<unknown, unknown>;

/** A field on an object type, and the fields that lead to it from the root. */
export interface FieldPath {
  /** Such as `Script.name`. */
  readonly coordinate: string;
  readonly steps: readonly { readonly type: GraphQLObjectType; readonly field: Field }[];
}

/** Every field of a schema, each with one way to it: the shortest from Query, then from `_entities`, then from Mutation. */
export function pathsOf(schema: GraphQLSchema): FieldPath[] {
  const found = new Map<string, FieldPath>();
  const waiting: FieldPath['steps'][] = [];
  const enter = (type: GraphQLObjectType, above: FieldPath['steps']) => {
    for (const field of everyOne(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`;
      if (found.has(coordinate)) continue;
      const steps = [...above, { type, field }];
      found.set(coordinate, { coordinate, steps });
      waiting.push(steps);
    }
  };
  for (const root of [schema.getQueryType(), schema.getMutationType()]) {
    if (root) enter(root, []);
    for (let steps = waiting.shift(); steps; steps = waiting.shift()) {
      const type = getNamedType(steps.at(-1)?.field.type);
      if (isObjectType(type) && !isIntrospectionType(type)) enter(type, steps);
      if (isAbstractType(type)) for (const one of schema.getPossibleTypes(type)) enter(one, steps);
    }
  }
  return [...found.values()];
}

/** An operation that asks for nothing but the field at the end. */
export function documentOf({ steps }: FieldPath): string {
  const [root] = steps;
  const kind = root?.type.name === 'Mutation' ? 'mutation' : 'query';
  return `${kind} ${write(steps)}`;
}

function write(steps: FieldPath['steps']): string {
  const [step, ...below] = steps;
  if (!step) return '';
  const { type, field } = step;
  const args = field.args
    .filter((arg) => isNonNullType(arg.type))
    .map((arg) => `${arg.name}: ${literal(arg.type, below[0]?.type.name)}`);
  const set = isLeafType(getNamedType(field.type)) ? '' : write(below) || ' { __typename }';
  return `{ ... on ${type.name} { ${field.name}${args.length > 0 ? `(${args.join(', ')})` : ''}${set} } }`;
}

/** A value that the schema takes. */
function literal(type: GraphQLInputType, entity: string | undefined): string {
  if (isNonNullType(type)) return literal(type.ofType, entity);
  if (isListType(type)) return `[${literal(type.ofType, entity)}]`;
  if (isEnumType(type)) return type.getValues()[0]?.name ?? '';
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter((field) => isNonNullType(field.type));
    return `{ ${fields.map((field) => `${field.name}: ${literal(field.type, entity)}`).join(', ')} }`;
  }
  if (type.name === '_Any')
    return `{ __typename: "${entity ?? 'Script'}", ${entity === 'User' ? 'key' : 'id'}: "a" }`;
  return type.name === 'Boolean' ? 'true' : '"a"';
}
