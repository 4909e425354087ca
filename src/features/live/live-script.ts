import { Refused } from '../../luaauth/refusal.ts';
import { whenKnown } from '../../state/maybe-promise.ts';
import { type Clock, soon } from '../../transport/clock.ts';
import type { FollowedValue, SharedValues } from '../../transport/shared-state.ts';
import type { LiveEvent } from './live-event.ts';
import {
  differenceOf,
  isKnown,
  isLater,
  type LiveDifference,
  type LiveRecord,
  NOTHING_KNOWN,
  readValue,
  toValue,
  withoutNews,
} from './live-record.ts';
import type { LiveStream, StreamSource } from './live-stream.ts';
import { createPoller, type Poller, type PollerOptions } from './poller.ts';

/**
 * How many sessions are delivered in one turn of the event loop. Executing and writing an event takes time and memory
 * for each session. An event counts `SESSIONS_AN_EVENT` more than the sessions that it holds.
 */
const SESSIONS_A_TURN = 2_000;
const SESSIONS_AN_EVENT = 40;
/** How many states are kept, so that a subscription can continue from one of them. */
const MAX_STATES = 8;

interface LiveScriptOptions extends Omit<PollerOptions, 'known' | 'store'> {
  readonly values: Pick<SharedValues, 'follow'>;
}

/**
 * One script's sessions and their subscribers in this process. All processes share the sessions as a value. The process
 * with its lease polls and stores. Every process tells its own subscribers how the value differs from what they know.
 */
export class LiveScript implements StreamSource {
  readonly #options: LiveScriptOptions;
  readonly #streams = new Set<LiveStream>();
  /** The value that this script follows. Undefined: no stream is left. */
  #value: FollowedValue | undefined;
  #followsFrom = 0;
  known = NOTHING_KNOWN;
  /** The last states by cursor, the latest last. */
  readonly #states = new Map<string, LiveRecord>();
  /** The changes from each earlier state to the known state. Streams that have reported the same state share them. */
  #differences = new Map<LiveRecord, LiveDifference>();
  /** Whether the known state is kept up to date. Streams begin only with such a state. */
  isCurrent = false;
  /** Undefined unless this process polls. */
  #poller: Poller | undefined;
  /** The number of streams that the limits count. */
  subscriptions = 0;
  /** Cancels the timer that drops this script. */
  keep: () => void = () => undefined;

  constructor(options: LiveScriptOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#streams.size;
  }

  stateAt(cursor: string): LiveRecord | undefined {
    return this.#states.get(cursor);
  }

  since(state: LiveRecord, known: LiveRecord): LiveDifference {
    if (known !== this.known) return differenceOf(state, known);
    const found = this.#differences.get(state) ?? differenceOf(state, known);
    this.#differences.set(state, found);
    return found;
  }

  add(stream: LiveStream): void {
    this.keep();
    this.#streams.add(stream);
    this.#value ??= this.#follow();
    // Another process may have told its subscribers of a newer state.
    whenKnown(this.#value.refresh(), () => stream.begin());
  }

  remove(stream: LiveStream): void {
    this.#streams.delete(stream);
  }

  /** Stops following, because no stream is left. The known state only serves streams that continue from a cursor. */
  leave(): void {
    this.#stopPolling();
    this.#value?.leave();
    this.#value = undefined;
    this.isCurrent = false;
    this.known = withoutNews(this.known);
  }

  /** Polls at once if this process polls the script and knows one of the ended sessions. */
  ended(sessionIds: readonly string[]): void {
    if (sessionIds.some((id) => this.known.sessions.has(id))) this.#poller?.pollNow();
  }

  endAll(refusal?: { readonly error: unknown }): void {
    const streams = [...this.#streams];
    for (const stream of streams) stream.end(refusal);
    wake(streams, this.#options.clock);
  }

  #follow(): FollowedValue {
    const { values, origin, scriptId, clock } = this.#options;
    this.#followsFrom = clock.now();
    const value = values.follow(origin.account, scriptId, {
      lead: () => {
        if (value !== this.#value) return;
        this.#stopPolling();
        this.#poller = createPoller({
          ...this.#options,
          known: () => this.known,
          store: (record) => this.#store(value, record),
        });
        this.#poller.pollNow();
      },
      yield: () => this.#stopPolling(),
      found: (found, ageMs, isCurrent) => this.#found(found, ageMs, isCurrent),
    });
    return value;
  }

  #stopPolling(): void {
    this.#poller?.stop();
    this.#poller = undefined;
  }

  /** Subscribers receive a result once it is stored: a result that is not stored never happened. */
  async #store(value: FollowedValue, record: LiveRecord): Promise<void> {
    const ageMs = isKnown(record) ? Math.max(0, this.#options.clock.now() - record.readAt) : 0;
    const isStored = await value.store(toValue(record), ageMs);
    if (isStored && value === this.#value) this.#know(record, true);
  }

  #found(value: object, ageMs: number, isCurrent: boolean): boolean {
    const found = readValue(value, ageMs, this.#options.clock.now());
    if (!found) return false;
    // News from before this process followed is not for its subscribers.
    const isNews = found.head.refusal ? found.readAt >= this.#followsFrom : isCurrent;
    if (!isLater(this.known, found)) this.#know(isNews ? found : withoutNews(found), isCurrent);
    return true;
  }

  #know(next: LiveRecord, isCurrent: boolean): void {
    const { cursor, delay, refusal } = next.head;
    this.known = next;
    this.#differences = new Map();
    if (isKnown(next)) {
      this.#states.delete(cursor);
      this.#states.set(cursor, next);
    }
    const [oldest = ''] = this.#states.keys();
    if (this.#states.size > MAX_STATES) this.#states.delete(oldest);
    if (refusal) return void this.endAll({ error: new Refused(...refusal) });
    if (isCurrent && isKnown(next) && !delay) this.isCurrent = true;
    wake([...this.#streams], this.#options.clock);
  }
}

function wake(streams: readonly LiveStream[], clock: Clock, from = 0): void {
  let index = from;
  for (let delivered = 0; index < streams.length && delivered < SESSIONS_A_TURN; index++) {
    const event = streams[index]?.deliver();
    if (event) delivered += SESSIONS_AN_EVENT + sessionsIn(event);
  }
  if (index < streams.length) soon(clock, () => wake(streams, clock, index));
}

function sessionsIn(event: LiveEvent): number {
  if (event.type === 'SessionsSnapshot') return event.sessions.length;
  return event.type === 'SessionsChange' ? event.appeared.length : 0;
}
