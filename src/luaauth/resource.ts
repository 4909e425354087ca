import type { Asked } from '../transport/call.ts';
import { isId } from './decoders.ts';

/** Method and path, with names for ids: `GET /scripts/:script_id`. */
export type RouteTemplate = `${'GET' | 'POST'} /${string}`;

/** The names after a colon in a route: `'GET /scripts/:script_id'` has `'script_id'`. */
export type ParamName<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamName<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

export type Params<Path extends string> = { readonly [Name in ParamName<Path>]: string };

export function paramsIn(route: string): readonly string[] {
  return [...route.matchAll(/:(\w+)/g)].map(([, param = '']) => param);
}

/** Inserts ids into a path. This is the last guard before a request: the schema has already refused malformed ids. */
export function pathFiller(template: string): (params: Readonly<Record<string, string>>) => string {
  // Text and names in turn, such as '/scripts/', 'script_id', '/sessions'.
  const pieces = template.split(/:(\w+)/);
  return (params) => {
    let filled = '';
    for (let index = 0; index < pieces.length; index += 2) {
      filled += pieces[index];
      const name = pieces[index + 1];
      if (name === undefined) continue;
      const id = params[name];
      if (!isId(id)) throw new TypeError(`${name} is not an id`);
      // The colon is the only character of ids that needs encoding.
      filled += id.includes(':') ? encodeURIComponent(id) : id;
    }
    return filled;
  };
}

/** Each value is one parameter, with spaces as %20. Skips undefined values. */
export function queryString(payload: object): string {
  const pairs = Object.entries(payload).filter(([, value]) => value !== undefined);
  if (pairs.length === 0) return '';
  return `?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`;
}

export interface Resource<Param extends string = string> {
  readonly name: string;
  /** The name of its id in routes and payloads, such as `script_id`. */
  readonly param: Param;
  /** The property that names its owner. Undefined: no answer shows an owner. */
  readonly belongsTo: { readonly property: string; readonly resource: Resource } | undefined;
}

/** Declares a resource and the property that names its owner: `resource('script', 'script_id', { project_id: project })`. */
export function resource<const Param extends string>(
  name: string,
  param: Param,
  belongsTo: Readonly<Record<string, Resource>> = {},
): Resource<Param> {
  const [owner] = Object.entries(belongsTo);
  return { name, param, belongsTo: owner && { property: owner[0], resource: owner[1] } };
}

/** All lists of a resource in an account. A write that touches an object of the resource touches its lists too. */
export function listsOf(resource: Resource) {
  return { listsOf: resource };
}

/** Objects whose ids are in a member of the payload: one id, a list of ids, or none. */
export function sent<const Member extends string>(resource: Resource, member: Member) {
  return { sent: resource, member };
}

/** Shown by a read or touched by a write: an object in the path, all lists of a resource, or objects whose ids are sent. */
export type Part<Param extends string = string, Member extends string = string> =
  | Resource<Param>
  | ReturnType<typeof listsOf>
  | ReturnType<typeof sent<Member>>;

export interface Named {
  readonly resource: Resource;
  readonly id: string;
}

export function namedBy(parts: readonly Part[], asked: Asked): readonly Named[] {
  return parts.flatMap((part) => idsOf(part, asked).map((id) => ({ resource: resourceOf(part), id })));
}

function idsOf(part: Part, { params, payload = {} }: Asked): readonly string[] {
  if ('listsOf' in part) return [];
  if ('param' in part) return [params[part.param] as string];
  const given = (payload as Readonly<Record<string, string | readonly string[] | undefined>>)[part.member];
  if (given === undefined) return [];
  return typeof given === 'string' ? [given] : given;
}

/**
 * Names by which reads and the writes that touch them find each other. A write also has the names of all lists of what it
 * touches.
 * The API does not say whether `abc` and `ABC` are the same object. They share a name here, so a write by either id ends
 * the entries of both. The path keeps the case, so a read by one id is never answered with the other's entry.
 */
export function namesOf(kind: 'read' | 'write', parts: readonly Part[]): (asked: Asked) => readonly string[] {
  const inPath = parts.filter((part) => 'param' in part);
  const others = parts.filter((part) => 'member' in part);
  const withLists = parts.filter((part) => kind === 'write' || 'listsOf' in part);
  const listed = [...new Set(withLists.map((part) => resourceOf(part).name))];
  return (asked) => {
    let names: string[] = [];
    // Not `push`, which reserves room for 17 names. Most calls have one name.
    for (const { name, param } of inPath) names = [...names, `${name} ${asked.params[param]?.toLowerCase()}`];
    for (const part of others)
      for (const id of idsOf(part, asked)) names.push(`${part.sent.name} ${id.toLowerCase()}`);
    for (const name of listed) names.push(`lists of ${name} of ${asked.origin.account}`);
    return names;
  };
}

export function resourceOf(part: Part): Resource {
  if ('listsOf' in part) return part.listsOf;
  return 'sent' in part ? part.sent : part;
}
