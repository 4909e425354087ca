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
  /** Whether somebody looks how it changes. */
  readonly isCurrent: boolean;
  readonly isComplete: boolean;
  sessions(isWanted: SessionTest): readonly Session[];
  /** The current state. */
  readonly position: LivePosition;
  /** The changes since the state that a cursor names; undefined: that is not known any more. */
  changesSince(cursor: string): readonly ChangeEvent[] | undefined;
}

interface LiveStreamOptions {
  readonly script: StreamSource;
  readonly isWanted: SessionTest;
  /** The cursor to go on from. */
  readonly after: string | undefined;
  readonly onEvent: (type: LiveEvent['type']) => void;
  readonly onEnd: () => void;
}

type Taken = IteratorResult<NumberedEvent, undefined>;

/**
 * One subscription: an async iterator of events, as they are asked for. It begins with the whole state, or with what has
 * changed since `after`. While the subscriber asks for nothing it keeps one change, into which all are merged, and the last
 * delay; a change goes first.
 */
export class LiveStream implements AsyncIterableIterator<NumberedEvent, undefined> {
  readonly #options: LiveStreamOptions;
  #after: string | undefined;
  /** Undefined: the state that the subscriber knows is the current one. */
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

  /** Takes in an event of its script. Any but a delay says that the state is current, for which the first event waits. */
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
   * Pending events can still be taken; then it is over, or fails. A subscriber that waits already gets the end by `deliver`.
   */
  end(failure?: { readonly error: unknown }): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (this.#pending) {
      // It receives nothing further, and the state goes on: only as a whole is that what its cursor names.
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

  /** Gives a subscriber that waits for an event what there is. @returns the event */
  deliver(): LiveEvent | undefined {
    const taker = this.#taker;
    if (!taker) return undefined;
    const event = this.#take();
    if (!event && !this.#isEnded) return undefined;
    this.#taker = undefined;
    if (event) {
      this.#options.onEvent(event.type);
      this.#sequence += 1;
      // A subscriber that has not begun goes on from its cursor, not from a state that it never received.
      const cursor = this.#hasBegun ? event.cursor : (this.#after ?? NO_STATE.cursor);
      taker.resolve({ value: { ...event, cursor, sequence: this.#sequence }, done: false });
    } else if (this.#failure) {
      taker.reject(this.#failure.error);
      this.#failure = undefined;
    } else taker.resolve(OVER);
    return event;
  }

  /** Once the state is current, the first event goes on from a cursor that is still known, or has the whole state. */
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

/** More entries than this are not worth keeping: the whole state replaces them. */
const MAX_ENTRIES = 1_000;

/**
 * The changes that a subscriber has not taken yet, merged into one. A session that has appeared and disappeared meanwhile is in
 * neither list, so it is never larger than the two states that it leads from and to.
 */
class PendingChange {
  readonly #isWanted: SessionTest;
  readonly #appeared = new Map<string, Session>();
  readonly #disappeared = new Map<string, Session>();
  /** Whether the whole state is wanted instead. */
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
