import { whenKnown } from '../../state/maybe-promise.ts';
import type { FollowedValue, SharedValues } from '../../transport/shared-state.ts';
import {
  differenceOf,
  isKnown,
  type LiveDifference,
  type LiveRecord,
  NOTHING_KNOWN,
  readValue,
  toValue,
  withoutDelay,
} from './live-record.ts';
import type { LiveStream, StreamSource } from './live-stream.ts';
import { createPoller, type Poller, type PollerOptions } from './poller.ts';

interface LiveScriptOptions extends Omit<PollerOptions, 'known' | 'onRefused' | 'store'> {
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
  known = NOTHING_KNOWN;
  #knownSince = Number.NEGATIVE_INFINITY;
  /** What this process finds must be later: it read its last state alone. */
  #laterThan = Number.NEGATIVE_INFINITY;
  /** The changes from each earlier state to the known state. Streams that have reported the same state share them. */
  #differences = new Map<LiveRecord, LiveDifference>();
  /** Whether the known state is kept up to date. Streams begin only with such a state. */
  isCurrent = false;
  /** Undefined unless this process polls. */
  #poller: Poller | undefined;

  constructor(options: LiveScriptOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#streams.size;
  }

  since(state: LiveRecord, known: LiveRecord): LiveDifference {
    if (known !== this.known) return differenceOf(state.sessions, known.sessions);
    const found = this.#differences.get(state) ?? differenceOf(state.sessions, known.sessions);
    this.#differences.set(state, found);
    return found;
  }

  add(stream: LiveStream): void {
    this.#streams.add(stream);
    this.#value ??= this.#follow();
    // Another process may have told its subscribers of a newer state.
    whenKnown(this.#value.refresh(), () => stream.begin());
  }

  remove(stream: LiveStream): void {
    this.#streams.delete(stream);
  }

  /** Stops following, because no stream is left. */
  leave(): void {
    this.#stopPolling();
    this.#value?.leave();
    this.#value = undefined;
  }

  knowsAny(sessionIds: readonly string[]): boolean {
    return sessionIds.some((id) => this.known.sessions.has(id));
  }

  /** Polls at once if this process polls the script. */
  pollNow(): void {
    this.#poller?.pollNow();
  }

  endAll(failure?: { readonly error: unknown }): void {
    const streams = [...this.#streams];
    for (const stream of streams) stream.end(failure);
    for (const stream of streams) stream.deliver();
  }

  #follow(): FollowedValue {
    const { values, origin, scriptId } = this.#options;
    const value = values.follow(origin.account, scriptId, {
      lead: () => {
        if (value !== this.#value) return;
        this.#stopPolling();
        this.#poller = createPoller({
          ...this.#options,
          known: () => this.known,
          store: (record) => this.#store(value, record),
          // Another process that has streams polls next, and is refused itself.
          onRefused: (error) => this.endAll({ error }),
        });
        this.#poller.pollNow();
      },
      yield: () => this.#stopPolling(),
      rejoin: () => {
        this.#laterThan = this.#knownSince;
      },
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
    const found = readValue(value, this.#options.clock.now() - ageMs);
    if (!found) return false;
    // A process that has lost what others know, and has read nothing yet, stores a delay without a state.
    const isNoState = !isKnown(found) && isKnown(this.known);
    if (isNoState || found.readAt <= this.#laterThan) return true;
    this.#laterThan = Number.NEGATIVE_INFINITY;
    // A delay of a process that does not poll any more is not for the subscribers.
    this.#know(isCurrent ? found : withoutDelay(found), isCurrent);
    return true;
  }

  #know(next: LiveRecord, isCurrent: boolean): void {
    const { delay } = next.head;
    // A delay changes nothing about the time of the state.
    if (next.readAt !== this.known.readAt) this.#knownSince = this.#options.clock.now();
    this.known = next;
    this.#differences = new Map();
    if (isCurrent && isKnown(next) && !delay) this.isCurrent = true;
    for (const stream of [...this.#streams]) stream.deliver();
  }
}
