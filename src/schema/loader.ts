import DataLoader from 'dataloader';
import type { Context } from '../context.ts';
import type { Api } from '../luaauth/api.ts';

/** Fetches several keys, each distinct, and gives for each its value or why there is none. */
type FetchAll<Key, Value> = (
  api: Api,
  keys: readonly Key[],
  context: Context,
) => Promise<readonly (Value | Error)[]>;

/**
 * A DataLoader that also gives known values at once: the rows of a list lead back to their script without a promise each,
 * and what a list brought along costs nothing until it is asked for.
 */
class Loader<Key, Value> extends DataLoader<Key, Value, string> {
  /** Values that were loaded, or came with something else, by cache keys. */
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

/**
 * Defines a loader that asks for each key by itself. A key that fails fails its own slot only: DataLoader takes the error for
 * a value.
 */
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

/** The same for keys that are fetched in one batch. Each operation has its own: it hangs on the operation's context. */
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

/** Turns a thrown value into the value of its slot. */
export function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error('not an error', { cause: error });
}
