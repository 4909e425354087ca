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
