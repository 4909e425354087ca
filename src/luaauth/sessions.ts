import type { About } from '../transport/call.ts';
import { readEndpoint } from './endpoint.ts';
import { digits, id, instant, objectReader, optional, readList, text } from './reading.ts';
import type { WireSession } from './wire.ts';

/** A session as read: Roblox ids with their exact digits, `created_at` in ms since 1970, a missing key as null. */
export interface Session extends Omit<WireSession, 'user_key' | 'roblox_id' | 'place_id' | 'created_at'> {
  user_key: string | null;
  roblox_id: string | number;
  place_id: string | number;
  created_at: number;
}

export const readSession = objectReader<Session>('session', {
  id: text,
  user_key: optional(text),
  script_id: id,
  roblox_id: digits,
  place_id: digits,
  job_id: text,
  created_at: instant,
});

export function readSessions(about: About, value: unknown): Session[] {
  return readList(about, 'sessions', value, (row) => readSession(about, row));
}

/** `GET /sessions/:session_id` */
export const getSession = readEndpoint<Session>()('GET /sessions/:session_id', (about, answer) =>
  readSession(about, answer.session),
);
