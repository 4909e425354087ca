import type { Sandbox } from '../../../../src/features/sandbox/server.ts';
import { seeded } from './fixture.ts';

/** Connects a user to a script. @returns what disconnects them */
export function join({ sessions }: Sandbox, scriptId: string, robloxId: number): () => void {
  const id = `visit${robloxId}`;
  sessions.set(id, {
    id,
    user_key: null,
    script_id: scriptId,
    roblox_id: robloxId,
    place_id: seeded.placeId,
    job_id: seeded.jobId,
    created_at: seeded.createdAt,
  });
  return () => sessions.delete(id);
}
