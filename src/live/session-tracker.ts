import type { Session } from '../luaauth/sessions.ts';
import type { ChangeEvent } from './live-event.ts';
import type { ReadSessions } from './poll-access.ts';

/**
 * Works out from polls who is connected. Positions shift while several pages are read, so that a session can be on two of
 * them or on none: one that several pages miss has disappeared when the next poll misses it as well, or when the API is
 * asked for it and does not know it.
 */
export class SessionTracker {
  readonly #known = new Map<string, Session>();
  /** Those of them that the last poll has missed. */
  #missed = new Set<string>();

  constructor(sessions: Iterable<Session>) {
    for (const session of sessions) if (session.id !== undefined) this.#known.set(session.id, session);
  }

  get sessions(): Session[] {
    return [...this.#known.values()];
  }

  /** Whether a poll has read those who are known, and nobody else. */
  isSame(sessions: readonly Session[]): boolean {
    return (
      sessions.length === this.#known.size &&
      sessions.every(({ id }) => id !== undefined && this.#known.has(id))
    );
  }

  /** Those that a poll misses for the first time: the API can be asked for them. */
  suspects({ sessions, isOnePage }: ReadSessions): string[] {
    if (isOnePage) return [];
    const found = new Set(sessions.map(({ id }) => id));
    return [...this.#known.keys()].filter((id) => !found.has(id) && !this.#missed.has(id));
  }

  /** Enters a poll; `gone` are suspects that the API does not know. */
  enter(
    { sessions, isOnePage }: ReadSessions,
    gone: ReadonlySet<string>,
  ): Pick<ChangeEvent, 'appeared' | 'disappeared'> {
    const found = new Map<string, Session>();
    for (const session of sessions) if (session.id !== undefined) found.set(session.id, session);
    const appeared = [...found].filter(([id]) => !this.#known.has(id)).map(([, session]) => session);
    const missed = new Set<string>();
    const disappeared: Session[] = [];
    for (const [id, session] of this.#known) {
      if (found.has(id)) continue;
      if (isOnePage || gone.has(id) || this.#missed.has(id)) disappeared.push(session);
      else missed.add(id);
    }
    for (const { id = '' } of disappeared) this.#known.delete(id);
    for (const session of appeared) this.#known.set(session.id as string, session);
    this.#missed = missed;
    return { appeared, disappeared };
  }
}
