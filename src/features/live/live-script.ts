import { getSessions, type Session } from '../../luaauth/sessions.ts';
import type { FeedSubscription, Feeds } from '../../state/port.ts';
import { AbortSource } from '../../transport/call.ts';
import { type Clock, soon } from '../../transport/clock.ts';
import {
  type ChangeEvent,
  type DelayEvent,
  END,
  EVERY_SESSION,
  type FeedEntry,
  type LiveEvent,
  type LivePosition,
  NO_STATE,
  type PollEvent,
  type SessionTest,
  type SnapshotEvent,
} from './live-event.ts';
import type { LiveStream, StreamSource } from './live-stream.ts';
import { PollUsage } from './poll-access.ts';
import { createPoller, type Poller, type PollerOptions } from './poller.ts';

/** How many changes back a cursor is known, and how many sessions these changes may hold. */
const MAX_CHANGES = 256;
const MAX_CHANGED = 5_000;
/**
 * How many sessions are delivered in one turn of the event loop. Executing and writing an event takes time and memory
 * for each session. An event counts `SESSIONS_AN_EVENT` more than the sessions that it holds.
 */
const SESSIONS_A_TURN = 2_000;
const SESSIONS_AN_EVENT = 40;

interface LiveScriptOptions extends Omit<PollerOptions, 'publish' | 'onRefused'> {
  readonly feeds: Feeds;
}

/**
 * One script's sessions and their subscribers in this process. All processes share a feed of the script. The leader
 * polls and publishes, and every process receives the entries, including the leader.
 */
export class LiveScript implements StreamSource {
  readonly #options: LiveScriptOptions;
  readonly #streams = new Set<LiveStream>();
  #subscription: FeedSubscription | undefined;
  /** Undefined unless this process leads. */
  #poller: Poller | undefined;
  /** The API's refusal of a poll of this process. */
  #refusal: { readonly error: unknown } | undefined;
  position: LivePosition = NO_STATE;
  isComplete = true;
  #isCurrent = false;
  #sessions = new Map<string, Session>();
  #all: readonly Session[] | undefined;
  /** The last changes, each with the cursor of the state before it. */
  #changes: { readonly since: string; readonly change: ChangeEvent }[] = [];
  #delay: DelayEvent | undefined;
  /** Cancels the timer that drops this script. */
  keep: () => void = () => undefined;

  constructor(options: LiveScriptOptions) {
    this.#options = options;
  }

  get isKnown(): boolean {
    return this.position !== NO_STATE;
  }

  get isCurrent(): boolean {
    return this.isKnown && this.#isCurrent;
  }

  get size(): number {
    return this.#streams.size;
  }

  add(stream: LiveStream): void {
    this.keep();
    this.#streams.add(stream);
    if (this.#delay) stream.receive(this.#delay);
    this.#subscription ??= this.#join();
  }

  remove(stream: LiveStream): void {
    this.#streams.delete(stream);
  }

  /** Stops following, because no stream is left. The known state only serves streams that continue from a cursor. */
  leave(): void {
    this.#follow();
    this.#subscription?.leave();
    this.#subscription = undefined;
    this.#isCurrent = false;
    this.#delay = undefined;
  }

  /** Polls at once if this process polls the script and knows one of the ended sessions. */
  ended(sessionIds: readonly string[]): void {
    if (sessionIds.some((id) => this.#sessions.has(id))) this.#poller?.pollNow();
  }

  endAll(refusal?: { readonly error: unknown }): void {
    const streams = [...this.#streams];
    for (const stream of streams) stream.end(refusal);
    wake(streams, this.#options.clock);
  }

  sessions(isWanted: SessionTest): readonly Session[] {
    this.#all ??= [...this.#sessions.values()];
    return isWanted === EVERY_SESSION ? this.#all : this.#all.filter(isWanted);
  }

  changesSince(cursor: string): readonly ChangeEvent[] | undefined {
    if (cursor === this.position.cursor) return [];
    const index = this.#changes.findIndex(({ since }) => since === cursor);
    return index < 0 ? undefined : this.#changes.slice(index).map(({ change }) => change);
  }

  #join(): FeedSubscription {
    const { feeds, origin, scriptId } = this.#options;
    return feeds.join(origin.account, scriptId, {
      lead: (isReset) => {
        this.#poller?.stop();
        this.#poller = createPoller(
          {
            ...this.#options,
            publish: (event, role) => this.#subscription?.publish(event, role),
            onRefused: (error) => this.#refuse(error),
          },
          { position: this.position, isComplete: this.isComplete, sessions: this.#sessions },
          isReset,
        );
        this.#poller.pollNow();
      },
      follow: () => this.#follow(),
      received: (entry, isLatest) => this.#receive(entry as FeedEntry, isLatest),
    });
  }

  #follow(): void {
    this.#poller?.stop();
    this.#poller = undefined;
  }

  #refuse(error: unknown): void {
    this.#refusal = { error };
    this.#subscription?.publish(END, 'last');
  }

  #receive(entry: FeedEntry, isLatest: boolean): void {
    if (entry.type !== 'end') this.#enter(entry, isLatest);
    else void this.#askRefusal().then((refusal) => this.endAll(refusal));
  }

  /** If another process received the refusal, this process asks the API for its own. */
  async #askRefusal(): Promise<{ readonly error: unknown } | undefined> {
    const refusal = this.#refusal;
    this.#refusal = undefined;
    if (refusal) return refusal;
    const { openAccess, origin, clock, scriptId } = this.#options;
    const access = openAccess(origin, new PollUsage(), clock.now(), new AbortSource());
    try {
      await getSessions(access, { script_id: scriptId }, { from: 0, limit: 1 });
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  /** `isLatest`: as far as is known, there is no later entry. Streams begin only with the latest state. */
  #enter(event: PollEvent, isLatest: boolean): void {
    // Drops a change of a state that is not known here. A snapshot follows.
    if (!this.isKnown && (event.type === 'SessionsChange' || event.type === 'same')) return;
    const { cursor, asOf, nextPollMs } = event;
    this.#delay = event.type === 'SessionsDelay' ? event : undefined;
    if (this.#delay) {
      if (this.isKnown) this.position = { ...this.position, nextPollMs };
    } else {
      if (event.type === 'SessionsSnapshot') this.#replace(event);
      if (event.type === 'SessionsChange') this.#change(event);
      this.position = { cursor, asOf, nextPollMs };
      this.#isCurrent = isLatest;
    }
    // All streams receive the event at once, so that no cursor promises changes that its event lacks. Subscribers are
    // woken one after the other.
    for (const stream of this.#streams) stream.receive(event);
    wake([...this.#streams], this.#options.clock);
  }

  #replace({ cursor, sessions, isComplete }: SnapshotEvent): void {
    if (cursor !== this.position.cursor) this.#changes = [];
    this.isComplete = isComplete;
    this.#sessions = new Map(sessions.map((session) => [session.id ?? '', session]));
    this.#all = undefined;
  }

  #change(change: ChangeEvent): void {
    for (const { id = '' } of change.disappeared) this.#sessions.delete(id);
    for (const session of change.appeared) this.#sessions.set(session.id ?? '', session);
    this.#all = undefined;
    this.#changes.push({ since: this.position.cursor, change });
    const sizeOf = ({ appeared, disappeared }: ChangeEvent) => appeared.length + disappeared.length;
    const weight = () => this.#changes.reduce((sum, one) => sum + sizeOf(one.change), 0);
    while (this.#changes.length > MAX_CHANGES || weight() > MAX_CHANGED) this.#changes.shift();
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
