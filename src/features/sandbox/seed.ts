import type { WireExecutions } from '../../luaauth/wire.ts';
import { createRandom, type Random } from './random.ts';
import { numbered, seedAdSystems, seeded, seedProjects, seedScripts } from './seed-data.ts';
import { createState, type SandboxSession, type SandboxState, type SandboxUser } from './state.ts';

const executors = ['Cobalt', 'Volt', 'Drift', null] as const;
const notes = [null, null, null, 'beta tester', 'reseller', 'refunded once'] as const;
const dayMs = 86_400_000;
/** 2100-01-01, so that a blacklist of the seed never ends. */
const farFuture = 4_102_444_800_000;

/** Creates 150 licensed users; the first has the key `seeded.userKey`. */
function seedUsers(state: SandboxState, random: Random, beginsAt: number): void {
  for (let index = 0; index < 150; index += 1) {
    const key = index === 0 ? seeded.userKey : random.hex(24);
    const resets = random.whole(0, 4);
    const blacklisted = index % 37 === 36;
    const assigned = random.chance(0.9);
    const user = {
      key,
      discord_id: random.chance(0.85) ? `${random.whole(10, 99)}${digits(random, 16)}` : null,
      fingerprint_assigned: assigned,
      executor: random.pick(executors),
      executions: random.whole(1, 4000),
      key_expires: random.chance(0.3) ? null : beginsAt + random.whole(1, 90) * dayMs,
      last_reset: resets === 0 ? null : beginsAt - random.whole(1, 60) * dayMs,
      total_fingerprint_resets: resets,
      note: random.pick(notes),
      blacklisted,
      blacklist_reason: blacklisted ? 'shared key' : null,
      blacklist_expires: blacklisted ? farFuture : null,
      luaauth_fingerprint: assigned ? fingerprint(random.hex(40)) : null,
    };
    // Project 1 deletes expired users, and no seeded user may disappear when time passes.
    addUser(state, user, user.key_expires === null ? index % 3 : (index % 2) * 2);
  }
}

/** Creates the users of `seeded` that have no session. */
function seedNamedUsers(state: SandboxState, beginsAt: number): void {
  const plain: SandboxUser = {
    key: seeded.endlessUserKey,
    discord_id: null,
    fingerprint_assigned: false,
    executor: null,
    executions: 0,
    key_expires: null,
    last_reset: null,
    total_fingerprint_resets: 0,
    note: null,
    blacklisted: false,
    blacklist_reason: null,
    blacklist_expires: null,
    luaauth_fingerprint: null,
  };
  addUser(state, {
    ...plain,
    key: seeded.blacklistedUserKey,
    fingerprint_assigned: true,
    executor: 'Volt',
    executions: 318,
    blacklisted: true,
    blacklist_reason: 'shared key',
    blacklist_expires: farFuture,
    luaauth_fingerprint: fingerprint('5b1f0c77a9e2d4836b50f1a8c3d97e24b60af915'),
  });
  addUser(state, {
    ...plain,
    key: seeded.expiredUserKey,
    executions: 12,
    key_expires: beginsAt - dayMs,
    note: 'trial',
  });
  addUser(state, {
    ...plain,
    key: seeded.expiringUserKey,
    executions: 207,
    key_expires: beginsAt + 7 * dayMs,
  });
  addUser(state, plain);
}

function addUser({ projects, users, userProjects }: SandboxState, user: SandboxUser, project = 0): void {
  users.set(user.key, user);
  userProjects.set(user.key, [...projects.keys()][project] ?? '');
}

const kinds = ['ip', 'fingerprint', 'executor'];

/** A line for each kind: its mark of 13 hexadecimal digits, and its name. */
function fingerprint(hex: string): string {
  return kinds.map((kind, index) => `${hex.slice(index * 13, index * 13 + 13)} -> ${kind}`).join('\n');
}

const digits = (random: Random, length: number) => Array.from({ length }, () => random.whole(0, 9)).join('');

const places = [606849621, 286090429, 2753915549, 920587237, 155615604] as const;

/** All sessions of the seed begin within this time. */
const SESSIONS_SPAN_MS = 8_400_000;

