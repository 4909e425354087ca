import type DataLoader from 'dataloader';
import {
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLResolveInfo,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
  GraphQLUnionType,
  getNamedType,
  isObjectType,
  isSpecifiedScalarType,
  responsePathAsArray,
} from 'graphql';
import { inheritsScopes, requiresScopes, scopesOf } from '../../callers/scopes.ts';
import type { Context } from '../../context.ts';
import { badUserInput } from '../../errors/coded-error.ts';
import { isObject } from '../../luaauth/envelope.ts';
import { type Annotations, annotationsOf } from '../../plan/cost.ts';
import { forbiddenBy } from '../../plan/required-scopes.ts';
import { readEach } from '../../schema/argument.ts';
import { printSubgraph } from './subgraph-sdl.ts';

const Any = new GraphQLScalarType({
  name: '_Any',
  specifiedByURL: 'https://specs.apollo.dev/federation/v2.9',
  description:
    'A representation of an entity: an object of its `__typename` and its key, such as `{"__typename": "Script", "id": "…"}`.',
});

const Service = new GraphQLObjectType({
  name: '_Service',
  description: 'This subgraph, for routers.',
  extensions: inheritsScopes,
  fields: {
    sdl: {
      type: GraphQLString,
      description: 'The schema of this subgraph in SDL, with its federation directives.',
    },
  },
});

/**
 * The answers of a subgraph to a router (https://www.apollographql.com/docs/federation/subgraph-spec). Prints the SDL once,
 * when the first router asks. `showsScopes`: with the scopes that fields need, as directives.
 */
export function withFederation(schema: GraphQLSchema, showsScopes: boolean): GraphQLSchema {
  let sdl: string | undefined;
  const config = schema.toConfig();
  const query = (config.query as GraphQLObjectType).toConfig();
  const Entity = new GraphQLUnionType({
    name: '_Entity',
    description: 'The entities that `_entities` can resolve.',
    types: Object.values(schema.getTypeMap())
      .filter(isObjectType)
      .filter((type) => annotationsOf(type).entityKey)
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    resolveType: (value: object) => typeNames.get(value),
  });
  const fields = {
    ...query.fields,
    _entities: {
      type: new GraphQLNonNull(new GraphQLList(Entity)),
      description:
        'For a federation router: the entities for representations, in order. An entity that cannot be read is null, with an error at its index; the others stay. Costs one REST call for each distinct entity. Needs the scopes of the selected fields, and the scope for reading each entity.',
      args: {
        representations: {
          type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(Any))),
          description: 'The representations. Repeating a representation costs nothing.',
        },
      },
      extensions: { ...requiresScopes(), usesInfo: true } satisfies Annotations & object,
      resolve: resolveEntities,
    },
    _service: {
      type: new GraphQLNonNull(Service),
      description: 'For a federation router: the description of this subgraph. Costs nothing.',
      extensions: requiresScopes(),
      resolve: () => {
        sdl ??= printSubgraph(schema, showsScopes);
        return { sdl };
      },
    },
  };
  return new GraphQLSchema({
    ...config,
    query: new GraphQLObjectType({ ...query, fields }),
    // Types that the new query uses are found through its fields.
    types: config.types.filter((type) => type.name !== query.name && !isSpecifiedScalarType(type)),
  });
}

/** Remembers the type of each entity, which the value itself does not show. */
const typeNames = new WeakMap<object, string>();

/** Resolves each entity or its error, so that a bad representation fails only its own item. */
function resolveEntities(
  _source: unknown,
  { representations }: { readonly representations: readonly unknown[] },
  context: Context,
  info: GraphQLResolveInfo,
): unknown[] {
  const { grant } = context.caller;
  const entities = (getNamedType(info.returnType) as GraphQLUnionType).getTypes();
  const read = (place: string, given: unknown) => readRepresentation(place, given, entities);
  return readEach('representations', representations, read).map((reference, index) => {
    if (reference instanceof Error) return reference;
    const { type, key } = reference;
    const missing = (scopesOf(type) ?? []).filter((scope) => grant?.scopes?.has(scope) === false);
    // Known only now: the document may select no field of this type.
    if (missing.length > 0) {
      const place = [...responsePathAsArray(info.path), index].join('.');
      return forbiddenBy(grant?.name, missing, { [place]: missing });
    }
    // The dataloader plugin's extension of a type.
    const loaderOf = type.extensions.getDataloader as (context: Context) => DataLoader<string, object>;
    return loaderOf(context)
      .load(key)
      .then((value) => {
        typeNames.set(value, type.name);
        return value;
      });
  });
}

/** A key follows the rules of the scalar ID. */
function readRepresentation(argument: string, given: unknown, entities: readonly GraphQLObjectType[]) {
  const members = isObject(given) ? given : {};
  const type = entities.find(({ name }) => name === members.__typename);
  const entityKey = type && annotationsOf(type).entityKey;
  if (!type || !entityKey) {
    throw badUserInput(
      `${argument}.__typename`,
      `this is no entity of this subgraph. Give one of ${entities.map(({ name }) => name).join(', ')}.`,
    );
  }
  const { field, check } = entityKey;
  const place = `${argument}.${field}`;
  const value = Object.hasOwn(members, field) ? members[field] : undefined;
  if (typeof value !== 'string' && !Number.isSafeInteger(value)) {
    throw badUserInput(place, 'it is missing or cannot be an id. Give it as a string.');
  }
  return { type, key: check(place, String(value)) };
}
