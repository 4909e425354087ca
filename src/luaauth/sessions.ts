import type { About } from '../transport/call.ts';
import { BadResponse } from '../transport/errors.ts';
import { decodeList, isId, objectDecoder, usable } from './decoders.ts';
import { a, read, write } from './endpoint.ts';
import { listsOf, resource, sent } from './resource.ts';
import { script } from './scripts.ts';
import { SESSION } from './wire.ts';

export const session = resource('session', 'session_id', { script_id: script });

const decodeSession = objectDecoder('session', SESSION);

/** A decoded session: Roblox ids with all digits, `created_at` in ms since 1970, a missing key as null. */
export type Session = ReturnType<typeof decodeSession>;

/** The licence key of a session's user, or null. @throws BadResponse */
export function userKeyOf(session: Session): string | null {
  const key = usable(session, 'user_key');
  if (key !== null && !isId(key)) throw new BadResponse(session.from, 'its session has no usable "user_key"');
  return key;
}

/** `from` is the index of the first session, `limit` the number to return. The largest limit is not documented. */
export interface SessionRange {
  from: number;
  limit: number;
}

/** A session must match all given properties. */
export interface SessionMatch {
  key?: string;
  roblox_id?: string;
  place_id?: string;
  job_id?: string;
}

export function decodeSessions(about: About, value: unknown, limit: number): Session[] {
  return decodeList(about, 'sessions', value, decodeSession, limit);
}

export const getSession = read('GET /sessions/:session_id', {
  member: 'session',
  documented: { session: SESSION },
  answer: decodeSession,
  repeats: { id: 'session_id' },
  partOf: [session],
  shows: session,
  freshFor: 'sessions',
});

/** A read, in spite of its method. */
export const getSessions = read('POST /scripts/:script_id/sessions', {
  payload: a<SessionRange>(),
  documented: { sessions: [SESSION] },
  answer: (about, answer, { limit }) => decodeSessions(about, answer.sessions, limit),
  repeats: { script_id: 'script_id' },
  partOf: [script, listsOf(session)],
  freshFor: 'sessions',
});

export const filterSessions = read('GET /scripts/:script_id/sessions/filter', {
  payload: a<SessionRange & SessionMatch>(),
  documented: { sessions: [SESSION] },
  answer: (about, answer, { limit }) => decodeSessions(about, answer.sessions, limit),
  repeats: { script_id: 'script_id' },
  partOf: [script, listsOf(session)],
  freshFor: 'sessions',
});

/** The session may still be listed for a while. */
export const disconnectSession = write('POST /sessions/:session_id/disconnect', { touches: [session] });

/** The answer has one flag for the whole list. */
export const disconnectSessions = write('POST /sessions/disconnect', {
  payload: a<{ session_ids: string[] }>(),
  // Sends only this member: with the members of a message besides it the API would still disconnect everybody.
  body: ({ session_ids }) => ({ session_ids: [...session_ids] }),
  touches: [sent(session, 'session_ids')],
});
