import { isId } from './decoders.ts';

/** Method and path, with names for ids: `GET /scripts/:script_id`. */
export type RouteTemplate = `${'GET' | 'POST'} /${string}`;

/** The names after a colon in a route: `'GET /scripts/:script_id'` has `'script_id'`. */
export type ParamName<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamName<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

/** The values of the names in a route. */
export type Params<Path extends string> = { readonly [Name in ParamName<Path>]: string };

/** The names of the ids in a route. */
export function paramsIn(route: string): readonly string[] {
  return [...route.matchAll(/:(\w+)/g)].map(([, param = '']) => param);
}

/**
 * Fills a route's ids in. It is the last guard before anything is sent: the schema has refused a malformed id with
 * the argument's name by now.
 */
export function routeFiller(route: string): (params: Readonly<Record<string, string>>) => string {
  const template = route.slice(route.indexOf(' ') + 1);
  const method = route.slice(0, route.length - template.length);
  // Text and names in turn, such as '/scripts/', 'script_id', '/sessions'.
  const pieces = template.split(/:(\w+)/);
  return (params) => {
    let filled = method;
    for (let index = 0; index < pieces.length; index += 1) {
      const piece = pieces[index] as string;
      filled += index % 2 === 0 ? piece : segment(piece, params[piece]);
    }
    return filled;
  };
}

/** Equal for ids that may be one thing, as they differ in the case of their letters alone. */
export function foldCase(text: string): string {
  return text.toLowerCase();
}

function segment(name: string, id: unknown): string {
  if (!isId(id)) throw new TypeError(`${name} is not an id`);
  // The colon alone, of all that an id may hold, needs it.
  return id.includes(':') ? encodeURIComponent(id) : id;
}

/** Each value exactly one parameter, spaces as %20; undefined ones are left out. */
export function queryString(payload: object): string {
  const pairs = Object.entries(payload).filter(([, value]) => value !== undefined);
  if (pairs.length === 0) return '';
  return `?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`;
}
