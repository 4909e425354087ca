import type { FieldRef } from '@pothos/core';
import { LoadableObjectRef } from '@pothos/plugin-dataloader';
import {
  DirectiveLocation,
  GraphQLDirective,
  GraphQLNonNull,
  type GraphQLResolveInfo,
  GraphQLString,
} from 'graphql';
import { type KeyScope, requiresScopes } from '../callers/scopes.ts';
import type { Context } from '../context.ts';
import type { Access } from '../luaauth/api.ts';
import { type Provenance, unusable } from '../luaauth/decoders.ts';
import type { Route } from '../luaauth/endpoints.ts';
import type { Resource } from '../luaauth/resource.ts';
import { type Arguments, type CostOptions, costs, eachIn } from '../plan/cost.ts';
import { selectsOnlyBelow } from '../plan/look-ahead.ts';
import type { MaybePromise } from '../state/maybe-promise.ts';
import { checkId, readEach } from './argument.ts';
import { builder, type Fields, type Types } from './builder.ts';
import { defineLoader } from './loader.ts';
import { type WireFields, wireFields } from './wire-fields.ts';

/** A type that federation routers ask for by a key. */
interface Entity {
  readonly key: string;
  /** The scope of reading one. */
  readonly scope: KeyScope;
  /** Gives the key as it is sent on. @throws BAD_USER_INPUT */
  readonly check: (argument: string, given: string) => string;
  readonly resolve: (key: string, context: Context, info: GraphQLResolveInfo) => MaybePromise<object>;
}

interface EntityOptions<Shape extends Provenance, Param extends string> extends Partial<Entity> {
  readonly resource: Resource<Param>;
  /** The endpoint that shows one. */
  readonly read: Shows<Shape, Param>;
  /** The fields that need no call of it, and the like. */
  readonly price?: CostOptions;
  readonly scope: KeyScope;
  readonly description: string;
  /** Describes the field of the query that gives one by its key. */
  readonly one: string;
  /** Says the price of the field that gives several by theirs; undefined: there is none. */
  readonly several?: string;
  /** Whether there is a field for Relay's `@refetchable` fragments. */
  readonly isRefetchable?: boolean;
  readonly fields: (wire: WireFields<Shape>, t: Fields<Shape>) => object;
}

interface Shows<Shape, Param extends string> {
  (api: Access, params: Readonly<Record<Param, string>>): Promise<Shape>;
  readonly route: Route;
}

const entities = new Map<string, Entity>();

/** All entities, by the names of their types. */
export const ENTITIES: ReadonlyMap<string, Entity> = entities;

/**
 * Defines a type of things that can be read by a key, with its loader, and its fields of the query, which are alike for all.
 * `extensions` are those of the type. By default the key is its `id`, and its loader gives it.
 */
