import type { GraphQLError } from 'graphql';
import { codedError } from '../errors/coded-error.ts';
import type { Access, Ask } from '../luaauth/api.ts';
import type { ProjectExecutions } from '../luaauth/projects.ts';
import { Refused } from '../luaauth/refusal.ts';
import { getScript, type Script } from '../luaauth/scripts.ts';
import { getSession, type Session } from '../luaauth/sessions.ts';
import type { Call } from '../transport/call.ts';
import type { Usage } from '../transport/observer.ts';
import type { Grant } from './grant.ts';

/** How many things an operation may have read to see where they belong: no price has counted that. */
const MAX_LOOKUPS = 100;

type Thing = 'script' | 'project' | 'session' | 'user';

/** Whether a caller reaches some scripts and projects alone. */
export function hasLists({ scripts, projects }: Grant): boolean {
  return scripts !== undefined || projects !== undefined;
}

/** @throws FORBIDDEN for a project that the caller does not reach. */
export function checkProject(grant: Grant | undefined, id: string): void {
  if (grant && hasLists(grant) && !grant.projects?.has(id)) throw outOfReach(grant, 'project');
}

/** Whether a caller reaches a script: one who reaches projects may have to read it. @throws FORBIDDEN */
export async function checkScript(access: Access, grant: Grant | undefined, id: string): Promise<void> {
  if (!grant || !hasLists(grant)) return;
  if (!grant.scripts) await getScript(access, { script_id: id });
  else if (!grant.scripts.has(id)) throw outOfReach(grant, 'script');
}

/**
 * Makes calls for a caller who reaches some scripts and projects alone. All that an operation asks goes through here,
 * whichever way it came by an id. What the id shows is refused before the call; what only the answer shows, instead of it;
 * a write to what only a read can place is preceded by that read.
 */
export function limitReach(access: Access, grant: Grant): Ask {
  const reach = new Reach(access, grant);
  return (call, usage) => reach.ask(call, usage);
}

class Reach {
  readonly #access: Access;
  readonly #grant: Grant;
  readonly #own: Access;
  /** What has been looked up so far, by what it is and its id. */
  readonly #known = new Map<string, Promise<unknown>>();
  #lookups = 0;

  constructor(access: Access, grant: Grant) {
    this.#access = access;
    this.#grant = grant;
    this.#own = { ...access, ask: (call, usage) => this.ask(call, usage) };
  }

  async ask<T>(call: Call<T>, usage: Usage): Promise<T> {
    await this.#checkBefore(call);
    try {
      const value = await this.#access.ask(call, usage);
      return (await this.#checkAnswer(call.endpoint, value)) as T;
    } catch (failure) {
      // Whether there is something out of reach is not told either.
      const thing = this.#placedByAnswer(call.endpoint);
      const isDenied = failure instanceof Refused && failure.reason === 'not permitted';
      throw thing && isDenied ? outOfReach(this.#grant, thing) : failure;
    }
  }

  /** What a call is about must be within reach, as far as its ids tell. @throws FORBIDDEN */
  async #checkBefore({ endpoint, params, payload }: Call<unknown>): Promise<void> {
    const { script_id, project_id, session_id } = params;
    const { session_ids } = (payload ?? {}) as { readonly session_ids?: readonly string[] };
    if (project_id !== undefined) checkProject(this.#grant, project_id);
    else if (script_id !== undefined) await this.#checkScript(endpoint, script_id);
    else if (session_id !== undefined) await this.#checkSession(endpoint, session_id);
    else if (session_ids) await Promise.all(session_ids.map((id) => this.#checkSession(endpoint, id)));
    else throw outOfReach(this.#grant, 'user');
  }

  async #checkScript(endpoint: string, id: string): Promise<void> {
    const { scripts } = this.#grant;
    if (scripts && !scripts.has(id)) throw outOfReach(this.#grant, 'script');
    if (!scripts && endpoint !== getScript.route) await this.#read('script', id);
  }

  async #checkSession(endpoint: string, id: string): Promise<void> {
    if (endpoint !== getSession.route) await this.#read('session', id);
  }

  /** Reads what shows where a thing belongs; the answer is checked as any other. */
  #read(thing: 'script' | 'session', id: string): Promise<unknown> {
    const key = `${thing} ${id}`;
    const known = this.#known.get(key);
    if (known) return known;
    this.#lookups += 1;
    if (this.#lookups > MAX_LOOKUPS) throw tooManyLookups();
    const read =
      thing === 'script'
        ? getScript(this.#own, { script_id: id })
        : getSession(this.#own, { session_id: id });
    this.#known.set(key, read);
    return read;
  }

  /** What a read is about, if only its answer shows where that belongs. */
  #placedByAnswer(endpoint: string): Thing | undefined {
    if (endpoint === getSession.route) return 'session';
    return endpoint === getScript.route && !this.#grant.scripts ? 'script' : undefined;
  }

  async #checkAnswer(endpoint: string, value: unknown): Promise<unknown> {
    const { scripts, projects } = this.#grant;
    switch (endpoint) {
      case getScript.route: {
        const { id, project_id } = value as Script;
        if (!scripts && !projects?.has(project_id ?? '')) throw outOfReach(this.#grant, 'script');
        // No other call about the script needs to ask for it again.
        if (id !== undefined) this.#known.set(`script ${id}`, Promise.resolve());
        return value;
      }
      case getSession.route: {
        await this.#checkScriptOf(value as Session);
        return value;
      }
      case 'GET /projects/:project_id/executions': {
        const executions = value as ProjectExecutions;
        const isListed = ({ id = '' }: { readonly id: string | undefined }) => scripts?.has(id) ?? true;
        return { ...executions, scripts: executions.scripts?.filter(isListed) };
      }
      default:
        return value;
    }
  }

  async #checkScriptOf({ script_id: id }: Session): Promise<void> {
    const { scripts } = this.#grant;
    if (id === undefined || (scripts && !scripts.has(id))) throw outOfReach(this.#grant, 'session');
    if (scripts) return;
    try {
      await this.#read('script', id);
    } catch (error) {
      // Of a script that nobody has named, nothing is said.
      throw isOutOfReach(error) ? outOfReach(this.#grant, 'session') : error;
    }
  }
}

/** Whether it was refused because the caller does not reach what it is about. */
export function isOutOfReach(error: unknown): boolean {
  return (error as Partial<GraphQLError>).extensions?.outOfReach !== undefined;
}

function tooManyLookups(): GraphQLError {
  return codedError(
    'OPERATION_TOO_EXPENSIVE',
    `More than ${MAX_LOOKUPS} scripts and sessions would have to be read to see whether the gateway key reaches them. Split the operation.`,
    { limit: MAX_LOOKUPS },
  );
}

function outOfReach({ name }: Grant, thing: Thing): GraphQLError {
  return codedError(
    'FORBIDDEN',
    `The gateway key ${JSON.stringify(name ?? '')} does not reach this ${thing}, if there is one.`,
    { outOfReach: thing },
  );
}
