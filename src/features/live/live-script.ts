import { Refused } from '../../luaauth/refusal.ts';
import { whenKnown } from '../../state/maybe-promise.ts';
import type { FollowedEntry, FoundEntry, LiveEntries } from '../../state/port.ts';
import { type Clock, soon } from '../../transport/clock.ts';
import type { LiveEvent } from './live-event.ts';
import {
  isKnown,
  isLater,
  type LiveParts,
  type LiveRecord,
  NOTHING_KNOWN,
  readParts,
  wholeOf,
  withoutNews,
} from './live-record.ts';
import type { LiveStream, StreamSource } from './live-stream.ts';
import { createPoller, type Poller, type PollerOptions, type PollResult } from './poller.ts';

/**
 * How many sessions are delivered in one turn of the event loop. Executing and writing an event takes time and memory
 * for each session. An event counts `SESSIONS_AN_EVENT` more than the sessions that it holds.
 */
const SESSIONS_A_TURN = 2_000;
const SESSIONS_AN_EVENT = 40;

interface LiveScriptOptions extends Omit<PollerOptions, 'known' | 'store'> {
  readonly entries: Pick<LiveEntries, 'follow'>;
}

/**
 * One script's sessions and their subscribers in this process. All processes share an entry of the script. The process
 * with its lease polls and stores. Every process tells its own subscribers how the entry differs from what they know.
 */
export class LiveScript implements StreamSource {
  readonly #options: LiveScriptOptions;
  readonly #streams = new Set<LiveStream>();
  /** Undefined: no stream is left. */
  #entry: FollowedEntry | undefined;
  #followsFrom = 0;
  known = NOTHING_KNOWN;
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

  add(stream: LiveStream): void {
    this.keep();
    this.#streams.add(stream);
    this.#entry ??= this.#follow();
    // Another process may have told its subscribers of a newer state.
    whenKnown(this.#entry.refresh(), () => stream.begin());
  }

  remove(stream: LiveStream): void {
    this.#streams.delete(stream);
  }

  /** Stops following, because no stream is left. The known state only serves streams that continue from a cursor. */
  leave(): void {
    this.#stopPolling();
    this.#entry?.leave();
    this.#entry = undefined;
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

  #follow(): FollowedEntry {
    const { entries, origin, scriptId, clock } = this.#options;
    this.#followsFrom = clock.now();
    const entry = entries.follow(origin.account, scriptId, {
      lead: () => {
        if (entry !== this.#entry) return;
        this.#stopPolling();
        this.#poller = createPoller({
          ...this.#options,
          known: () => this.known,
          store: (result) => this.#store(entry, result),
        });
        this.#poller.pollNow();
      },
      yield: () => this.#stopPolling(),
      found: (found) => this.#found(found),
    });
    return entry;
  }

  #stopPolling(): void {
    this.#poller?.stop();
    this.#poller = undefined;
  }

  /** Subscribers receive a result once it is stored: a result that is not stored never happened. */
  async #store(entry: FollowedEntry, { record, change, isNew }: PollResult): Promise<void> {
    const ageMs = isKnown(record) ? Math.max(0, this.#options.clock.now() - record.readAt) : 0;
    const whole = () => wholeOf(record);
    const isStored = await entry.store({ head: record.head, change, isNew, whole, ageMs });
    if (isStored && entry === this.#entry) this.#know(record, true);
  }

  #found({ isCurrent, ...parts }: FoundEntry): boolean {
    const found = readParts(this.known, parts as LiveParts, this.#options.clock.now());
    if (!found) return false;
    // News from before this process followed is not for its subscribers.
    const isNews = found.head.refusal ? found.readAt >= this.#followsFrom : isCurrent;
    if (!isLater(this.known, found)) this.#know(isNews ? found : withoutNews(found), isCurrent);
    return true;
  }

  #know(next: LiveRecord, isCurrent: boolean): void {
    const { delay, refusal } = next.head;
    this.known = next;
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
