import type { GraphQLResolveInfo } from 'graphql';
import type { Context } from '../context.ts';
import type { Access } from '../luaauth/api.ts';
import { type Provenance, unusable } from '../luaauth/decoders.ts';
import type { Resource } from '../luaauth/resource.ts';
import { selectsOnlyBelow } from '../plan/look-ahead.ts';
import { checkId } from './argument.ts';
import { builder, type Types } from './builder.ts';
import type { Loadable } from './loadable-fields.ts';
import { defineLoader } from './loader.ts';
import { LoadableObjectRef } from './pothos.ts';

interface LoadableOptions<Shape extends Provenance, Param extends string>
  extends Partial<Pick<Loadable, 'key' | 'check'>> {
  readonly resource: Resource<Param>;
  /** The endpoint that shows an object. */
  readonly read: (api: Access, params: Readonly<Record<Param, string>>) => Promise<Shape>;
}

const loadables = new Map<string, Loadable>();

/** The types that a federation router reads by a key, by their names. */
export const LOADABLES: ReadonlyMap<string, Loadable> = loadables;

/**
 * A type for `builder.objectType` whose objects are read by a key, such as an id. A field of the type may return a key:
 * then the dataloader plugin reads the object. `t.one`, `t.several` and `t.readAgain` make the usual fields.
 */
export function loadableRef<Shape extends Provenance, Param extends string>(
  name: string,
  options: LoadableOptions<Shape, Param>,
) {
  const { resource, read, key = 'id', check = checkId } = options;
  const loaderOf = defineLoader(name, (api, given: string) =>
    read(api, { [resource.param]: given } as Readonly<Record<Param, string>>),
  );
  const type = new LoadableObjectRef<Types, string | Shape, Shape, string, string>(name, loaderOf);
  // As the plugin's own `loadableObjectRef` does.
  builder.configStore.onTypeConfig(type, (config) => {
    config.extensions = { ...config.extensions, getDataloader: loaderOf, entityKey: key };
  });
  const ref = Object.assign(type, { noun: resource.name, resource, key, check, loaderOf });
  loadables.set(name, ref);
  return ref;
}

type NamesBy<Property extends string> = Provenance & { readonly [Name in Property]: string | undefined };

/**
 * Makes a resolver for the object that a property names, such as `project_id`. Its field needs `usesInfo`.
 * @param known - the fields that need only the key: if no others are selected, nothing is read
 */
export function objectNamedBy<Shape extends Provenance, const Property extends string>(
  { name, key, loaderOf }: Pick<ReturnType<typeof loadableRef<Shape, string>>, 'name' | 'key' | 'loaderOf'>,
  property: Property,
  known: readonly string[],
) {
  return (source: NamesBy<Property>, _args: object, context: Context, info: GraphQLResolveInfo) => {
    const given = source[property];
    if (given === undefined) throw unusable(source, property);
    const loaded = loaderOf(context).known(given);
    // The loader also knows an object under the key that was asked for, which may differ in case.
    if (loaded && loaded[key as keyof Shape] === given) return loaded;
    return selectsOnlyBelow(info, name, known) ? ({ [key]: given } as unknown as Shape) : (loaded ?? given);
  };
}
