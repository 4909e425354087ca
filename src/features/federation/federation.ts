import {
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLResolveInfo,
  GraphQLScalarType,
  GraphQLSchema,
  GraphQLString,
  GraphQLUnionType,
  isSpecifiedScalarType,
  responsePathAsArray,
} from 'graphql';
import { inheritsScopes, requiresScopes } from '../../callers/scopes.ts';
import type { Context } from '../../context.ts';
import { badUserInput } from '../../errors/coded-error.ts';
import { isObject } from '../../luaauth/envelope.ts';
import { forbiddenBy } from '../../plan/required-scopes.ts';
import { readEach } from '../../schema/argument.ts';
import { ENTITIES } from '../../schema/entity.ts';
import { whenKnown } from '../../state/maybe-promise.ts';
import { printSubgraph } from './subgraph-sdl.ts';

const Any = new GraphQLScalarType({
  name: '_Any',
  specifiedByURL: 'https://specs.apollo.dev/federation/v2.9',
  description:
    'A representation of an entity: an object of its `__typename` and its key, such as `{"__typename": "Script", "id": "…"}`.',
});

const Service = new GraphQLObjectType({
  name: '_Service',
  description: 'This subgraph, described for routers.',
  extensions: inheritsScopes,
  fields: {
    sdl: {
      type: GraphQLString,
      description: 'The schema of this subgraph in SDL, with its federation directives.',
    },
  },
});

/**
 * The schema with what a subgraph answers to a router (https://www.apollographql.com/docs/federation/subgraph-spec). The SDL
 * for routers is printed once, when the first router asks.
 */
export function withFederation(schema: GraphQLSchema): GraphQLSchema {
  let sdl: string | undefined;
  const config = schema.toConfig();
  const query = (config.query as GraphQLObjectType).toConfig();
  const Entity = new GraphQLUnionType({
    name: '_Entity',
    description: 'The entities that `_entities` can resolve.',
    types: [...ENTITIES.keys()].sort().map((name) => schema.getType(name) as GraphQLObjectType),
    resolveType: (value: object) => typeNames.get(value),
  });
  const fields = {
    ...query.fields,
    _entities: {
      type: new GraphQLNonNull(new GraphQLList(Entity)),
      description:
        'For a federation router: the entities behind representations, in their order. One that cannot be read is null, with an error at its index; the others stay. Costs one REST call for each distinct entity. Needs the scopes of what is selected, and that of reading each entity.',
      args: {
        representations: {
          type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(Any))),
          description: 'The representations; one that is repeated costs nothing.',
        },
      },
      extensions: requiresScopes(),
      resolve: resolveEntities,
    },
    _service: {
      type: new GraphQLNonNull(Service),
      description: 'For a federation router: what this subgraph offers. Costs nothing.',
      extensions: requiresScopes(),
      resolve: () => {
        sdl ??= printSubgraph(schema);
        return { sdl };
      },
    },
  };
  return new GraphQLSchema({
    ...config,
    query: new GraphQLObjectType({ ...query, fields }),
    // The query's is new, and what its fields are made of is found by itself.
    types: config.types.filter((type) => type.name !== query.name && !isSpecifiedScalarType(type)),
  });
}

/** The types of entities by their values, which say nothing of it. */
const typeNames = new WeakMap<object, string>();

/** Each entity, or why there is none: one bad representation does not fail the others. */
function resolveEntities(
  _source: unknown,
  { representations }: { readonly representations: readonly unknown[] },
  context: Context,
  info: GraphQLResolveInfo,
): unknown[] {
  const { permissions } = context.caller;
  return readEach('representations', representations, readRepresentation).map((one, index) => {
    if (one instanceof Error) return one;
    const { typeName, scope, resolve, key } = one;
    // It is only known now: the document may select no field of its type.
    if (permissions?.scopes && !permissions.scopes.has(scope)) {
      const place = [...responsePathAsArray(info.path), index].join('.');
      return forbiddenBy(permissions.name, [scope], { [place]: [scope] });
    }
    return whenKnown(resolve(key, context, info), (value) => {
      typeNames.set(value, typeName);
      return value;
    });
  });
}

/** A key follows the rules of the scalar ID. */
function readRepresentation(argument: string, given: unknown) {
  const members = isObject(given) ? given : {};
  const typeName = members.__typename as string;
  const entity = ENTITIES.get(typeName);
  if (!entity) {
    throw badUserInput(
      `${argument}.__typename`,
      `this is no entity of this subgraph. Give one of ${[...ENTITIES.keys()].sort().join(', ')}.`,
    );
  }
  const value = Object.hasOwn(members, entity.key) ? members[entity.key] : undefined;
  if (typeof value !== 'string' && !Number.isSafeInteger(value)) {
    throw badUserInput(`${argument}.${entity.key}`, 'it is missing or cannot be an id. Give it as a string.');
  }
  return { ...entity, typeName, key: entity.check(`${argument}.${entity.key}`, String(value)) };
}
