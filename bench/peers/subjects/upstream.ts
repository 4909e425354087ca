import { Pool } from 'undici';
import type { scriptAnswer, sessionsAnswer } from '../upstream-data.ts';
import { upstreamUrl } from './environment.ts';

export type WireScript = ReturnType<typeof scriptAnswer>['script'];
export type WireSession = ReturnType<typeof sessionsAnswer>['sessions'][number];

const pool = new Pool(upstreamUrl, { connections: 128 });

/** `GET /scripts/:script_id` through undici's fastest documented way. */
export async function getScript(id: string, token: string): Promise<WireScript> {
  const { script } = await ask<{ script: WireScript }>('GET', `/scripts/${encodeURIComponent(id)}`, token);
  return script;
}

/** `POST /scripts/:script_id/sessions` */
export async function getSessions(id: string, limit: number, token: string): Promise<WireSession[]> {
  const path = `/scripts/${encodeURIComponent(id)}/sessions`;
  const body = JSON.stringify({ from: 0, limit });
  return (await ask<{ sessions: WireSession[] }>('POST', path, token, body)).sessions;
}

/** `GET /scripts/:script_id/sessions/filter` for one Roblox server. */
export async function getServerSessions(
  id: string,
  jobId: string,
  limit: number,
  token: string,
): Promise<WireSession[]> {
  const query = new URLSearchParams({ job_id: jobId, limit: String(limit) });
  const path = `/scripts/${encodeURIComponent(id)}/sessions/filter?${query}`;
  return (await ask<{ sessions: WireSession[] }>('GET', path, token)).sessions;
}

async function ask<Answer>(
  method: 'GET' | 'POST',
  path: string,
  token: string,
  body?: string,
): Promise<Answer> {
  const headers = { token, 'content-type': 'application/json' };
  const reply = await pool.request({ method, path, headers, body });
  const answer = (await reply.body.json()) as { success: boolean } & Answer;
  if (!answer.success) throw new Error(`${method} ${path} failed`);
  return answer;
}
