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

/** The values of the names in a route. */
export type Params<Path extends string> = { readonly [Name in ParamName<Path>]: string };

/** The names of the ids in a route. */
export function paramsIn(route: string): readonly string[] {
  return [...route.matchAll(/:(\w+)/g)].map(([, param = '']) => param);
}

/**
 * Fills a path's ids in. It is the last guard before anything is sent: the schema has refused a malformed id with
 * the argument's name by now.
 */
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
      // The colon alone, of all that an id may hold, needs it.
      filled += id.includes(':') ? encodeURIComponent(id) : id;
    }
    return filled;
  };
}

/** Each value exactly one parameter, spaces as %20; undefined ones are left out. */
export function queryString(payload: object): string {
  const pairs = Object.entries(payload).filter(([, value]) => value !== undefined);
  if (pairs.length === 0) return '';
  return `?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`;
}

/** A kind of thing that the API has, such as a script. */
export interface Resource<Param extends string = string> {
  /** Such as `script`. */
  readonly name: string;
  /** How routes and payloads call the id of one, such as `script_id`. */
  readonly param: Param;
  /** The property of one that names what it belongs to; undefined: no answer shows it. */
  readonly belongsTo: { readonly property: string; readonly resource: Resource } | undefined;
}

/** Declares a resource, and which property of one names its owner: `resource('script', 'script_id', { project_id: project })`. */
export function resource<const Param extends string>(
  name: string,
  param: Param,
  belongsTo: Readonly<Record<string, Resource>> = {},
): Resource<Param> {
  const [owner] = Object.entries(belongsTo);
  return { name, param, belongsTo: owner && { property: owner[0], resource: owner[1] } };
}

/** All lists of a resource that an account has. A write that touches or makes one of a resource touches them. */
export function listsOf(resource: Resource) {
  return { listsOf: resource };
}

/** Those of a resource whose ids stand in a member of the payload: one id, a list of them, or none. */
export function sent<const Member extends string>(resource: Resource, member: Member) {
  return { sent: resource, member };
}

/**
 * A read is part of it, a write touches it: one of a resource, whose id is in the path, all lists of a resource, or those
 * whose ids are sent.
 */
export type Part<Param extends string = string, Member extends string = string> =
  | Resource<Param>
  | ReturnType<typeof listsOf>
  | ReturnType<typeof sent<Member>>;

/** One of a resource. */
export interface Named {
  readonly resource: Resource;
  readonly id: string;
}

/** The resources that parts name by their ids. */
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
 * Gives the names by which reads and the writes that touch them find each other: a write's also those of all lists of what it
 * touches. The API does not say whether `abc` and `ABC` are one thing, so one rule holds in both cases. They may be one: both
 * have one name here, and a write by either ends the entries of both. They may be two: the path keeps its letters, so neither
 * is answered with an entry or a call of the other.
 */
export function namesOf(kind: 'read' | 'write', parts: readonly Part[]): (asked: Asked) => readonly string[] {
  const inPath = parts.filter((part) => 'param' in part);
  const others = parts.filter((part) => 'member' in part);
  const listed = new Set(
    parts.filter((part) => kind === 'write' || 'listsOf' in part).map((part) => resourceOf(part).name),
  );
  return (asked) => {
    // Loops, because every call of a large operation comes by here.
    const names: string[] = [];
    for (const { name, param } of inPath) names.push(`${name} ${asked.params[param]?.toLowerCase()}`);
    for (const part of others)
      for (const id of idsOf(part, asked)) names.push(`${part.sent.name} ${id.toLowerCase()}`);
    for (const name of listed) names.push(`lists of ${name} of ${asked.origin.account}`);
    return names;
  };
}

/** The resource that a part is about. */
export function resourceOf(part: Part): Resource {
  if ('listsOf' in part) return part.listsOf;
  return 'sent' in part ? part.sent : part;
}
