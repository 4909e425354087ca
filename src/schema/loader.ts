import DataLoader from 'dataloader';
import type { Context } from '../context.ts';
import type { Api } from '../luaauth/api.ts';

type FetchAll<Key, Value> = (
  api: Api,
  keys: readonly Key[],
  context: Context,
) => Promise<readonly (Value | Error)[]>;

/** Known values take part without a promise each. Objects that came with a list cost nothing. */
class Loader<Key, Value> extends DataLoader<Key, Value, string> {
  /** By cache key: promises of what is being loaded, and values that were loaded or came with another answer. */
  declare readonly values: Map<string, Value | Promise<Value>>;

  constructor(fetchAll: FetchAll<Key, Value>, context: Context, cacheKeyOf: (key: Key) => string) {
    const values = new Map<string, Value | Promise<Value>>();
    const load = (keys: readonly Key[]) => {
      // Not an async function, which would keep 0.3 kB more while it waits.
      try {
        return fetchAll(context.caller.api, keys, context).then((found) => {
          for (const [index, value] of found.entries())
            if (!(value instanceof Error)) values.set(cacheKeyOf(keys[index] as Key), value);
          return found;
        });
      } catch (error) {
        return Promise.reject(error);
      }
    };
    super(load, { cacheKeyFn: cacheKeyOf, cacheMap: values as Map<string, Promise<Value>> });
    this.values = values;
  }

  known(cacheKey: string): Value | undefined {
    const value = this.values.get(cacheKey);
    return value instanceof Promise ? undefined : value;
  }
}

/** Defines a loader that fetches each key by itself. A failed key fails only its own slot. */
export function defineLoader<Key, Value>(
  name: string,
  fetch: (api: Api, key: Key) => Promise<Value>,
  cacheKeyOf: (key: Key) => string = String,
) {
  const fetchAll: FetchAll<Key, Value> = (api, keys) => {
    const fetchOne = (key: Key) => fetch(api, key).catch(errorOf);
    // A promise of all takes ten times the memory of `then`.
    return keys.length === 1
      ? fetchOne(keys[0] as Key).then(Array.of<Value | Error>)
      : Promise.all(keys.map(fetchOne));
  };
  return defineBatchLoader(name, fetchAll, cacheKeyOf);
}

/** Defines a loader that fetches its keys in one batch. It belongs to the operation's context, where `name` is its own. */
export function defineBatchLoader<Key, Value>(
  name: string,
  fetchAll: FetchAll<Key, Value>,
  cacheKeyOf: (key: Key) => string,
) {
  return (context: Context) => {
    context.loaders[name] ??= new Loader(fetchAll, context, cacheKeyOf);
    return context.loaders[name] as Loader<Key, Value>;
  };
}

export function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error('not an error', { cause: error });
}
