import { type LiveEvent, NO_STATE, type NumberedEvent, type SessionTest } from './live-event.ts';
import type { LiveDifference, LiveRecord } from './live-record.ts';

/** The view that a stream has of its script. */
export interface StreamSource {
  /** The state that this process knows. */
  readonly known: LiveRecord;
  /** Whether the known state is kept up to date. */
  readonly isCurrent: boolean;
  /** What differs in a later state. */
  since(state: LiveRecord, later: LiveRecord): LiveDifference;
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

/** The longest time between two snapshots, in ms. A snapshot repairs the state of a subscriber that has lost a change. */
const SNAPSHOT_EVERY_MS = 60_000;

/**
 * One subscription: an async iterator of events. It begins with the whole state, or with no change since `after`. Each
 * event is the difference between what was reported last and what is known. So a slow subscriber gets one merged change,
 * and then the last delay.
 */
export class LiveStream implements AsyncIterableIterator<NumberedEvent, undefined> {
  readonly #options: LiveStreamOptions;
  #mayBegin = false;
  /** The state that was reported last. Undefined: none yet. */
  #reported: LiveRecord | undefined;
  /** When the state of the last snapshot was read. */
  #snapshotAt = 0;
  /** The known state at the end of the stream. Later changes are not reported. */
  #last: LiveRecord | undefined;
  #toldDelay: LiveRecord['head'] | undefined;
  #sequence = 0;
  #taker: { resolve(taken: Taken): void; reject(failure: unknown): void } | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: LiveStreamOptions) {
    this.#options = options;
  }

  /** Lets the stream begin with the current state. */
  begin(): void {
    this.#mayBegin = true;
    this.deliver();
  }

  /** Ends or fails the stream after its news are taken. A waiting subscriber receives the end from `deliver`. */
  end(failure?: { readonly error: unknown }): void {
    if (this.#last) return;
    this.#last = this.#options.script.known;
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
    this.end();
    this.#failure = undefined;
    this.#reported = this.#last;
    this.#toldDelay = this.#last?.head;
    this.deliver();
    return Promise.resolve(OVER);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Gives a waiting subscriber the next event, if there is an event. */
  deliver(): void {
    const taker = this.#taker;
    if (!taker) return;
    const event = this.#take(this.#last ?? this.#options.script.known);
    if (!event && !this.#last) return;
    this.#taker = undefined;
    if (event) {
      this.#options.onEvent(event.type);
      this.#sequence += 1;
      taker.resolve({ value: { ...event, sequence: this.#sequence }, done: false });
    } else if (this.#failure) {
      taker.reject(this.#failure.error);
      this.#failure = undefined;
    } else taker.resolve(OVER);
  }

  #take(known: LiveRecord): LiveEvent | undefined {
    const { script, isWanted, after } = this.#options;
    const { cursor, asOf, nextPollMs, isComplete, delay } = known.head;
    const before = this.#reported;
    if (before ? before.head !== known.head : this.#mayBegin && script.isCurrent) {
      const lists = this.#changesTo(known, before ?? (after === cursor ? known : undefined));
      this.#reported = known;
      if (!lists) {
        this.#snapshotAt = known.readAt;
        const sessions = [...known.sessions.values()].filter(isWanted);
        return { type: 'SessionsSnapshot', cursor, asOf, nextPollMs, sessions, isComplete };
      }
      if (!before) this.#snapshotAt = known.readAt;
      if (!before || lists.appeared.length + lists.disappeared.length > 0)
        return { type: 'SessionsChange', cursor, asOf, nextPollMs, ...lists };
    }
    if (!delay || this.#toldDelay === known.head) return undefined;
    this.#toldDelay = known.head;
    // A subscriber that has not begun continues from its own cursor, not from a state that it never received.
    const position = { cursor: this.#reported ? cursor : (after ?? NO_STATE.cursor), asOf, nextPollMs };
    return { type: 'SessionsDelay', ...position, reason: delay };
  }

  /** Undefined: a snapshot takes the place of the changes. */
  #changesTo(known: LiveRecord, from: LiveRecord | undefined): LiveDifference | undefined {
    if (!from || from.head.base !== known.head.base || this.#isSnapshotDue(known)) return undefined;
    const { script, isWanted } = this.#options;
    const { appeared, disappeared } = script.since(from, known);
    const lists = { appeared: appeared.filter(isWanted), disappeared: disappeared.filter(isWanted) };
    return lists.appeared.length + lists.disappeared.length > MAX_CHANGED ? undefined : lists;
  }

  #isSnapshotDue({ head, readAt }: LiveRecord): boolean {
    if (!this.#reported || head.delay) return false;
    return readAt + head.nextPollMs - this.#snapshotAt > SNAPSHOT_EVERY_MS;
  }
}

const OVER: Taken = { value: undefined, done: true };
