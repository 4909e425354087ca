import type { GraphQLError } from 'graphql';
import type { LRUCache } from 'lru-cache';
import { codedError } from '../errors/coded-error.ts';
import type { Access, Ask } from '../luaauth/api.ts';
import { ENDPOINTS } from '../luaauth/endpoints.ts';
import { project } from '../luaauth/projects.ts';
import { Refused } from '../luaauth/refusal.ts';
import { type Named, namedBy, type Resource } from '../luaauth/resource.ts';
import { getScript, script } from '../luaauth/scripts.ts';
import { user } from '../luaauth/users.ts';
import { createBoundedCache } from '../state/memory.ts';
import type { Call } from '../transport/call.ts';
import type { Usage } from '../transport/observer.ts';
import type { Permissions } from './permissions.ts';

/** How many things an operation may have read to find their owners: no price has counted that. */
const MAX_LOOKUPS = 100;

/** For how many things a gateway remembers their owners. */
const MAX_OWNERS = 10_000;

/** Whether a caller has access to listed scripts and projects alone. */
export function hasLists({ scripts, projects }: Permissions): boolean {
  return scripts !== undefined || projects !== undefined;
}

/** @throws FORBIDDEN for a project that the caller has no access to. */
export function checkProject(permissions: Permissions | undefined, id: string): void {
  if (permissions && hasLists(permissions) && !permissions.projects?.has(id))
    throw accessDenied(permissions, project);
}

/** Checks the access to a script: with a list of projects alone it has to be read. @throws FORBIDDEN */
export async function checkScript(access: Access, permissions: Permissions | undefined, id: string) {
  if (!permissions || !hasLists(permissions)) return;
  if (!permissions.scripts) await getScript(access, { script_id: id });
  else if (!permissions.scripts.has(id)) throw accessDenied(permissions, script);
}

/** The owners of things, as answers have shown them: the project of a script, the script of a session. */
type Owners = Pick<LRUCache<string, string>, 'get' | 'set'>;

/** Makes the memory of a gateway: lists exist only where it holds the API key, so all it sees is one account's. */
export function createOwners(): Owners {
  return createBoundedCache<string>(MAX_OWNERS);
}

/**
 * Makes calls for a caller with access to listed scripts and projects alone. All that an operation asks goes through here,
 * whichever way it came by an id. A call whose id shows it is refused before it is made; one whose answer alone shows it, instead of that;
 * a write to a thing whose owner only a read shows is preceded by that read.
 *
 * Nothing distinguishes a thing without access from one that does not exist, counts and costs included. Both take the same number of
 * requests of their own: a cache entry, or another caller's call, serves only a thing that is known to be accessible.
 */
