import type { Session } from '../../luaauth/sessions.ts';
import type { ReadSessions } from './poll-access.ts';

/**
 * Works out from polls who is connected. Positions shift while several pages are read, so that a session can be on two of
 * them or on none: one that several pages miss has disappeared when the next poll misses it as well, or when the API is
 * asked for it and does not know it.
 */
export function createSessionTracker(sessions: ReadonlyMap<string, Session>) {
  const known = new Map(sessions);
  /** Those of them that the last poll has missed. */
  let lastMissed = new Set<string>();
  return {
    sessions: () => [...known.values()],
    /** Whether a poll has read those who are known, and nobody else. */
    isSame: (read: ReadonlyMap<string, Session>) =>
      read.size === known.size && [...read.keys()].every((id) => known.has(id)),
    /** Those that a poll misses for the first time: the API can be asked for them. */
    suspects({ sessions: read, isOnePage }: ReadSessions): string[] {
      if (isOnePage) return [];
      return [...known.keys()].filter((id) => !read.has(id) && !lastMissed.has(id));
    },
    /** Enters a poll; `gone` are suspects that the API does not know. */
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
