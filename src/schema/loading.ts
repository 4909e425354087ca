import { dataloaderGetter } from '@pothos/plugin-dataloader';
import type { Context } from '../context.ts';
import type { Api } from '../luaauth/api.ts';

/** Asks for each key by itself. A key that fails fails its own slot only: DataLoader takes the error for a value. */
export function loadEach<Key, Value>(
  keys: readonly Key[],
  { caller }: Context,
  load: (api: Api, key: Key) => Promise<Value>,
): Promise<(Value | Error)[]> {
  let api: Api;
  try {
    api = caller.api;
  } catch (error) {
    return Promise.resolve(keys.map(() => errorOf(error)));
  }
  return Promise.all(keys.map((key) => load(api, key).catch(errorOf)));
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error('not an error', { cause: error });
}

/** A loader, one per operation, for what is no type of its own. `cacheKey` tells which keys ask for the same. */
export function createLoader<Key, Value>(
  load: (api: Api, key: Key) => Promise<Value>,
  cacheKey: (key: Key) => string,
): (context: Context) => Loader<Key, Value> {
  const getLoader = dataloaderGetter<Key, Value, string>(
    { cacheKeyFn: cacheKey },
    (keys, context) => loadEach(keys, context as Context, load),
    undefined,
    undefined,
  );
  return getLoader;
}

export interface Loader<Key, Value> {
  load(key: Key): Promise<Value>;
}
