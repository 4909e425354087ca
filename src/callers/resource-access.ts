import type { GraphQLError } from 'graphql';
import { codedError } from '../errors/coded-error.ts';
import type { Access, Ask } from '../luaauth/api.ts';
import { ENDPOINTS } from '../luaauth/endpoints.ts';
import { project } from '../luaauth/projects.ts';
import { Refused } from '../luaauth/refusal.ts';
import { type Named, namedBy, type Resource } from '../luaauth/resource.ts';
import { getScript, script } from '../luaauth/scripts.ts';
import { user } from '../luaauth/users.ts';
import type { Call } from '../transport/call.ts';
import type { Usage } from '../transport/usage.ts';
import type { Grant } from './grant.ts';

/** How many objects an operation may read to find their owners. The price does not include these reads. */
const MAX_LOOKUPS = 100;

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

/**
 * Makes calls for a caller with access to listed scripts and projects only. Every call of an operation goes through here.
 * If the id shows a lack of access, the call is not made. If only the answer shows it, the answer is withheld. A write to
 * an object whose owner must be read is preceded by this read. A missing object is refused with the same words.
 */
export function limitAccess(access: Access, grant: Grant): Ask {
  /** Whether the operation may use the objects whose owner an answer has shown, by resource and id. */
  const found = new Map<string, Promise<boolean>>();
  let lookups = 0;
  return ask;

  async function ask<T>(call: Call<T>, usage: Usage): Promise<T> {
    const endpoint = ENDPOINTS.of(call.endpoint);
    if (endpoint?.isPublic) return access.ask(call, usage);
    const { parts = [], about = [], shows, narrow } = endpoint ?? {};
    const named = namedBy([...parts, ...about], call);
    // Nothing shows the owner of this object.
    if (named.length === 0 && !narrow) throw accessDenied(grant, user);
    const shown = shows?.belongsTo && !listOf(shows) ? shows : undefined;
    await Promise.all(named.filter(({ resource }) => resource !== shown).map(check));
    if (shown) return askOwned(shown, call, usage);
    const answer = await access.ask(call, usage);
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

  /** Makes a read whose answer shows the owner, and checks the owner. @throws FORBIDDEN */
  async function askOwned<T>(thing: Resource, call: Call<T>, usage: Usage): Promise<T> {
    const value = await access.ask(call, usage).catch(undefinedIfRefused);
    if (value === undefined || !(await mayUseOwner(thing, value))) throw accessDenied(grant, thing);
    found.set(keyOf(thing, call.params[thing.param] as string), Promise.resolve(true));
    return value;
  }

  /** @throws FORBIDDEN if the caller has no access to the object */
  async function check({ resource, id }: Named): Promise<void> {
    if (!(await mayUse(resource, id))) throw accessDenied(grant, resource);
  }

  /** Decides by the list of the resource, or else reads the object once in the operation and decides by its owner. */
  async function mayUse(resource: Resource, id: string): Promise<boolean> {
    const list = listOf(resource);
    if (list) return list.has(id);
    if (!resource.belongsTo) return false;
    const key = keyOf(resource, id);
    const answer = found.get(key) ?? lookUp(resource, id);
    found.set(key, answer);
    return answer;
  }

  async function lookUp(resource: Resource, id: string): Promise<boolean> {
    lookups += 1;
    if (lookups > MAX_LOOKUPS) throw tooManyLookups();
    const value = await ENDPOINTS.show(access, resource, id).catch(undefinedIfRefused);
    return value !== undefined && mayUseOwner(resource, value);
  }

  async function mayUseOwner({ belongsTo }: Resource, value: unknown): Promise<boolean> {
    if (!belongsTo) return false;
    const ownerId = (value as Readonly<Record<string, string | undefined>>)[belongsTo.property];
    return ownerId !== undefined && mayUse(belongsTo.resource, ownerId);
  }
}

const NOTHING: ReadonlySet<string> = new Set();

function keyOf({ name }: Resource, id: string): string {
  return `${name} ${id}`;
}

/** LuaAuth answers so if an object is missing or belongs to another account. */
function undefinedIfRefused(failure: unknown): undefined {
  if (failure instanceof Refused && failure.reason === 'not permitted') return undefined;
  throw failure;
}

function tooManyLookups(): GraphQLError {
  return codedError(
    'OPERATION_TOO_EXPENSIVE',
    `To check the access of the gateway key, more than ${MAX_LOOKUPS} scripts, sessions and ad systems would have to be read. Split the operation.`,
    { limit: MAX_LOOKUPS },
  );
}

function accessDenied({ name }: Grant, { name: thing }: Resource): GraphQLError {
  return codedError(
    'FORBIDDEN',
    `The gateway key ${JSON.stringify(name ?? '')} does not reach this ${thing}, if it exists.`,
    { outOfReach: thing },
  );
}
