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
export async function checkScript(
  access: Access,
  permissions: Permissions | undefined,
  id: string,
): Promise<void> {
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
  const limited = new LimitedAccess(access, permissions, owners);
  return (call, usage) => limited.ask(call, usage);
}

class LimitedAccess {
  readonly #access: Access;
  readonly #permissions: Permissions;
  readonly #owners: Owners;
  readonly #own: Access;
  /** Things that were looked up so far, by what they are and their ids. */
  readonly #known = new Map<string, Promise<unknown>>();
  #lookups = 0;

  constructor(access: Access, permissions: Permissions, owners: Owners) {
    this.#access = access;
    this.#permissions = permissions;
    this.#owners = owners;
    this.#own = { ...access, ask: (call, usage) => this.ask(call, usage) };
  }

  async ask<T>(call: Call<T>, usage: Usage): Promise<T> {
    const endpoint = ENDPOINTS.of(call.endpoint);
    if (endpoint?.isForAll) return this.#access.ask(call, usage);
    const { parts = [], about = [], shows, narrow } = endpoint ?? {};
    const named = namedBy([...parts, ...about], call);
    // Nothing shows its owner.
    if (named.length === 0 && !narrow) throw accessDenied(this.#permissions, user);
    await this.#check(named, shows);
    const value = shows && !this.#listOf(shows) ? await this.#askOwned(shows, call, usage) : undefined;
    const answer = value ?? (await this.#access.ask(call, usage));
    return narrow ? (narrow(answer, (resource, id) => this.#isListed(resource, id)) as T) : answer;
  }

  /** The accessible ids of a resource; undefined: its owner decides. */
  #listOf(resource: Resource): ReadonlySet<string> | undefined {
    if (resource === script) return this.#permissions.scripts;
    return resource === project ? (this.#permissions.projects ?? NOTHING) : undefined;
  }

  #isListed(resource: Resource, id = ''): boolean {
    return this.#listOf(resource)?.has(id) ?? true;
  }

  /** All of them are looked up, so that the number of calls does not show which exist. @throws FORBIDDEN */
  async #check(named: readonly Named[], shown: Resource | undefined): Promise<void> {
    const checks = await Promise.allSettled(named.map((one) => this.#checkOne(one, shown)));
    const failed = checks.find((check) => check.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** A thing that a call is about must be accessible, as its id shows, or a read before the call. @throws FORBIDDEN */
  async #checkOne({ resource, id }: Named, shown: Resource | undefined): Promise<void> {
    if (this.#listOf(resource) ? !this.#isListed(resource, id) : !resource.belongsTo)
      throw accessDenied(this.#permissions, resource);
    if (!this.#listOf(resource) && resource !== shown) await this.#read(resource, id);
  }

  /** Makes a read whose answer alone shows the owner of the thing. @throws FORBIDDEN */
  async #askOwned<T>(thing: Resource, call: Call<T>, usage: Usage): Promise<T> {
    const id = call.params[thing.param] as string;
    const key = keyOf(thing, id);
    const isKnown = this.#isAccessible(thing, id);
    const ask = (one: Call<T>) => this.#access.ask(one, usage).catch(noneIfDenied);
    const unshared = { ...call, isUnshared: true };
    const value = await ask(isKnown ? call : unshared);
    const { resource: owner, property } = thing.belongsTo ?? NOBODY;
    const ownerId = (value as Readonly<Record<string, string | undefined>> | undefined)?.[property];
    if (ownerId !== undefined) this.#owners.set(key, ownerId);
    if (this.#listOf(owner)) {
      if (!this.#isListed(owner, ownerId)) throw accessDenied(this.#permissions, thing);
    } else if (ownerId === undefined) {
      // One that exists would have taken the read of its owner as well.
      this.#countLookup();
      if (!isKnown) await ask(unshared);
      throw accessDenied(this.#permissions, thing);
    } else await this.#readOwner(thing, owner, ownerId);
    // No other call about it needs to ask for it again.
    this.#known.set(key, Promise.resolve());
    return value as T;
  }

  async #readOwner(thing: Resource, owner: Resource, id: string): Promise<void> {
    try {
      await this.#read(owner, id);
    } catch (error) {
      // An owner that nobody has named is not mentioned.
      throw isAccessDenied(error) ? accessDenied(this.#permissions, thing) : error;
    }
  }

  /** Makes the read that shows a thing's owner; the answer is checked as any other. */
  async #read(thing: Resource, id: string): Promise<unknown> {
    const key = keyOf(thing, id);
    const known = this.#known.get(key);
    if (!known) return this.#remember(key, this.#lookUp(thing, id));
    try {
      return await known;
    } catch (failure) {
      if (!isAccessDenied(failure)) throw failure;
      // One that does not exist would be asked for again too.
      return this.#lookUp(thing, id);
    }
  }

  #remember(key: string, read: Promise<unknown>): Promise<unknown> {
    this.#known.set(key, read);
    return read;
  }

  async #lookUp(thing: Resource, id: string): Promise<unknown> {
    this.#countLookup();
    return ENDPOINTS.show(this.#own, thing, id);
  }

  #countLookup(): void {
    this.#lookups += 1;
    if (this.#lookups > MAX_LOOKUPS) throw tooManyLookups();
  }

  /** Whether an answer has shown before that a thing is accessible. */
  #isAccessible(thing: Resource, id: string): boolean {
    const { resource: owner } = thing.belongsTo ?? NOBODY;
    const ownerId = this.#owners.get(keyOf(thing, id));
    if (ownerId === undefined) return false;
    return this.#listOf(owner) ? this.#isListed(owner, ownerId) : this.#isAccessible(owner, ownerId);
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

function tooManyLookups(): GraphQLError {
  return codedError(
    'OPERATION_TOO_EXPENSIVE',
    `More than ${MAX_LOOKUPS} scripts, sessions and ad systems would have to be read to see whether the gateway key reaches them. Split the operation.`,
    { limit: MAX_LOOKUPS },
  );
}

function accessDenied({ name }: Permissions, { name: thing }: Resource): GraphQLError {
  return codedError(
    'FORBIDDEN',
    `The gateway key ${JSON.stringify(name ?? '')} does not reach this ${thing}, if there is one.`,
    { outOfReach: thing },
  );
}
