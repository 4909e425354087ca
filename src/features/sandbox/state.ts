import type { WireExecutions, WireProject, WireScript, WireSession, WireUser } from '../../luaauth/wire.ts';

/** A script as the sandbox holds it; the name is null once an edit has cleared it with `""`. */
export type SandboxScript = Omit<WireScript, 'name'> & { name: string | null };

/** A session as the sandbox holds it; a bigint id is written as exact digits, beyond 2^53 too. */
export type SandboxSession = Omit<WireSession, 'roblox_id' | 'place_id'> & {
  roblox_id: number | bigint;
  place_id: number | bigint;
};

/** The source that `POST /scripts/:script_id/update` stored last; version 1 is the seed. */
interface SandboxSource {
  version: number;
  bytes: number;
  sha256: string | null;
}

/** A project as the sandbox holds it; an edit with `""` leaves null, the seed `""` where no webhook is set. */
export type SandboxProject = Omit<WireProject, Clearable> & Record<Clearable, string | null>;
type Clearable = 'name' | 'execution_webhook' | 'information_webhook' | 'blacklist_webhook';

/** A user as the sandbox holds it; one who never ran a script has no executor and no fingerprint. */
export type SandboxUser = Omit<WireUser, Unseen> & Record<Unseen, string | null>;
type Unseen = 'executor' | 'luaauth_fingerprint';

/** Everything the account owns, by id; the order of a map is the order of its list. */
export interface SandboxState {
  scripts: Map<string, SandboxScript>;
  /** By script id. */
  executions: Map<string, WireExecutions>;
  /** By script id. */
  sources: Map<string, SandboxSource>;
  sessions: Map<string, SandboxSession>;
  /** When a disconnected session stops appearing in `sessions`, in ms by the sandbox's clock; by session id. */
  disconnected: Map<string, number>;
  /** When each guest who has come leaves, the same way, also one who was disconnected; by session id. */
  guests: Map<string, number>;
  projects: Map<string, SandboxProject>;
  /** By user key. */
  users: Map<string, SandboxUser>;
  /** The id of a user's project, which no answer shows; by user key. */
  userProjects: Map<string, string>;
  /** The tables that `tableOf` makes, by name. */
  tables: Map<string, Map<string, object>>;
}

/**
 * Declares a table of a resource, by id, whose file has its seed: the table that a state has of it is filled when it is
 * looked at first.
 */
export function tableOf<Row extends { readonly id: string }>(name: string, seed: () => readonly Row[]) {
  return ({ tables }: Pick<SandboxState, 'tables'>): Map<string, Row> => {
    const made = tables.get(name) ?? new Map(seed().map((row) => [row.id, row]));
    tables.set(name, made);
    // Nobody else makes one of this name.
    return made as Map<string, Row>;
  };
}

/** An account that owns nothing yet. */
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

/** Empties the maps in place, so that whoever holds one sees the change. */
export function clearState(state: SandboxState): void {
  for (const map of Object.values(state)) map.clear();
}
