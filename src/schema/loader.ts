import DataLoader from 'dataloader';
import type { Context } from '../context.ts';
import type { Api } from '../luaauth/api.ts';
import { builder, type Types } from './builder.ts';
import { LoadableObjectRef } from './pothos.ts';

/**
 * Defines a loader that reads each key once in an operation, and again after a write. It belongs to the operation's
 * context, where `name` is its own. The plugin keeps loaders in a `WeakMap` by context, and V8's young collection treats the
 * values of an old `WeakMap` as alive, so the loader, context and request of each operation would stay until a full collection.
 */
export function defineLoader<Key, Value>(
  name: string,
  load: (keys: readonly Key[], context: Context) => Promise<readonly (Value | Error)[]>,
  cacheKeyFn: (key: Key) => string = String,
) {
  return (context: Context) => {
    context.loaders[name] ??= new DataLoader((keys: readonly Key[]) => load(keys, context), { cacheKeyFn });
    return context.loaders[name] as DataLoader<Key, Value, string>;
  };
}

/** Makes the `load` of a loader that reads each key with a call of its own. A failed call fails only its own key. */
export function oneByOne<Key, Value>(read: (api: Api, key: Key) => Promise<Value>) {
  return async (keys: readonly Key[], { caller: { api } }: Context): Promise<(Value | Error)[]> =>
    Promise.all(keys.map((key) => read(api, key).catch((error: Error) => error)));
}

/**
 * A type for `builder.objectType` whose objects are read by a key, such as an id. A field of this type may return a key:
 * then the dataloader plugin reads the object. In a list it may also return an error for an index.
 */
export function loadableRef<Shape>(name: string, read: (api: Api, key: string) => Promise<Shape>) {
  const getDataloader = defineLoader(name, oneByOne(read));
  const ref = new LoadableObjectRef<Types, string | Shape | Error, Shape, string, string>(
    name,
    getDataloader,
  );
  // As the plugin's own `loadableObjectRef` does.
  builder.configStore.onTypeConfig(ref, (config) => {
    config.extensions = { ...config.extensions, getDataloader };
  });
  return ref;
}
