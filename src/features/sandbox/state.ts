import type { WireExecutions, WireProject, WireScript, WireSession, WireUser } from '../../luaauth/wire.ts';

/** A script in the sandbox. The name is null after an edit with `""`. */
export type SandboxScript = Omit<WireScript, 'name'> & { name: string | null };

/** A session in the sandbox. A bigint id is written with all digits. */
export type SandboxSession = Omit<WireSession, 'roblox_id' | 'place_id'> & {
  roblox_id: number | bigint;
  place_id: number | bigint;
};

/** The last source that `POST /scripts/:script_id/update` stored. Version 1 is the seed. */
interface SandboxSource {
  version: number;
  bytes: number;
  sha256: string | null;
}

/** A project in the sandbox. An edit with `""` stores null; the seed has `""` for an unset webhook. */
export type SandboxProject = Omit<WireProject, Clearable> & Record<Clearable, string | null>;
type Clearable = 'name' | 'execution_webhook' | 'information_webhook' | 'blacklist_webhook';

/** A user in the sandbox. A user who never ran a script has no executor and no fingerprint. */
export type SandboxUser = Omit<WireUser, Unseen> & Record<Unseen, string | null>;
type Unseen = 'executor' | 'luaauth_fingerprint';

/** The objects of the account by id. The order of a map is the order of its list. */
export interface SandboxState {
  scripts: Map<string, SandboxScript>;
  /** By script id. */
  executions: Map<string, WireExecutions>;
  /** By script id. */
  sources: Map<string, SandboxSource>;
  sessions: Map<string, SandboxSession>;
  /** When a disconnected session is no longer listed, in ms; by session id. */
  disconnected: Map<string, number>;
  /** When each guest leaves, in ms, including disconnected guests; by session id. */
  guests: Map<string, number>;
  projects: Map<string, SandboxProject>;
  users: Map<string, SandboxUser>;
  /** The project of each user, which no answer shows; by user key. */
  userProjects: Map<string, string>;
  tables: Map<string, Map<string, object>>;
}

/** Declares a table of objects by id, in the file of its resource. A state fills its table with the seed at the first use. */
export function tableOf<Row extends { readonly id: string }>(name: string, seed: () => readonly Row[]) {
  return ({ tables }: Pick<SandboxState, 'tables'>): Map<string, Row> => {
    const made = tables.get(name) ?? new Map(seed().map((row) => [row.id, row]));
    tables.set(name, made);
    // Only this function makes a table with this name.
    return made as Map<string, Row>;
  };
}

export function createState(): SandboxState {
  return {
    scripts: new Map(),
    executions: new Map(),
    sources: new Map(),
    sessions: new Map(),
    disconnected: new Map(),
    guests: new Map(),
    projects: new Map(),
    users: new Map(),
    userProjects: new Map(),
    tables: new Map(),
  };
}

/** Empties the maps without replacing them, because callers hold them. */
export function clearState(state: SandboxState): void {
  for (const map of Object.values(state)) map.clear();
}
