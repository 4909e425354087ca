import type { Session } from '../luaauth/sessions.ts';
import type { LiveEvent, SessionTest } from './live-event.ts';

/** More entries than this are not worth keeping: the whole state takes their place. */
const MAX_ENTRIES = 1_000;

/**
 * The changes that a subscriber has not taken yet, merged into one. Who has appeared and disappeared meanwhile is in
 * neither list, so it is never larger than the two states that it leads from and to.
 */
export class PendingChange {
  readonly #isWanted: SessionTest;
  readonly #appeared = new Map<string, Session>();
  readonly #disappeared = new Set<string>();
  /** Whether the whole state is wanted instead. */
  #isSnapshot = false;

  constructor(isWanted: SessionTest) {
    this.#isWanted = isWanted;
  }

  get isSnapshot(): boolean {
    return this.#isSnapshot;
  }

  get isEmpty(): boolean {
    return !this.#isSnapshot && this.#appeared.size + this.#disappeared.size === 0;
  }

  add(appeared: readonly Session[], disappeared: readonly Session[]): void {
    if (this.#isSnapshot) return;
    for (const session of disappeared) {
      const { id = '' } = session;
      if (this.#isWanted(session) && !this.#appeared.delete(id)) this.#disappeared.add(id);
    }
    for (const session of appeared) {
      const { id = '' } = session;
      if (this.#isWanted(session) && !this.#disappeared.delete(id)) this.#appeared.set(id, session);
    }
    if (this.#appeared.size + this.#disappeared.size > MAX_ENTRIES) this.becomeSnapshot();
  }

  becomeSnapshot(): void {
    this.#isSnapshot = true;
    this.#appeared.clear();
    this.#disappeared.clear();
  }

  lists(): Pick<LiveEvent & { type: 'SessionsChange' }, 'appeared' | 'disappearedIds'> {
    return { appeared: [...this.#appeared.values()], disappearedIds: [...this.#disappeared] };
  }
}
