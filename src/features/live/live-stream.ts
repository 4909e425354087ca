import type { Session } from '../../luaauth/sessions.ts';
import {
  type ChangeEvent,
  type DelayEvent,
  type LiveEvent,
  type LivePosition,
  NO_STATE,
  type NumberedEvent,
  type PollEvent,
  type SessionTest,
} from './live-event.ts';

/** The view that a stream has of its script. */
export interface StreamSource {
  /** Whether the state is known and kept up to date. */
  readonly isCurrent: boolean;
  readonly isComplete: boolean;
  sessions(isWanted: SessionTest): readonly Session[];
  /** The current state. */
  readonly position: LivePosition;
  /** The changes since the state that a cursor names. Undefined: the cursor is not known any more. */
  changesSince(cursor: string): readonly ChangeEvent[] | undefined;
}

interface LiveStreamOptions {
  readonly script: StreamSource;
  readonly isWanted: SessionTest;
  /** The cursor to continue from. */
  readonly after: string | undefined;
  readonly onEvent: (type: LiveEvent['type']) => void;
  readonly onEnd: () => void;
}

type Taken = IteratorResult<NumberedEvent, undefined>;

/**
 * One subscription: an async iterator of events. It begins with the whole state, or with the changes since `after`.
 * While the subscriber asks for nothing, the stream merges all changes into one, and keeps the last delay. The change
 * is delivered before the delay.
 */
export class LiveStream implements AsyncIterableIterator<NumberedEvent, undefined> {
  readonly #options: LiveStreamOptions;
  #after: string | undefined;
  /** Undefined: the subscriber knows the current state. */
  #pending: PendingChange | undefined;
  #delay: DelayEvent | undefined;
  #sequence = 0;
  #taker: { resolve(taken: Taken): void; reject(failure: unknown): void } | undefined;
  #hasBegun = false;
  #isEnded = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: LiveStreamOptions) {
    this.#options = options;
    this.#after = options.after;
    this.#begin();
  }

  /**
   * Takes in an event of its script. Any event but a delay makes the state current. The first event waits for a current
   * state.
   */
  receive(event: PollEvent): void {
    this.#delay = event.type === 'SessionsDelay' ? event : undefined;
    if (this.#delay) return;
    if (!this.#hasBegun) return void this.#begin();
    if (event.type === 'same') return;
    this.#pending ??= new PendingChange(this.#options.isWanted);
    if (event.type === 'SessionsChange') this.#pending.add(event);
    else this.#pending.becomeSnapshot();
    if (this.#pending.isEmpty) this.#pending = undefined;
  }

  /**
   * Ends or fails the stream after the pending events are taken. A waiting subscriber receives the end from `deliver`.
   */
  end(failure?: { readonly error: unknown }): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (this.#pending) {
      // The subscriber receives no further change, while the state goes on. Only a snapshot holds exactly the state
      // that its cursor names.
      this.#pending.becomeSnapshot();
      this.#delay = undefined;
    }
    this.#failure = failure;
    this.#options.onEnd();
  }

  next(): Promise<Taken> {
    return new Promise((resolve, reject) => {
      this.#taker = { resolve, reject };
      this.deliver();
    });
  }

  return(): Promise<Taken> {
    this.#pending = undefined;
    this.#delay = undefined;
    this.#failure = undefined;
    this.end();
    this.deliver();
    return Promise.resolve(OVER);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Gives a waiting subscriber the next event, if there is an event. @returns the event */
  deliver(): LiveEvent | undefined {
    const taker = this.#taker;
    if (!taker) return undefined;
    const event = this.#take();
    if (!event && !this.#isEnded) return undefined;
    this.#taker = undefined;
    if (event) {
      this.#options.onEvent(event.type);
      this.#sequence += 1;
      // A subscriber that has not begun continues from its own cursor, not from a state that it never received.
      const cursor = this.#hasBegun ? event.cursor : (this.#after ?? NO_STATE.cursor);
      taker.resolve({ value: { ...event, cursor, sequence: this.#sequence }, done: false });
    } else if (this.#failure) {
      taker.reject(this.#failure.error);
      this.#failure = undefined;
    } else taker.resolve(OVER);
    return event;
  }

  /** Once the state is current, prepares the first event: the changes since a known cursor, else the whole state. */
  #begin(): void {
    const { script, isWanted } = this.#options;
    if (!script.isCurrent) return;
    this.#hasBegun = true;
    this.#pending = new PendingChange(isWanted);
    const missed = this.#after === undefined ? undefined : script.changesSince(this.#after);
    this.#after = undefined;
    if (!missed) this.#pending.becomeSnapshot();
    else for (const change of missed) this.#pending.add(change);
  }

  #take(): LiveEvent | undefined {
    const { script, isWanted } = this.#options;
    const pending = this.#pending;
    if (pending) {
      this.#pending = undefined;
      const { position, isComplete } = script;
      if (!pending.isSnapshot) return { type: 'SessionsChange', ...position, ...pending.lists() };
      return { type: 'SessionsSnapshot', ...position, sessions: script.sessions(isWanted), isComplete };
    }
    const delay = this.#delay;
    this.#delay = undefined;
    return delay;
  }
}

const OVER: Taken = { value: undefined, done: true };

/** A change with more entries is not worth keeping: the whole state replaces it. */
const MAX_ENTRIES = 1_000;

/**
 * The changes that a subscriber has not taken yet, merged into one. A session that appeared and disappeared in between
 * is in neither list. So a change is never larger than the states before and after it.
 */
class PendingChange {
  readonly #isWanted: SessionTest;
  readonly #appeared = new Map<string, Session>();
  readonly #disappeared = new Map<string, Session>();
  /** Whether the whole state replaces the lists. */
  isSnapshot = false;

  constructor(isWanted: SessionTest) {
    this.#isWanted = isWanted;
  }

  get isEmpty(): boolean {
    return !this.isSnapshot && this.#appeared.size + this.#disappeared.size === 0;
  }

  add({ appeared, disappeared }: ChangeEvent): void {
    this.#merge(disappeared, this.#appeared, this.#disappeared);
    this.#merge(appeared, this.#disappeared, this.#appeared);
  }

  becomeSnapshot(): void {
    this.isSnapshot = true;
    this.#appeared.clear();
    this.#disappeared.clear();
  }

  lists(): Pick<ChangeEvent, 'appeared' | 'disappeared'> {
    return { appeared: [...this.#appeared.values()], disappeared: [...this.#disappeared.values()] };
  }

  #merge(sessions: readonly Session[], opposite: Map<string, Session>, own: Map<string, Session>): void {
    for (const session of sessions) {
      if (this.isSnapshot) return;
      const { id = '' } = session;
      if (this.#isWanted(session) && !opposite.delete(id)) own.set(id, session);
      if (own.size + opposite.size > MAX_ENTRIES) this.becomeSnapshot();
    }
  }
}
