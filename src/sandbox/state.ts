import type { WireExecutions, WireScript, WireSession } from '../luaauth/wire.ts';

/** A script as the sandbox holds it; the name is null once an edit has cleared it with `""`. */
export type SandboxScript = Omit<WireScript, 'name'> & { name: string | null };

/** A session as the sandbox holds it; a bigint id is written as exact digits, beyond 2^53 too. */
export type SandboxSession = Omit<WireSession, 'roblox_id' | 'place_id'> & {
  roblox_id: number | bigint;
  place_id: number | bigint;
};

/** What `POST /scripts/:script_id/update` stored last; version 1 is the seed. */
export interface SandboxSource {
  version: number;
  bytes: number;
  sha256: string | null;
}

/** The `project` of `GET /projects/:project_id`. */
export interface SandboxProject {
  id: string;
  name: string;
  fingerprint_reset_cooldown: number;
  allow_fingerprint_resets: boolean;
  delete_expired_users: boolean;
  execution_webhook: string;
  information_webhook: string;
  blacklist_webhook: string;
  total_executions: number;
}

/** The `user` of `GET /users/:user_key`. Which members may be null is not documented. */
export interface SandboxUser {
  key: string;
  discord_id: string | null;
  fingerprint_assigned: boolean;
  executor: string | null;
  executions: number;
  key_expires: number | null;
  last_reset: number | null;
  total_fingerprint_resets: number;
  note: string | null;
  blacklisted: boolean;
  blacklist_reason: string | null;
  blacklist_expires: number | null;
  luaauth_fingerprint: string | null;
}

/** Everything the account owns, by id; the order of a map is the order of its list. */
export interface SandboxState {
  scripts: Map<string, SandboxScript>;
  /** By script id. */
  executions: Map<string, WireExecutions>;
  /** By script id. */
  sources: Map<string, SandboxSource>;
  sessions: Map<string, SandboxSession>;
  projects: Map<string, SandboxProject>;
  /** By user key. */
  users: Map<string, SandboxUser>;
}

/** An account that owns nothing yet. */
export function createState(): SandboxState {
  return {
    scripts: new Map(),
    executions: new Map(),
    sources: new Map(),
    sessions: new Map(),
    projects: new Map(),
    users: new Map(),
  };
}

/** Empties the maps in place, so that whoever holds one sees the change. */
export function clearState(state: SandboxState): void {
  for (const map of Object.values(state)) map.clear();
}
