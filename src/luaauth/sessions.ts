import type { About, Origin } from '../transport/call.ts';
import { BadResponse } from '../transport/errors.ts';
import type { Access } from './api.ts';
import {
  bigIntegerId,
  type Decoded,
  decodeList,
  id,
  instant,
  isId,
  objectDecoder,
  optional,
  text,
  usable,
} from './decoders.ts';
import { readEndpoint, writeEndpoint } from './endpoint.ts';
import { routeFiller } from './route.ts';
import type { WireDisconnect, WireSession } from './wire.ts';

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

/** The licence key of a session, by which its user can be asked for; null where it has none. @throws BadResponse */
export function userKeyOf(session: Session): string | null {
  const key = usable(session, 'user_key');
  if (key === null || key === '') return null;
  if (!isId(key)) throw new BadResponse(session.from, 'its session has no usable "user_key"');
  return key;
}

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

/** All lists of sessions that a key can see: a session's id does not tell in which of them it is. */
export const listsOfSessions = ({ account }: Origin) => `sessions of ${account}`;

const resourceOf = routeFiller('GET /sessions/:session_id');

/** `POST /sessions/:session_id/disconnect`. The session may go on appearing for a while. */
export const disconnectSession = writeEndpoint()(
  'POST /sessions/:session_id/disconnect',
  ({ origin, params }) => [resourceOf(params), listsOfSessions(origin)],
);

const disconnectAll = writeEndpoint<WireDisconnect>()('POST /sessions/disconnect', ({ origin, payload }) => [
  ...(payload as WireDisconnect).session_ids.map((session_id) => resourceOf({ session_id })),
  listsOfSessions(origin),
]);

/**
 * `POST /sessions/disconnect`: one flag for the whole list. It takes ids and makes the body itself, so that nothing but
 * `session_ids` is ever sent: with the members of a message beside them the API would still disconnect everybody.
 */
export function disconnectSessions(api: Access, ids: readonly string[]): Promise<void> {
  return disconnectAll(api, {}, { session_ids: [...ids] });
}
