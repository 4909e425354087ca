import DataLoader from 'dataloader';
import type { Context } from '../context.ts';
import type { Api } from '../luaauth/api.ts';

type FetchAll<Key, Value> = (
  api: Api,
  keys: readonly Key[],
  context: Context,
) => Promise<readonly (Value | Error)[]>;

/** Also returns known values, without a promise each. Objects that came with a list cost nothing. */
class Loader<Key, Value> extends DataLoader<Key, Value, string> {
  /** Values that were loaded or came with another answer, by cache key. */
  declare readonly known: Map<string, Value>;
  declare readonly cacheKeyOf: (key: Key) => string;

  constructor(fetchAll: FetchAll<Key, Value>, context: Context, cacheKeyOf: (key: Key) => string) {
    const known = new Map<string, Value>();
    const load = async (keys: readonly Key[]) => {
      const values = await fetchAll(context.caller.api, keys, context);
      for (const [index, value] of values.entries())
        if (!(value instanceof Error)) known.set(cacheKeyOf(keys[index] as Key), value);
      return values;
    };
    super(load, { cacheKeyFn: cacheKeyOf });
    this.known = known;
    this.cacheKeyOf = cacheKeyOf;
  }

  override load(key: Key): Promise<Value> {
    const known = this.known.get(this.cacheKeyOf(key));
    if (known !== undefined) this.prime(key, known);
    return super.load(key);
  }
}

/** Defines a loader that fetches each key by itself. A failed key fails only its own slot. */
export function defineLoader<Key, Value>(
  fetch: (api: Api, key: Key) => Promise<Value>,
  cacheKeyOf: (key: Key) => string = String,
) {
  return defineBatchLoader<Key, Value>(async (api, keys) => {
    const fetchOne = (key: Key) => fetch(api, key).catch(errorOf);
    const ahead = api.trial?.ahead(keys.length) ?? keys.length;
    if (keys.length === 1 && ahead === 1) return [await fetchOne(keys[0] as Key)];
    const first = keys.slice(0, ahead).map(fetchOne);
    if (ahead < keys.length) await api.trial?.accepted;
    return Promise.all([...first, ...keys.slice(ahead).map(fetchOne)]);
  }, cacheKeyOf);
}

let count = 0;

/** Defines a loader that fetches its keys in one batch. The loader belongs to the operation's context. */
export function defineBatchLoader<Key, Value>(
  fetchAll: FetchAll<Key, Value>,
  cacheKeyOf: (key: Key) => string,
) {
  const number = count++;
  return (context: Context) => {
    context.loaders[number] ??= new Loader(fetchAll, context, cacheKeyOf);
    return context.loaders[number] as Loader<Key, Value>;
  };
}

export function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error('not an error', { cause: error });
}
