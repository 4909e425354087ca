import type { Asked } from '../transport/call.ts';
import { foldCase } from './route.ts';

/** A kind of thing that the API has, such as a script. */
export interface Resource<Param extends string = string> {
  /** Such as `script`. */
  readonly name: string;
  /** How routes and payloads call the id of one, such as `script_id`. */
  readonly param: Param;
  /** The property of one that names what it belongs to; undefined: no answer shows it. */
  readonly belongsTo: Owner | undefined;
}

interface Owner {
  readonly property: string;
  readonly resource: Resource;
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

interface Lists {
  readonly listsOf: Resource;
}

/** All lists of a resource that an account has. A write that touches or makes one of a resource touches them. */
export function listsOf(resource: Resource): Lists {
  return { listsOf: resource };
}

interface Sent<Member extends string> {
  readonly sent: Resource;
  readonly member: Member;
}

/** Those of a resource whose ids stand in a member of the payload: one id, a list of them, or none. */
export function sent<const Member extends string>(resource: Resource, member: Member): Sent<Member> {
  return { sent: resource, member };
}

/**
 * A read is part of it, a write touches it: one of a resource, whose id is in the path, all lists of a resource, or those
 * whose ids are sent.
 */
export type Part<Param extends string = string, Member extends string = string> =
  | Resource<Param>
  | Lists
  | Sent<Member>;

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
 * The names by which a read and the writes that touch it find each other. The API does not say whether `abc` and `ABC` are
 * one thing, so one rule holds in both cases. They may be one: both have one name here, and a write by either ends the
 * entries of both. They may be two: the path keeps its letters, so neither is answered with an entry or a call of the other.
 */
export function namesRead(parts: readonly Part[], asked: Asked): readonly string[] {
  // Loops, because every call of a large operation comes by here.
  const names: string[] = [];
  for (const part of parts) {
    if ('listsOf' in part) names.push(nameOfLists(part.listsOf, asked));
    for (const id of idsOf(part, asked)) names.push(nameOf(resourceOf(part), id));
  }
  return names;
}

/** The same for a write: one of a resource is in lists of it. */
export function namesTouched(parts: readonly Part[], asked: Asked): readonly string[] {
  const lists = parts.map((part) => nameOfLists(resourceOf(part), asked));
  return [...new Set([...namesRead(parts, asked), ...lists])];
}

/** The resource that a part is about. */
export function resourceOf(part: Part): Resource {
  if ('listsOf' in part) return part.listsOf;
  return 'sent' in part ? part.sent : part;
}

function nameOf({ name }: Resource, id: string): string {
  return `${name} ${foldCase(id)}`;
}

function nameOfLists({ name }: Resource, { origin }: Asked): string {
  return `lists of ${name} of ${origin.account}`;
}