export function defineEntity<Shape extends Provenance, Param extends string>(
  name: string,
  options: EntityOptions<Shape, Param>,
) {
  const { key = 'id', check = checkId, resource, read, price, scope, description, fields } = options;
  const { one, several, isRefetchable = false } = options;
  const loaderOf = defineLoader((api, given: string) =>
    read(api, { [resource.param]: given } as Readonly<Record<Param, string>>),
  );
  // The dataloader plugin loads the object of a key that a resolver returns, except in a union.
  const { resolve = (given: string) => given } = options;
  // The loaders are kept in the operation's context: those of `loadableObjectRef` are in a WeakMap, which keeps each operation
  // alive until the next full collection. A test fails once Pothos does without.
  const type = new LoadableObjectRef<Types, string | Shape, Shape, string, string>(name, loaderOf);
  const { resolve: inUnion = (given, context) => loaderOf(context).load(given) } = options;
  entities.set(name, { key, scope, check, resolve: inUnion });
  const required = requiresScopes(scope);
  const extensions = { ...required, ...costs(read, price) };
  const distinct = ({ representations }: Arguments) =>
    new Set((representations as Keys<unknown>[]).map((reference) => reference[key])).size;
  builder.objectType(type, {
    description,
    extensions: { ...required, ...costs(read, { ...price, distinct }), getDataloader: loaderOf },
    directives: isRefetchable ? { fetchable: { field_name: key } } : {},
    fields: ((t: Fields<Shape>) => fields(wireFields(t), t)) as never,
  });
  const noun = resource.name;
  const field = fieldOf(name);
  const [argument, listed] =
    key === 'id'
      ? [`The id of the ${noun}`, `The ids of the ${noun}s`]
      : ['The licence key', 'The licence keys'];

  const defineOne = (as: string, description: string, about: string) =>
    builder.queryField(as, (t) =>
      t.field({
        type: type as never,
        nullable: true,
        description,
        extensions,
        args: { [key]: t.arg.id({ required: true, description: about }) },
        resolve: ((_root: unknown, args: Keys<string>, context: Context, info: GraphQLResolveInfo) =>
          resolve(check(key, args[key] as string), context, info)) as never,
      }),
    );
  defineOne(field, one, `${argument}.`);
  if (isRefetchable)
    defineOne(
      `fetch__${name}`,
      `The same as \`${field}\`, under the name by which the Relay compiler finds it for \`@refetchable\` fragments on ${name}. Costs one REST call.`,
      `${argument}, as in \`${name}.${key}\`.`,
    );
  if (several !== undefined) {
    const keys = `${key}s`;
    builder.queryField(`${field}s`, (t) =>
      t.field({
        type: [type] as never,
        nullable: { list: false, items: true } as never,
        description: `Several ${noun}s in the order of ${keys}. One that cannot be read is null, with an error at its index; the others stay. ${several}`,
        extensions: { ...required, ...costs(read, { ...price, ...eachIn(keys) }) },
        args: {
          [keys]: t.arg.idList({
            required: true,
            description: `${listed}; one that is repeated costs nothing.`,
          }),
        },
        resolve: ((_root: unknown, args: Keys<string[]>, context: Context, info: GraphQLResolveInfo) =>
          readEach(keys, args[keys] ?? [], check).map((read) =>
            read instanceof Error ? read : resolve(read, context, info),
          )) as never,
      }),
    );
  }
  /** Makes a resolver of one that a property names: no more than its key where that tells all that is selected of it. */
  const namedBy =
    <Property extends string>(property: Property, told: readonly string[]) =>
    (source: NamesBy<Property>, _args: object, context: Context, info: GraphQLResolveInfo) => {
      const given = source[property];
      if (given === undefined) throw unusable(source, property);
      const known = loaderOf(context).known.get(given);
      // It is known by the key that it was asked for, which may differ in the case of its letters.
      if (known && known[key as keyof Shape] === given) return known;
      return selectsOnlyBelow(info, name, told) ? ({ [key]: given } as unknown as Shape) : (known ?? given);
    };
  return Object.assign(type, { loaderOf, namedBy, resource, extensions });
}

type NamesBy<Property extends string> = Provenance & { readonly [Name in Property]: string | undefined };
type Keys<Given> = Readonly<Record<string, Given>>;

/** Says of a type that `fetch__Type(id: …)` reads one: what Relay's `@refetchable` needs where ids are not global. */
export const fetchable = new GraphQLDirective({
  name: 'fetchable',
  description:
    'For the Relay compiler: an object of the type T is read again through the query field `fetch__T`, by the value of the field that is named here. Ids of scripts and sessions look alike, so there is no `node(id:)` that could tell them apart without asking for both.',
  locations: [DirectiveLocation.OBJECT],
  args: {
    field_name: {
      type: new GraphQLNonNull(GraphQLString),
      description: 'The field that holds what to ask for.',
    },
  },
});

/** A thing that can be read after a write. */
export interface Readable<Param extends string> {
  readonly name: string;
  readonly resource: Resource<Param>;
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** The name of a field that gives one of a type. */
export function fieldOf(type: string): string {
  return type.charAt(0).toLowerCase() + type.slice(1);
}

/** A field that reads what a write was to, or has made; `idOf` says which. */
export function readAfter<Source>(
  t: Fields<Source>,
  type: Readable<string>,
  idOf: (source: Source) => string,
): FieldRef<Types> {
  return t.field({
    // The builder knows no type that is an argument.
    type: type as never,
    nullable: true,
    description: `The ${type.resource.name}, read again after the write; that costs one REST call. Null, with an error here, if only this read failed: the write succeeded.`,
    extensions: type.extensions,
    resolve: ((source: Source) => idOf(source)) as never,
  });
}
