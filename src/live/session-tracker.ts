import type { Session } from '../luaauth/sessions.ts';
import type { ReadSessions } from './poll-access.ts';

/**
 * Works out from polls who is connected. Positions shift while several pages are read, so that a session can be on two of
 * them or on none: one that several pages miss has disappeared when the next poll misses it as well, or when the API is
 * asked for it and does not know it.
 */
export class SessionTracker {
  readonly #known: Map<string, Session>;
  /** Those of them that the last poll has missed. */
  #missed = new Set<string>();

  constructor(sessions: ReadonlyMap<string, Session>) {
    this.#known = new Map(sessions);
  }

  get sessions(): Session[] {
    return [...this.#known.values()];
  }

  /** Whether a poll has read those who are known, and nobody else. */
  isSame(sessions: ReadonlyMap<string, Session>): boolean {
    return sessions.size === this.#known.size && [...sessions.keys()].every((id) => this.#known.has(id));
  }

  /** Those that a poll misses for the first time: the API can be asked for them. */
  suspects({ sessions, isOnePage }: ReadSessions): string[] {
    if (isOnePage) return [];
    return [...this.#known.keys()].filter((id) => !sessions.has(id) && !this.#missed.has(id));
  }

  /** Enters a poll; `gone` are suspects that the API does not know. */
  enter({ sessions, isOnePage }: ReadSessions, gone: ReadonlySet<string>) {
    const appeared = [...sessions].filter(([id]) => !this.#known.has(id));
    const missed = new Set<string>();
    const disappeared: Session[] = [];
    for (const [id, session] of this.#known) {
      if (sessions.has(id)) continue;
      if (isOnePage || gone.has(id) || this.#missed.has(id)) {
        disappeared.push(session);
        this.#known.delete(id);
      } else missed.add(id);
    }
    for (const [id, session] of appeared) this.#known.set(id, session);
    this.#missed = missed;
    return { appeared: appeared.map(([, session]) => session), disappeared };
  }
}
