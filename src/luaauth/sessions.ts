import type { About } from '../transport/call.ts';
import {
  bigIntegerId,
  type Decoded,
  decodeList,
  id,
  instant,
  objectDecoder,
  optional,
  text,
} from './decoders.ts';
import { readEndpoint } from './endpoint.ts';
import type { WireSession } from './wire.ts';

/** A session as decoded: Roblox ids with their exact digits, `created_at` in ms since 1970, a missing key as null. */
export type Session = Decoded<SessionShape>;

interface SessionShape extends Omit<WireSession, 'user_key' | 'roblox_id' | 'place_id' | 'created_at'> {
  user_key: string | null;
  roblox_id: string | number;
  place_id: string | number;
  created_at: number;
}

const decodeSession = objectDecoder<SessionShape>('session', {
  id: text,
  user_key: optional(text),
  script_id: id,
  roblox_id: bigIntegerId,
  place_id: bigIntegerId,
  job_id: text,
  created_at: instant,
});

/** A page of sessions, of which at most so many were asked for. */
export function decodeSessions(about: About, value: unknown, limit: number): Session[] {
  return decodeList(about, 'sessions', value, limit, decodeSession);
}

/** `GET /sessions/:session_id` */
export const getSession = readEndpoint<Session>()(
  'GET /sessions/:session_id',
  (about, answer) => decodeSession(about, answer.session),
  { id: 'session_id' },
);
