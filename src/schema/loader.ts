import DataLoader from 'dataloader';
import type { Context } from '../context.ts';
import type { Api } from '../luaauth/api.ts';

/** Fetches one key of a caller's. */
type Fetch<Key, Value> = (api: Api, key: Key) => Promise<Value>;

/** Fetches several keys, each distinct, and gives for each its value or why there is none. Never rejects. */
type FetchAll<Key, Value> = (
  api: Api,
  keys: readonly Key[],
  context: Context,
) => Promise<readonly (Value | Error)[]>;

/**
 * A DataLoader that also gives known values at once: the rows of a list lead back to their script without a promise each,
 * and what a list brought along costs nothing until it is asked for.
 */
export class Loader<Key, Value> extends DataLoader<Key, Value, string> {
  readonly #cacheKeyOf: (key: Key) => string;
  readonly #values = new Map<string, Value>();

  constructor(fetchAll: FetchAll<Key, Value>, context: Context, cacheKeyOf: (key: Key) => string) {
    super((keys) => this.#fetch(keys, context, fetchAll), { cacheKeyFn: cacheKeyOf });
    this.#cacheKeyOf = cacheKeyOf;
  }

  /** The value of a key, if it was loaded or put in before. */
  peek(key: Key): Value | undefined {
    return this.#values.get(this.#cacheKeyOf(key));
  }

  /** Puts in what came with something else. */
  put(key: Key, value: Value): void {
    this.#values.set(this.#cacheKeyOf(key), value);
  }

  override load(key: Key): Promise<Value> {
    const known = this.peek(key);
    if (known !== undefined) this.prime(key, known);
    return super.load(key);
  }

  async #fetch(
    keys: readonly Key[],
    context: Context,
    fetchAll: FetchAll<Key, Value>,
  ): Promise<readonly (Value | Error)[]> {
    let api: Api;
    try {
      api = context.caller.api;
    } catch (error) {
      return keys.map(() => errorOf(error));
    }
    const values = await fetchAll(api, keys, context);
    for (const [index, value] of values.entries())
      if (!(value instanceof Error)) this.put(keys[index] as Key, value);
    return values;
  }
}

/** Asks for each key by itself. A key that fails fails its own slot only: DataLoader takes the error for a value. */
function fetchEach<Key, Value>(fetch: Fetch<Key, Value>): FetchAll<Key, Value> {
  return async (api, keys) => {
    const fetchAll = (some: readonly Key[]) => some.map((key) => fetch(api, key).catch(errorOf));
    const ahead = api.trial?.ahead(keys.length) ?? keys.length;
    if (ahead === keys.length) return Promise.all(fetchAll(keys));
    const first = fetchAll(keys.slice(0, ahead));
    await api.trial?.accepted;
    return Promise.all([...first, ...fetchAll(keys.slice(ahead))]);
  };
}

let count = 0;

/** Gives the loader of an operation. */
type LoaderOf<Key, Value> = (context: Context) => Loader<Key, Value>;

/** Defines a loader, of which each operation has its own: it hangs on the operation's context. */
export function defineLoader<Key, Value>(
  fetch: Fetch<Key, Value>,
  cacheKeyOf: (key: Key) => string = String,
): LoaderOf<Key, Value> {
  return defineBatchLoader(fetchEach(fetch), cacheKeyOf);
}

/** The same for keys that are fetched in one batch. */
export function defineBatchLoader<Key, Value>(
  fetchAll: FetchAll<Key, Value>,
  cacheKeyOf: (key: Key) => string,
): LoaderOf<Key, Value> {
  const number = count;
  count += 1;
  return (context) => {
    context.loaders[number] ??= new Loader(fetchAll, context, cacheKeyOf);
    return context.loaders[number] as Loader<Key, Value>;
  };
}

/** Forgets all that an operation has read. */
export function forgetLoaded(context: Context): void {
  context.loaders.length = 0;
}

/** Turns a thrown value into the value of its slot. */
export function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error('not an error', { cause: error });
}
