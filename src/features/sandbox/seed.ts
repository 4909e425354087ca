import type { WireExecutions } from '../../luaauth/wire.ts';
import { createRandom, type Random } from './random.ts';
import { seeded, seedProjects, seedScripts } from './seed-data.ts';
import { SESSIONS_SPAN_MS, seedSessions } from './seed-sessions.ts';
import { seedNamedUsers, seedUsers } from './seed-users.ts';
import { createState, type SandboxState } from './state.ts';

const dayMs = 86_400_000;

/** Fills an empty state with always the same account. With `now`, its dates are recent. */
export function seed(state: SandboxState, now?: number): void {
  const account = now === undefined ? fixedAccount() : makeAccount(recentDates(now));
  const { scripts, executions, sources, sessions, projects, users, userProjects } = account;
  copy(scripts, state.scripts);
  copy(executions, state.executions);
  copy(sources, state.sources);
  copy(sessions, state.sessions);
  copy(projects, state.projects);
  copy(users, state.users);
  for (const [key, project] of userProjects) state.userProjects.set(key, project);
}

function copy<Row extends object>(from: ReadonlyMap<string, Row>, to: Map<string, Row>): void {
  for (const [id, row] of from) to.set(id, { ...row });
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
    state.sources.set(id, { version: 1, bytes: 0, sha256: null });
  }
  seedUsers(state, random, beginsAt);
  seedSessions(state, random, beginsAt);
  seedNamedUsers(state, beginsAt);
  return state;
}

/** Readable ids for documentation: `…01` for 0, `…02` for 1. */
function numbered(first: string, index: number): string {
  return first.slice(0, -2) + (index + 1).toString(16).padStart(2, '0');
}

/** Fourteen days up to `lastDayAt`, busier at weekends, labelled month/day. */
function executionDays(total: number, random: Random, lastDayAt: number): WireExecutions {
  const days: WireExecutions = {};
  for (let ago = 13; ago >= 0; ago -= 1) {
    const date = new Date(lastDayAt - ago * dayMs);
    const busy = date.getUTCDay() % 6 === 0 ? 1.4 : 1;
    days[date.toISOString().slice(5, 10).replace('-', '/')] = Math.floor(
      (total / 420) * busy * (0.8 + random.next() * 0.4),
    );
  }
  return days;
}
