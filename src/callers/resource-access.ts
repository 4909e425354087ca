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
import type { Usage } from '../transport/usage.ts';
import type { Grant } from './grant.ts';

/** How many objects an operation may read to find their owners. The price does not include these reads. */
const MAX_LOOKUPS = 100;

const MAX_OWNERS = 10_000;

/** Whether a caller's access is limited to listed scripts or projects. */
export function hasLists({ scripts, projects }: Grant): boolean {
  return scripts !== undefined || projects !== undefined;
}

/** @throws FORBIDDEN if the caller has no access to the project */
export function checkProject(grant: Grant | undefined, id: string): void {
  if (grant && hasLists(grant) && !grant.projects?.has(id)) throw accessDenied(grant, project);
}

/** Checks access to a script. If only projects are listed, this reads the script. @throws FORBIDDEN */
export async function checkScript(access: Access, grant: Grant | undefined, id: string) {
  if (!grant || !hasLists(grant)) return;
  if (!grant.scripts) await getScript(access, { script_id: id });
  else if (!grant.scripts.has(id)) throw accessDenied(grant, script);
}

/** The owners of objects that answers have shown: the project of a script, the script of a session. */
type Owners = Pick<LRUCache<string, string>, 'get' | 'set'>;

/** Lists exist only if the gateway holds the API key, so all owners belong to one account. */
export function createOwners(): Owners {
  return createBoundedCache<string>(MAX_OWNERS);
}

/**
 * Makes calls for a caller with access to listed scripts and projects only. Every call of an operation goes through here.
 * If the id shows a lack of access, the call is not made. If only the answer shows it, the answer is withheld. A write to
 * an object whose owner must be read is preceded by this read.
 *
 * An inaccessible object looks exactly like a missing object, even in counts and costs. Both take the same number of
 * requests: a cache entry or another caller's call serves only objects that are known to be accessible.
 */
export function limitAccess(access: Access, grant: Grant, owners: Owners): Ask {
  const own: Access = { ...access, ask };
  /** Objects that the operation has looked up, by resource and id. */
  const known = new Map<string, Promise<unknown>>();
  let lookups = 0;
  return ask;

  async function ask<T>(call: Call<T>, usage: Usage): Promise<T> {
    const endpoint = ENDPOINTS.of(call.endpoint);
    if (endpoint?.isPublic) return access.ask(call, usage);
    const { parts = [], about = [], shows, narrow } = endpoint ?? {};
    const named = namedBy([...parts, ...about], call);
    // Nothing shows the owner of this object.
    if (named.length === 0 && !narrow) throw accessDenied(grant, user);
    await check(named, shows);
    const value = shows && !listOf(shows) ? await askOwned(shows, call, usage) : undefined;
    const answer = value ?? (await access.ask(call, usage));
    return narrow ? (narrow(answer, isListed) as T) : answer;
  }

  /** The accessible ids of a resource. Undefined: its owner decides. */
  function listOf(resource: Resource): ReadonlySet<string> | undefined {
    if (resource === script) return grant.scripts;
    return resource === project ? (grant.projects ?? NOTHING) : undefined;
  }

  function isListed(resource: Resource, id = ''): boolean {
    return listOf(resource)?.has(id) ?? true;
  }

  /** Looks up all objects, so that the number of calls does not show which of them exist. @throws FORBIDDEN */
  async function check(named: readonly Named[], shown: Resource | undefined): Promise<void> {
    const checks = await Promise.allSettled(named.map((one) => checkOne(one, shown)));
    const failed = checks.find((check) => check.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** Checks an object by its id, or by a read before the call. @throws FORBIDDEN */
  async function checkOne({ resource, id }: Named, shown: Resource | undefined): Promise<void> {
    if (listOf(resource) ? !isListed(resource, id) : !resource.belongsTo) throw accessDenied(grant, resource);
    if (!listOf(resource) && resource !== shown) await read(resource, id);
  }

  /** Makes a read whose answer shows the owner, and checks the owner. @throws FORBIDDEN */
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
      if (!isListed(owner, ownerId)) throw accessDenied(grant, thing);
    } else if (ownerId === undefined) {
      // An existing object would also have cost the read of its owner.
      countLookup();
      if (!isKnown) await askOnce(unshared);
      throw accessDenied(grant, thing);
    } else await readOwner(thing, owner, ownerId);
    // Other calls about this object need not check it again.
    known.set(key, Promise.resolve());
    return value as T;
  }

  async function readOwner(thing: Resource, owner: Resource, id: string): Promise<void> {
    try {
      await read(owner, id);
    } catch (error) {
      // The error must not mention an owner that the request did not name.
      throw isAccessDenied(error) ? accessDenied(grant, thing) : error;
    }
  }

  /** Reads an object to learn its owner. The answer is checked like any other. */
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
      // A missing object would be asked for again too.
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
      `To check the access of the gateway key, more than ${MAX_LOOKUPS} scripts, sessions and ad systems would have to be read. Split the operation.`,
      { limit: MAX_LOOKUPS },
    );
  }

  /** Whether an earlier answer showed that the object is accessible. */
  function isAccessible(thing: Resource, id: string): boolean {
    const { resource: owner } = thing.belongsTo ?? NOBODY;
    const ownerId = owners.get(keyOf(thing, id));
    if (ownerId === undefined) return false;
    return listOf(owner) ? isListed(owner, ownerId) : isAccessible(owner, ownerId);
  }
}

const NOTHING: ReadonlySet<string> = new Set();

/** Stands for the owner of an object without owner, which is refused before it is read. */
const NOBODY = { property: '', resource: user };

function keyOf({ name }: Resource, id: string): string {
  return `${name} ${id}`;
}

function noneIfDenied(failure: unknown): undefined {
  if (failure instanceof Refused && failure.reason === 'not permitted') return undefined;
  throw failure;
}

/** Whether the error is a lack of access to an object. */
function isAccessDenied(error: unknown): boolean {
  return (error as Partial<GraphQLError>).extensions?.outOfReach !== undefined;
}

function accessDenied({ name }: Grant, { name: thing }: Resource): GraphQLError {
  return codedError(
    'FORBIDDEN',
    `The gateway key ${JSON.stringify(name ?? '')} does not reach this ${thing}, if it exists.`,
    { outOfReach: thing },
  );
}
