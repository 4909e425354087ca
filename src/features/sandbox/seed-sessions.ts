import type { Random } from './random.ts';
import { seeded, seedScripts } from './seed-data.ts';
import type { SandboxSession, SandboxState } from './state.ts';

const places = [606849621, 286090429, 2753915549, 920587237, 155615604] as const;

/** All sessions of the seed begin within this time. */
export const SESSIONS_SPAN_MS = 8_400_000;

/** Creates the sessions of every script, oldest first, on a few dozen game servers. */
export function seedSessions({ sessions, users }: SandboxState, random: Random, beginsAt: number): void {
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
