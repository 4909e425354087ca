import type { Session } from '../luaauth/sessions.ts';
import type { ChangeEntry, DelayReason } from './feed-entry.ts';
import type { LiveEvent, SessionTest } from './live-event.ts';
import { PendingChange } from './pending-change.ts';

/** What a stream reads of its script. */
export interface StreamSource {
  /** Whether somebody looks how it changes. */
  readonly isCurrent: boolean;
  readonly isComplete: boolean;
  sessions(isWanted: SessionTest): readonly Session[];
  position(): Pick<LiveEvent, 'cursor' | 'asOf' | 'nextPollMs'>;
  /** What has changed since the state that a cursor names; undefined: that is not known any more. */
  changesSince(cursor: string): readonly ChangeEntry[] | undefined;
}

export interface LiveStreamOptions {
  readonly script: StreamSource;
  readonly isWanted: SessionTest;
  /** The cursor to go on from. */
  readonly after: string | undefined;
  readonly onEvent: (type: LiveEvent['type']) => void;
  readonly onEnd: () => void;
}

type Taken = IteratorResult<LiveEvent, undefined>;

interface Taker {
  resolve(taken: Taken): void;
  reject(failure: unknown): void;
}

/** One subscription: gives an event when it is asked for one, and keeps no more than one merged change until then. */
export class LiveStream implements AsyncIterableIterator<LiveEvent, undefined> {
  readonly #options: LiveStreamOptions;
  #after: string | undefined;
  /** Undefined: the state that the subscriber knows is the current one. */
  #pending: PendingChange | undefined;
  #delay: DelayReason | undefined;
  #sequence = 0;
  #taker: Taker | undefined;
  #hasBegun = false;
  #isEnded = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: LiveStreamOptions) {
    this.#options = options;
    this.#after = options.after;
    this.#begin();
  }

  /** The state is known to be current: a subscriber who waits for it begins. */
  known(): void {
    this.#delay = undefined;
    if (!this.#hasBegun) this.#begin();
  }

  /** The state has changed by that. */
  changed({ appeared, disappeared }: ChangeEntry): void {
    this.#delay = undefined;
    if (!this.#hasBegun) {
      this.#begin();
      return;
    }
    this.#pending ??= new PendingChange(this.#options.isWanted);
    this.#pending.add(appeared, disappeared);
    if (this.#pending.isEmpty) this.#pending = undefined;
  }

  /** The whole state is told, whatever the subscriber knows. */
  refreshed(): void {
    this.#delay = undefined;
    if (!this.#hasBegun) {
      this.#begin();
      return;
    }
    this.#pending ??= new PendingChange(this.#options.isWanted);
    this.#pending.becomeSnapshot();
  }

  delayed(reason: DelayReason): void {
    this.#delay = reason;
  }

  /** What is pending can still be taken; then it is over. Who waits already is not told before `deliver`. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#options.onEnd();
  }

  fail(error: unknown): void {
    if (this.#isEnded) return;
    this.#failure = { error };
    this.end();
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

  /** Once the state is current, the first event goes on from a cursor that is still known, or tells the whole state. */
  #begin(): void {
    const { script, isWanted } = this.#options;
    if (!script.isCurrent) return;
    this.#hasBegun = true;
    this.#pending = new PendingChange(isWanted);
    const missed = this.#after === undefined ? undefined : script.changesSince(this.#after);
    this.#after = undefined;
    if (!missed) this.#pending.becomeSnapshot();
    else for (const { appeared, disappeared } of missed) this.#pending.add(appeared, disappeared);
  }

  /** Gives whoever waits for an event what there is. @returns the event */
  deliver(): LiveEvent | undefined {
    const taker = this.#taker;
    if (!taker) return undefined;
    const event = this.#take();
    if (event) {
      this.#taker = undefined;
      this.#options.onEvent(event.type);
      taker.resolve({ value: event, done: false });
    } else if (this.#failure) {
      const { error } = this.#failure;
      this.#taker = undefined;
      this.#failure = undefined;
      taker.reject(error);
    } else if (this.#isEnded) {
      this.#taker = undefined;
      taker.resolve(OVER);
    }
    return event;
  }

  #take(): LiveEvent | undefined {
    const { script, isWanted } = this.#options;
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending?.isSnapshot) {
      const { isComplete } = script;
      return {
        type: 'SessionsSnapshot',
        ...this.#position(),
        sessions: script.sessions(isWanted),
        isComplete,
      };
    }
    if (pending) return { type: 'SessionsChange', ...this.#position(), ...pending.lists() };
    const reason = this.#delay;
    this.#delay = undefined;
    return reason && { type: 'SessionsDelay', ...this.#position(), reason };
  }

  #position() {
    this.#sequence += 1;
    const position = { ...this.#options.script.position(), sequence: this.#sequence };
    // Who has not begun goes on from where it was, not from a state that it was never told.
    return this.#hasBegun ? position : { ...position, cursor: this.#after ?? NO_STATE };
  }
}

/** A cursor that is never known: who goes on from it begins with a snapshot. */
const NO_STATE = 'none.0';
const OVER: Taken = { value: undefined, done: true };
