import {
  type DelayReason,
  type LiveEvent,
  NO_STATE,
  type NumberedEvent,
  type SessionTest,
} from './live-event.ts';
import { hasFurtherPages, type LiveDifference, type LiveState } from './live-state.ts';

/** What a script has to tell its streams. */
export interface LiveNews {
  /** Undefined: no poll has found a state yet. */
  readonly state: LiveState | undefined;
  readonly nextPollMs: number;
  /** Set while the state is old. */
  readonly delay: LiveDelay | undefined;
}

interface LiveDelay {
  readonly reason: DelayReason;
  /** When the last known state was read, in ms since 1970. Without a state: when the delay was told. */
  readonly asOf: number;
}

/** The view that a stream has of its script. */
export interface StreamSource {
  readonly news: LiveNews;
  /** What differs in a later state. */
  since(state: LiveState, later: LiveState): LiveDifference;
}

/** A change with more sessions is not worth sending: the whole state replaces it. */
const MAX_CHANGED = 1_000;

interface LiveStreamOptions {
  readonly script: StreamSource;
  readonly isWanted: SessionTest;
  /** The cursor to continue from, if it names the known state. */
  readonly after: string | undefined;
  readonly onEvent: (type: LiveEvent['type']) => void;
  readonly onEnd: () => void;
}

type Taken = IteratorResult<NumberedEvent, undefined>;

/** How a stream ends: the news that are still reported, and then the failure. */
interface Ending {
  readonly news: LiveNews;
  readonly failure: { readonly error: unknown } | undefined;
}

/** The longest time between two snapshots, in ms. A snapshot repairs the state of a subscriber that has lost a change. */
const SNAPSHOT_EVERY_MS = 60_000;

/**
 * One subscription: an async iterator of events. It begins with the whole state, or with no change since `after`. Each
 * event is the difference between what was reported last and what is known. So a slow subscriber gets one merged change,
 * and then the last delay.
 */
export class LiveStream implements AsyncIterableIterator<NumberedEvent, undefined> {
  readonly #options: LiveStreamOptions;
  /** What was reported last. */
  #reported: { readonly state: LiveState; readonly snapshotAt: number } | undefined;
  #toldDelay: LiveDelay | undefined;
  #sequence = 0;
  #taker: { resolve(taken: Taken): void; reject(failure: unknown): void } | undefined;
  #progress: 'open' | Ending | 'over' = 'open';

  constructor(options: LiveStreamOptions) {
    this.#options = options;
  }

  /** Ends or fails the stream after its news are taken. A waiting subscriber receives the end from `deliver`. */
  end(failure?: { readonly error: unknown }): void {
    if (this.#progress !== 'open') return;
    this.#progress = { news: this.#options.script.news, failure };
    this.#options.onEnd();
  }

  next(): Promise<Taken> {
    return new Promise((resolve, reject) => {
      this.#taker = { resolve, reject };
      this.deliver();
    });
  }

  return(): Promise<Taken> {
    this.end();
    this.#progress = 'over';
    this.deliver();
    return Promise.resolve(OVER);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Gives a waiting subscriber the next event, or the end, if there is one. */
  deliver(): void {
    const taker = this.#taker;
    if (!taker) return;
    const progress = this.#progress;
    const event =
      progress === 'over'
        ? undefined
        : this.#take(progress === 'open' ? this.#options.script.news : progress.news);
    if (!event && progress === 'open') return;
    this.#taker = undefined;
    if (event) {
      this.#options.onEvent(event.type);
      this.#sequence += 1;
      taker.resolve({ value: { ...event, sequence: this.#sequence }, done: false });
      return;
    }
    this.#progress = 'over';
    if (typeof progress === 'object' && progress.failure) taker.reject(progress.failure.error);
    else taker.resolve(OVER);
  }

  #take({ state, nextPollMs, delay }: LiveNews): LiveEvent | undefined {
    if (state && state !== this.#reported?.state) {
      const event = this.#eventOf(state, nextPollMs);
      if (event) return event;
    }
    if (!delay || delay === this.#toldDelay) return undefined;
    this.#toldDelay = delay;
    // A subscriber that has not begun continues from its own cursor, not from a state that it never received.
    const cursor = this.#reported?.state.cursor ?? this.#options.after ?? NO_STATE;
    return { type: 'SessionsDelay', cursor, asOf: delay.asOf, nextPollMs, reason: delay.reason };
  }

  /** Reports a state. Undefined: nothing has changed that the subscriber wants. */
  #eventOf(state: LiveState, nextPollMs: number): LiveEvent | undefined {
    const { isWanted, after } = this.#options;
    const { cursor, asOf, readAt, isComplete } = state;
    const before = this.#reported;
    const isSnapshotDue = before && readAt + nextPollMs - before.snapshotAt > SNAPSHOT_EVERY_MS;
    const from = before?.state ?? (after === cursor ? state : undefined);
    const lists = from && !isSnapshotDue ? this.#changesTo(state, from) : undefined;
    this.#reported = { state, snapshotAt: before && lists ? before.snapshotAt : readAt };
    if (!lists) {
      const sessions = [...state.sessions.values()].filter(isWanted);
      return { type: 'SessionsSnapshot', cursor, asOf, nextPollMs, sessions, isComplete };
    }
    const hasChanged = lists.appeared.length + lists.disappeared.length > 0;
    return before && !hasChanged ? undefined : { type: 'SessionsChange', cursor, asOf, nextPollMs, ...lists };
  }

  /** Undefined: a snapshot takes the place of the changes. */
  #changesTo(state: LiveState, from: LiveState): LiveDifference | undefined {
    if (from.isComplete !== state.isComplete || hasFurtherPages(from, state)) return undefined;
    const { script, isWanted } = this.#options;
    const { appeared, disappeared } = script.since(from, state);
    const lists = { appeared: appeared.filter(isWanted), disappeared: disappeared.filter(isWanted) };
    return lists.appeared.length + lists.disappeared.length > MAX_CHANGED ? undefined : lists;
  }
}

const OVER: Taken = { value: undefined, done: true };
