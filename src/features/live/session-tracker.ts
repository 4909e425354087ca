import type { Session } from '../../luaauth/sessions.ts';
import type { ReadSessions } from './poll-access.ts';

type Sessions = ReadonlyMap<string, Session>;

/**
 * Works out from polls which users are connected. Positions shift while several pages are read, so a session can be on
 * two pages or on none. A session that several pages miss has ended when the next poll misses it as well. It has also
 * ended when the API is asked for the session and does not know it.
 */
export function createSessionTracker() {
  /** Known sessions that the last poll has missed. */
  let lastMissed = new Set<string>();
  return {
    /** Known sessions that a poll misses for the first time. The API can be asked for each of them. */
    suspects(known: Sessions, { sessions: read, isOnePage }: ReadSessions): string[] {
      if (isOnePage) return [];
      return [...known.keys()].filter((id) => !read.has(id) && !lastMissed.has(id));
    },
    /** Compares a poll with the known sessions. `gone`: suspects that the API does not know. */
    compare(known: Sessions, { sessions: read, isOnePage }: ReadSessions, gone: ReadonlySet<string>) {
      const appeared = [...read].filter(([id]) => !known.has(id)).map(([, session]) => session);
      const missing = [...known].filter(([id]) => !read.has(id));
      const isOver = ([id]: [string, Session]) => isOnePage || gone.has(id) || lastMissed.has(id);
      const disappeared = missing.filter(isOver).map(([, session]) => session);
      lastMissed = new Set(missing.filter((one) => !isOver(one)).map(([id]) => id));
      return { appeared, disappeared };
    },
  };
}

/** Whether a poll has read exactly the known sessions. */
export function isSame(known: Sessions, read: Sessions): boolean {
  return read.size === known.size && [...read.keys()].every((id) => known.has(id));
}
