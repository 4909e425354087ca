import { seeded } from './seed-data.ts';
import type { SandboxState } from './state.ts';
import { endBlacklist } from './users.ts';

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
export function visit({ sessions, guests }: SandboxState, now: number, everyMs: number): void {
  if (everyMs <= 0) return;
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
