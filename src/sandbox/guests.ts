import { seeded } from './seed-data.ts';
import type { SandboxState } from './state.ts';

/** How many are connected at a time, besides the users of the seed. */
const AT_A_TIME = 5;

/**
 * Lets guests come to one script and leave it again: one comes every `everyMs` and stays for five times as long, so that
 * live data has something to show. Which ones are there follows from the time alone.
 */
export function visit(state: SandboxState, now: number, everyMs: number): void {
  if (everyMs <= 0) return;
  const { sessions, disconnected } = state;
  const latest = Math.floor(now / everyMs);
  for (let ago = AT_A_TIME; ago < 2 * AT_A_TIME; ago += 1) sessions.delete(idOf(latest - ago));
  for (let ago = AT_A_TIME - 1; ago >= 0; ago -= 1) {
    const guest = latest - ago;
    const id = idOf(guest);
    // A disconnected guest does not come again.
    if (sessions.has(id) || disconnected.has(id)) continue;
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

const idOf = (guest: number) => `6e57${Math.max(0, guest).toString(16).padStart(20, '0')}`;
