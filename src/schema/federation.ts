import { MapperKind, mapSchema } from '@graphql-tools/utils';
import {
  type GraphQLFieldConfig,
  type GraphQLFieldResolver,
  GraphQLObjectType,
  type GraphQLResolveInfo,
  GraphQLScalarType,
  type GraphQLSchema,
  GraphQLUnionType,
  isObjectType,
  isUnionType,
  responsePathAsArray,
} from 'graphql';
import { forbiddenBy } from '../callers/check-scopes.ts';
import { needs, needsNothingMore, scopesOf } from '../callers/needs.ts';
import type { Context } from '../context.ts';
import { badUserInput } from '../errors/coded-error.ts';
import { isObject } from '../luaauth/envelope.ts';
import { checkId, checkKey } from './argument.ts';
import { lookAhead } from './selection.ts';

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  _Any: 'A representation of an entity: an object of its `__typename` and its key, such as `{"__typename": "Script", "id": "…"}`.',
  _Entity: 'What `_entities` can resolve.',
  _Service: 'What this subgraph is.',
  '_Service.sdl': 'The schema of this subgraph in SDL, with its federation directives.',
  'Query._service': 'For a federation router: what this subgraph offers. Costs nothing.',
  'Query._entities':
    'For a federation router: the entities behind representations, in their order. One that cannot be read is null, with an error at its index; the others stay. Costs one REST call for each distinct entity. Needs the scopes of what is selected, and that of reading each entity.',
  'Query._entities.representations': 'The representations; one that is repeated costs nothing.',
};

type FieldConfig = GraphQLFieldConfig<unknown, unknown>;

/**
 * Completes what the federation library adds to a schema: descriptions, and entities that fail one by one. `printSdl` makes
 * what a router is told, in the place of what the library has printed: once, when the first router asks.
 */
export function completeFederation(schema: GraphQLSchema, printSdl: () => string): GraphQLSchema {
  let sdl: string | undefined;
  const service = () => {
    sdl ??= printSdl();
    return { sdl };
  };
  const union = schema.getType('_Entity');
  const names = isUnionType(union) ? union.getTypes().map(({ name }) => name) : [];
  const complete = (config: FieldConfig, field: string, type: string): FieldConfig => {
    const described = { ...config, description: DESCRIPTIONS[`${type}.${field}`] ?? config.description };
    if (field === '_service') return { ...described, extensions: needs(), resolve: service };
    if (field !== '_entities' || !config.resolve) return described;
    return { ...described, extensions: needs(), resolve: resolveEach(config.resolve, names) };
  };
  return mapSchema(schema, {
    [MapperKind.SCALAR_TYPE]: (type) => new GraphQLScalarType(describe(type.toConfig())),
    [MapperKind.UNION_TYPE]: (type) => new GraphQLUnionType(describe(type.toConfig())),
    [MapperKind.QUERY]: (type) => new GraphQLObjectType(forPeopleFirst(describe(type.toConfig()))),
    [MapperKind.OBJECT_TYPE]: (type) => {
      const config = describe(type.toConfig());
      return new GraphQLObjectType(
        type.name === '_Service' ? { ...config, extensions: needsNothingMore } : config,
      );
    },
    [MapperKind.OBJECT_FIELD]: complete,
    [MapperKind.ARGUMENT]: (config, field, type) => ({
      ...config,
      description:
        (field === '_entities' ? DESCRIPTIONS[`${type}.${field}.representations`] : undefined) ??
        config.description,
    }),
  });
}

/** What only machines ask for, routers and Relay's compiler, stands last in what GraphiQL shows. */
function forPeopleFirst<Config extends { readonly fields: object }>(config: Config): Config {
  const isForMachines = ([name]: [string, unknown]) => /^_|^fetch__/.test(name);
  const fields = Object.entries(config.fields);
  const ordered = [...fields.filter((field) => !isForMachines(field)), ...fields.filter(isForMachines)];
  return { ...config, fields: Object.fromEntries(ordered) };
}

function describe<Config extends { readonly name: string; readonly description?: unknown }>(
  config: Config,
): Config {
  return { ...config, description: DESCRIPTIONS[config.name] ?? config.description };
}

/** The library's own resolver lets one bad representation fail them all, so it is given one at a time. */
function resolveEach(
  resolve: GraphQLFieldResolver<unknown, unknown>,
  names: readonly string[],
): GraphQLFieldResolver<unknown, unknown> {
  return (source, { representations }, context, info) => {
    const checks = new Map(names.map((name) => [name, lookAhead(info, name)]));
    const all = readRepresentations(representations, names);
    return all.map((one, index) => {
      if (one instanceof Error) return one;
      try {
        checkEntityScopes(one.__typename, context as Context, info, index);
        checks.get(one.__typename)?.(one.key, index);
        const [entity] = resolve(
          source,
          { representations: [one.representation] },
          context,
          info,
        ) as unknown[];
        return entity;
      } catch (error) {
        return error;
      }
    });
  };
}

/** What a reference names is only known now: the document may select no field of its type. @throws FORBIDDEN */
function checkEntityScopes(
  typeName: string,
  { caller: { grant } }: Context,
  { schema, path }: GraphQLResolveInfo,
  index: number,
): void {
  const type = schema.getType(typeName);
  if (!grant?.scopes || !isObjectType(type)) return;
  const missing = (scopesOf(type) ?? []).filter((scope) => !grant.scopes?.has(scope));
  if (missing.length === 0) return;
  const place = responsePathAsArray(path).join('.');
  throw forbiddenBy(grant.name, missing, { [`${place}.${index}`]: missing });
}

/** A router makes no mistake, and an error costs more than what is asked for. */
const MAX_MISTAKES = 100;

interface Representation {
  readonly __typename: string;
  readonly key: string;
  /** What the library is given. */
  readonly representation: object;
}

/** Each of the representations, or what is wrong with it. @throws BAD_USER_INPUT for too many mistakes. */
function readRepresentations(
  representations: readonly unknown[],
  names: readonly string[],
): (Representation | Error)[] {
  let mistakes = 0;
  return representations.map((given, index) => {
    try {
      return readRepresentation(`representations[${index}]`, given, names);
    } catch (error) {
      mistakes += 1;
      if (mistakes <= MAX_MISTAKES) return error as Error;
      throw badUserInput(
        'representations',
        `more than ${MAX_MISTAKES} of them are wrong. The last one: ${(error as Error).message}`,
      );
    }
  });
}

/** What an entity's key is called, where it is not `id`, and the check of it. */
const OTHER_KEYS: ReadonlyMap<string, { readonly field: string; readonly check: typeof checkId }> = new Map([
  ['User', { field: 'key', check: checkKey }],
]);

/** A key follows the rules of the scalar ID. */
function readRepresentation(argument: string, given: unknown, names: readonly string[]): Representation {
  const members = isObject(given) ? given : {};
  const { __typename } = members;
  if (typeof __typename !== 'string' || !names.includes(__typename)) {
    throw badUserInput(
      `${argument}.__typename`,
      `this is no entity of this subgraph. Give one of ${names.join(', ')}.`,
    );
  }
  const { field, check } = OTHER_KEYS.get(__typename) ?? { field: 'id', check: checkId };
  const value = Object.hasOwn(members, field) ? members[field] : undefined;
  if (typeof value !== 'string' && !Number.isSafeInteger(value)) {
    throw badUserInput(`${argument}.${field}`, 'it is missing or cannot be an id. Give it as a string.');
  }
  const key = check(`${argument}.${field}`, String(value));
  return { __typename, key, representation: { __typename, [field]: key } };
}
