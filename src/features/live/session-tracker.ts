import type { Session } from '../../luaauth/sessions.ts';
import type { ReadSessions } from './poll-access.ts';

/**
 * Works out from polls which users are connected. Positions shift while several pages are read, so a session can be on
 * two pages or on none. A session that several pages miss has ended when the next poll misses it as well. It has also
 * ended when the API is asked for the session and does not know it.
 */
export function createSessionTracker(sessions: ReadonlyMap<string, Session>) {
  const known = new Map(sessions);
  /** Known sessions that the last poll has missed. */
  let lastMissed = new Set<string>();
  return {
    sessions: () => [...known.values()],
    /** Whether a poll has read exactly the known sessions. */
    isSame: (read: ReadonlyMap<string, Session>) =>
      read.size === known.size && [...read.keys()].every((id) => known.has(id)),
    /** Known sessions that a poll misses for the first time. The API can be asked for each of them. */
    suspects({ sessions: read, isOnePage }: ReadSessions): string[] {
      if (isOnePage) return [];
      return [...known.keys()].filter((id) => !read.has(id) && !lastMissed.has(id));
    },
    /** Updates the known sessions from a poll. `gone`: suspects that the API does not know. */
    enter({ sessions: read, isOnePage }: ReadSessions, gone: ReadonlySet<string>) {
      const appeared = [...read].filter(([id]) => !known.has(id));
      const missed = new Set<string>();
      const disappeared: Session[] = [];
      for (const [id, session] of known) {
        if (read.has(id)) continue;
        if (isOnePage || gone.has(id) || lastMissed.has(id)) {
          disappeared.push(session);
          known.delete(id);
        } else missed.add(id);
      }
      for (const [id, session] of appeared) known.set(id, session);
      lastMissed = missed;
      return { appeared: appeared.map(([, session]) => session), disappeared };
    },
  };
}
