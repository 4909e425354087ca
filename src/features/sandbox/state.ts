import type {
  WireAdSystem,
  WireExecutions,
  WireProject,
  WireScript,
  WireSession,
  WireUser,
} from '../../luaauth/wire.ts';
import { seeded } from './seed-data.ts';

/** A script in the sandbox. The name is null after an edit with `""`. */
export type SandboxScript = Omit<WireScript, 'name'> & { name: string | null };

/** A session in the sandbox. A bigint id is written with all digits. */
export type SandboxSession = Omit<WireSession, 'roblox_id' | 'place_id'> & {
  roblox_id: number | bigint;
  place_id: number | bigint;
};

/** A project in the sandbox. An edit with `""` stores null; the seed has `""` for an unset webhook. */
export type SandboxProject = Omit<WireProject, Clearable> & Record<Clearable, string | null>;
type Clearable = 'name' | 'execution_webhook' | 'information_webhook' | 'blacklist_webhook';

/** A user in the sandbox. A user who never ran a script has no executor and no fingerprint. */
export type SandboxUser = Omit<WireUser, Unseen> & Record<Unseen, string | null>;
type Unseen = 'executor' | 'luaauth_fingerprint';

/** An ad system in the sandbox. The name is null after an edit with `""`. */
type SandboxAdSystem = Omit<WireAdSystem, 'name'> & { name: string | null };

/** The objects of the account by id. The order of a map is the order of its list. */
export type SandboxState = ReturnType<typeof createState>;

export function createState() {
  return {
    scripts: new Map<string, SandboxScript>(),
    /** By script id. */
    executions: new Map<string, WireExecutions>(),
    sessions: new Map<string, SandboxSession>(),
    /** When a disconnected session is no longer listed, in ms; by session id. */
    disconnected: new Map<string, number>(),
    /** When each guest leaves, in ms, including disconnected guests; by session id. */
    guests: new Map<string, number>(),
    projects: new Map<string, SandboxProject>(),
    users: new Map<string, SandboxUser>(),
    /** The project of each user, which no answer shows; by user key. */
    userProjects: new Map<string, string>(),
    adSystems: new Map<string, SandboxAdSystem>(),
  };
}

/** Empties the maps without replacing them, because callers hold them. */
export function clearState(state: SandboxState): void {
  for (const map of Object.values(state)) map.clear();
}

/** How long an expired user of a project with `delete_expired_users` still exists. */
const expiredUserMs = 15 * 60_000;

/** Sessions end, expired users are deleted, blacklists end. */
export function passTime(state: SandboxState, now: number): void {
  const { sessions, disconnected, projects, users, userProjects } = state;
  for (const [id, goneAt] of disconnected) {
    if (goneAt > now) continue;
    disconnected.delete(id);
    sessions.delete(id);
  }
  for (const user of users.values()) {
    const { key, key_expires, blacklist_expires } = user;
    if (blacklist_expires !== null && blacklist_expires <= now) endBlacklist(user);
    if (key_expires === null || key_expires + expiredUserMs > now) continue;
    if (!projects.get(userProjects.get(key) ?? '')?.delete_expired_users) continue;
    users.delete(key);
    userProjects.delete(key);
  }
}

/** How many guests are connected at a time, besides the users of the seed. */
const AT_A_TIME = 5;

/** Each guest stays for five times `everyMs`. The time alone decides which guests are there. A disconnected guest does not return. */
export function visit({ scripts, sessions, guests }: SandboxState, now: number, everyMs: number): void {
  if (everyMs <= 0 || !scripts.has(seeded.visitedScriptId)) return;
  for (const [id, leavesAt] of guests) {
    if (leavesAt > now) continue;
    guests.delete(id);
    sessions.delete(id);
  }
  const latest = Math.floor(now / everyMs);
  for (let guest = latest - AT_A_TIME + 1; guest <= latest; guest += 1) {
    const id = `6e57${Math.max(0, guest).toString(16).padStart(20, '0')}`;
    if (guests.has(id)) continue;
    guests.set(id, (guest + AT_A_TIME) * everyMs);
    sessions.set(id, {
      id,
      user_key: null,
      script_id: seeded.visitedScriptId,
      roblox_id: 1_000_000 + (guest % 1_000_000),
      place_id: seeded.placeId,
      job_id: seeded.jobId,
      created_at: guest * everyMs,
    });
  }
}

export function endBlacklist(user: SandboxUser): void {
  Object.assign(user, { blacklisted: false, blacklist_reason: null, blacklist_expires: null });
}