export function limitAccess(access: Access, permissions: Permissions, owners: Owners): Ask {
  const own: Access = { ...access, ask };
  /** Things that were looked up so far, by what they are and their ids. */
  const known = new Map<string, Promise<unknown>>();
  let lookups = 0;
  return ask;

  async function ask<T>(call: Call<T>, usage: Usage): Promise<T> {
    const endpoint = ENDPOINTS.of(call.endpoint);
    if (endpoint?.isForAll) return access.ask(call, usage);
    const { parts = [], about = [], shows, narrow } = endpoint ?? {};
    const named = namedBy([...parts, ...about], call);
    // Nothing shows its owner.
    if (named.length === 0 && !narrow) throw accessDenied(permissions, user);
    await check(named, shows);
    const value = shows && !listOf(shows) ? await askOwned(shows, call, usage) : undefined;
    const answer = value ?? (await access.ask(call, usage));
    return narrow ? (narrow(answer, isListed) as T) : answer;
  }

  /** The accessible ids of a resource; undefined: its owner decides. */
  function listOf(resource: Resource): ReadonlySet<string> | undefined {
    if (resource === script) return permissions.scripts;
    return resource === project ? (permissions.projects ?? NOTHING) : undefined;
  }

  function isListed(resource: Resource, id = ''): boolean {
    return listOf(resource)?.has(id) ?? true;
  }

  /** All of them are looked up, so that the number of calls does not show which exist. @throws FORBIDDEN */
  async function check(named: readonly Named[], shown: Resource | undefined): Promise<void> {
    const checks = await Promise.allSettled(named.map((one) => checkOne(one, shown)));
    const failed = checks.find((check) => check.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** A thing that a call is about must be accessible, as its id shows, or a read before the call. @throws FORBIDDEN */
  async function checkOne({ resource, id }: Named, shown: Resource | undefined): Promise<void> {
    if (listOf(resource) ? !isListed(resource, id) : !resource.belongsTo)
      throw accessDenied(permissions, resource);
    if (!listOf(resource) && resource !== shown) await read(resource, id);
  }

  /** Makes a read whose answer alone shows the owner of the thing. @throws FORBIDDEN */
  async function askOwned<T>(thing: Resource, call: Call<T>, usage: Usage): Promise<T> {
    const id = call.params[thing.param] as string;
    const key = keyOf(thing, id);
    const isKnown = isAccessible(thing, id);
    const askOnce = (one: Call<T>) => access.ask(one, usage).catch(noneIfDenied);
    const unshared = { ...call, isUnshared: true };
    const value = await askOnce(isKnown ? call : unshared);
    const { resource: owner, property } = thing.belongsTo ?? NOBODY;
    const ownerId = (value as Readonly<Record<string, string | undefined>> | undefined)?.[property];
    if (ownerId !== undefined) owners.set(key, ownerId);
    if (listOf(owner)) {
      if (!isListed(owner, ownerId)) throw accessDenied(permissions, thing);
    } else if (ownerId === undefined) {
      // One that exists would have taken the read of its owner as well.
      countLookup();
      if (!isKnown) await askOnce(unshared);
      throw accessDenied(permissions, thing);
    } else await readOwner(thing, owner, ownerId);
    // No other call about it needs to ask for it again.
    known.set(key, Promise.resolve());
    return value as T;
  }

  async function readOwner(thing: Resource, owner: Resource, id: string): Promise<void> {
    try {
      await read(owner, id);
    } catch (error) {
      // An owner that nobody has named is not mentioned.
      throw isAccessDenied(error) ? accessDenied(permissions, thing) : error;
    }
  }

  /** Makes the read that shows a thing's owner; the answer is checked as any other. */
  async function read(thing: Resource, id: string): Promise<unknown> {
    const key = keyOf(thing, id);
    const before = known.get(key);
    if (!before) {
      const first = lookUp(thing, id);
      known.set(key, first);
      return first;
    }
    try {
      return await before;
    } catch (failure) {
      if (!isAccessDenied(failure)) throw failure;
      // One that does not exist would be asked for again too.
      return lookUp(thing, id);
    }
  }

  async function lookUp(thing: Resource, id: string): Promise<unknown> {
    countLookup();
    return ENDPOINTS.show(own, thing, id);
  }

  function countLookup(): void {
    lookups += 1;
    if (lookups <= MAX_LOOKUPS) return;
    throw codedError(
      'OPERATION_TOO_EXPENSIVE',
      `More than ${MAX_LOOKUPS} scripts, sessions and ad systems would have to be read to see whether the gateway key reaches them. Split the operation.`,
      { limit: MAX_LOOKUPS },
    );
  }

  /** Whether an answer has shown before that a thing is accessible. */
  function isAccessible(thing: Resource, id: string): boolean {
    const { resource: owner } = thing.belongsTo ?? NOBODY;
    const ownerId = owners.get(keyOf(thing, id));
    if (ownerId === undefined) return false;
    return listOf(owner) ? isListed(owner, ownerId) : isAccessible(owner, ownerId);
  }
}

const NOTHING: ReadonlySet<string> = new Set();

/** The owner of a thing that has none: it is refused before it is asked for. */
const NOBODY = { property: '', resource: user };

function keyOf({ name }: Resource, id: string): string {
  return `${name} ${id}`;
}

/** LuaAuth does not know it, or it belongs to another account. @throws any other failure */
function noneIfDenied(failure: unknown): undefined {
  if (failure instanceof Refused && failure.reason === 'not permitted') return undefined;
  throw failure;
}

/** Whether it was refused because the caller has no access to the thing. */
export function isAccessDenied(error: unknown): boolean {
  return (error as Partial<GraphQLError>).extensions?.outOfReach !== undefined;
}

function accessDenied({ name }: Permissions, { name: thing }: Resource): GraphQLError {
  return codedError(
    'FORBIDDEN',
    `The gateway key ${JSON.stringify(name ?? '')} does not reach this ${thing}, if there is one.`,
    { outOfReach: thing },
  );
}
