import type { FieldRef } from '@pothos/core';
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
import { builder, type Fields, loadable, type Types } from './builder.ts';
import { defineLoader } from './loader.ts';
import { type WireFields, wireFields } from './wire-fields.ts';

/** A type that federation routers read by a key. */
interface Entity {
  readonly key: string;
  readonly scope: KeyScope;
  /** Returns the key in the form that is sent. @throws BAD_USER_INPUT */
  readonly check: (argument: string, given: string) => string;
  readonly resolve: (key: string, context: Context, info: GraphQLResolveInfo) => MaybePromise<object>;
}

interface EntityOptions<Shape extends Provenance, Param extends string> extends Partial<Entity> {
  readonly resource: Resource<Param>;
  readonly read: Shows<Shape, Param>;
  /** Says, among other things, which fields need no call of `read`. */
  readonly price?: CostOptions;
  readonly scope: KeyScope;
  readonly description: string;
  readonly one: string;
  /** The description of the price of the query field that returns several objects. Undefined: no such field. */
  readonly several?: string;
  /** Whether the query has a field for Relay's `@refetchable` fragments. */
  readonly isRefetchable?: boolean;
  readonly fields: (wire: WireFields<Shape>, t: Fields<Shape>) => object;
}

interface Shows<Shape, Param extends string> {
  (api: Access, params: Readonly<Record<Param, string>>): Promise<Shape>;
  readonly route: Route;
}

const entities = new Map<string, Entity>();

export const ENTITIES: ReadonlyMap<string, Entity> = entities;

/** A type whose objects are read by a key, by default `id`, with its loader and its query fields. */
export function defineEntity<Shape extends Provenance, Param extends string>(
  name: string,
  options: EntityOptions<Shape, Param>,
) {
  const { key = 'id', check = checkId, resource, read, price, scope, description, fields } = options;
  const { one, several, isRefetchable = false } = options;
  const loaderOf = defineLoader((api, given: string) =>
    read(api, { [resource.param]: given } as Readonly<Record<Param, string>>),
  );
  // The dataloader plugin loads the object for a key that a resolver returns, except in a union.
  const { resolve = (given: string) => given } = options;
  // The loaders of `loadableObjectRef` live in a WeakMap, which keeps each operation alive until the next full collection.
  // A test fails once Pothos works without it.
  const type = new loadable.LoadableObjectRef<Types, string | Shape, Shape, string, string>(name, loaderOf);
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
      `The same as \`${field}\`, under the name that the Relay compiler needs for \`@refetchable\` fragments on ${name}. Costs one REST call.`,
      `${argument}, as in \`${name}.${key}\`.`,
    );
  if (several !== undefined) {
    const keys = `${key}s`;
    builder.queryField(`${field}s`, (t) =>
      t.field({
        type: [type] as never,
        nullable: { list: false, items: true } as never,
        description: `Several ${noun}s in the order of ${keys}. A ${noun} that cannot be read is null, with an error at its index; the others stay. ${several}`,
        extensions: { ...required, ...costs(read, { ...price, ...eachIn(keys) }) },
        args: {
          [keys]: t.arg.idList({
            required: true,
            description: `${listed}. Repeating a value costs nothing.`,
          }),
        },
        resolve: ((_root: unknown, args: Keys<string[]>, context: Context, info: GraphQLResolveInfo) =>
          readEach(keys, args[keys] ?? [], check).map((read) =>
            read instanceof Error ? read : resolve(read, context, info),
          )) as never,
      }),
    );
  }
  /** Makes a resolver for the object that a property names. Returns only the key if the selected fields need no more. */
  const namedBy =
    <Property extends string>(property: Property, told: readonly string[]) =>
    (source: NamesBy<Property>, _args: object, context: Context, info: GraphQLResolveInfo) => {
      const given = source[property];
      if (given === undefined) throw unusable(source, property);
      const known = loaderOf(context).known(given);
      // The loader also knows an object under the key that was asked for, which may differ in case.
      if (known && known[key as keyof Shape] === given) return known;
      return selectsOnlyBelow(info, name, told) ? ({ [key]: given } as unknown as Shape) : (known ?? given);
    };
  return Object.assign(type, { loaderOf, namedBy, resource, extensions });
}

type NamesBy<Property extends string> = Provenance & { readonly [Name in Property]: string | undefined };
type Keys<Given> = Readonly<Record<string, Given>>;

/** Tells Relay's compiler that `fetch__Type(id: …)` reads an object: `@refetchable` needs this because ids are not global. */
export const fetchable = new GraphQLDirective({
  name: 'fetchable',
  description:
    'For the Relay compiler: reads an object of type T again through the query field `fetch__T`, by the value of the named field. Ids of scripts and sessions look alike. So `node(id:)` could tell them apart only by reading both.',
  locations: [DirectiveLocation.OBJECT],
  args: {
    field_name: {
      type: new GraphQLNonNull(GraphQLString),
      description: 'The field that holds the key.',
    },
  },
});

/** A type whose objects can be read after a write. */
export interface Readable<Param extends string> {
  readonly name: string;
  readonly resource: Resource<Param>;
  readonly extensions: Readonly<Record<string, unknown>>;
}

export function fieldOf(type: string): string {
  return type.charAt(0).toLowerCase() + type.slice(1);
}

/** A field that reads the written or created object; `idOf` gives its id. */
export function readAfter<Source>(
  t: Fields<Source>,
  type: Readable<string>,
  idOf: (source: Source) => string,
): FieldRef<Types> {
  return t.field({
    // The builder's types do not accept a type parameter here.
    type: type as never,
    nullable: true,
    description: `The ${type.resource.name}, read again after the write, for one more REST call. Null, with an error here, if only this read failed: the write succeeded.`,
    extensions: type.extensions,
    resolve: ((source: Source) => idOf(source)) as never,
  });
}