/** Creates the sessions of every script, oldest first, on a few dozen game servers. */
function seedSessions({ sessions, users }: SandboxState, random: Random, beginsAt: number): void {
  const keys = [...users.keys()];
  // The first user is the seeded one and has only the seeded session.
  const accounts = new Map(keys.map((key) => [key, robloxId(random)]));
  const server = () => ({ place_id: random.pick(places), job_id: random.uuid() });
  const servers = Array.from({ length: 48 }, server);
  for (const { id: script_id, sessions: count, flags } of seedScripts) {
    let created_at = beginsAt;
    for (let index = 0; index < count; index += 1) {
      created_at += random.whole(1_000, 90_000);
      const user_key = keys[random.whole(1, keys.length - 1)] ?? seeded.userKey;
      const { place_id, job_id } = servers[random.whole(0, servers.length - 1)] ?? server();
      const roblox_id = accounts.get(user_key) ?? robloxId(random);
      const session = { id: random.hex(24), user_key, script_id, roblox_id, place_id, job_id, created_at };
      const first = sessions.size === 0 ? { ...seededSession, created_at: beginsAt } : {};
      const keyless = flags?.free_for_all && index % 3 > 0 ? withoutKey(index, random) : {};
      const row: SandboxSession = { ...session, ...first, ...keyless };
      if (row.user_key === undefined) delete row.user_key;
      sessions.set(row.id, row);
    }
  }
}

const seededSession = {
  id: seeded.sessionId,
  user_key: seeded.userKey,
  roblox_id: seeded.robloxId,
  place_id: seeded.placeId,
  job_id: seeded.jobId,
};

/** LuaAuth documents both null and a missing member for "no key". */
function withoutKey(index: number, random: Random) {
  return { user_key: index % 3 === 1 ? null : undefined, roblox_id: robloxId(random) };
}

const robloxId = (random: Random) => random.whole(1_204_311, 10_400_000_000);

/** Fills an empty state with always the same account. With `now`, its dates are recent. */
export function seed(state: SandboxState, now?: number): void {
  const account = now === undefined ? fixedAccount() : makeAccount(recentDates(now));
  for (const [name, rows] of Object.entries(structuredClone(account))) {
    // Each state has the same maps.
    const own = state[name as keyof SandboxState] as Map<string, unknown>;
    for (const [id, row] of rows) own.set(id, row);
  }
}

let made: SandboxState | undefined;

/** Made once per process: a reset only copies it. */
function fixedAccount(): SandboxState {
  made ??= makeAccount({ beginsAt: seeded.createdAt, lastDayAt: seeded.createdAt });
  return made;
}

interface SeedDates {
  beginsAt: number;
  /** A time on the last day with executions. */
  lastDayAt: number;
}

/** The last session begins minutes before `now`, and executions end on the previous day. */
function recentDates(now: number): SeedDates {
  return { beginsAt: now - SESSIONS_SPAN_MS, lastDayAt: now - dayMs };
}

function makeAccount({ beginsAt, lastDayAt }: SeedDates): SandboxState {
  const state = createState();
  const random = createRandom(20260209);
  // Data that was added later has its own generator, so that the earlier data stays the same.
  const laterRandom = createRandom(20261125);
  seedProjects.forEach((name, index) => {
    const id = numbered(seeded.projectId, index);
    state.projects.set(id, {
      id,
      name,
      fingerprint_reset_cooldown: (index + 1) * dayMs,
      allow_fingerprint_resets: index < 2,
      delete_expired_users: index === 1,
      execution_webhook: index === 0 ? 'https://hooks.example.com/executions' : '',
      information_webhook: index === 0 ? 'https://hooks.example.com/information' : '',
      blacklist_webhook: '',
      total_executions: seedScripts
        .filter(({ project }) => project === index)
        .reduce((sum, { executions }) => sum + executions, 0),
    });
  });
  for (const { id, name, project, executions, sessions, flags } of seedScripts) {
    const total_sessions = Math.floor(executions * 0.71);
    state.scripts.set(id, {
      id,
      project_id: numbered(seeded.projectId, project),
      name,
      free_for_all: false,
      use_heartbeat: true,
      kick_outdated: false,
      require_sessions: false,
      enabled: true,
      total_executions: executions,
      total_sessions,
      total_instances: sessions,
      ...flags,
    });
    state.executions.set(id, executionDays(executions, project < 3 ? random : laterRandom, lastDayAt));
  }
  for (const system of seedAdSystems) state.adSystems.set(system.id, system);
  seedUsers(state, random, beginsAt);
  seedSessions(state, random, beginsAt);
  seedNamedUsers(state, beginsAt);
  return state;
}

/** Fourteen days up to `lastDayAt`, labelled month/day. No weekday shows in them: the pages of docs/ print them. */
function executionDays(total: number, random: Random, lastDayAt: number): WireExecutions {
  const days: WireExecutions = {};
  for (let ago = 13; ago >= 0; ago -= 1) {
    const date = new Date(lastDayAt - ago * dayMs);
    days[date.toISOString().slice(5, 10).replace('-', '/')] = Math.floor(
      (total / 420) * (0.8 + random.next() * 0.4),
    );
  }
  return days;
}
