import type { Clock } from '../../base/clock.ts';
import { AbortSource } from '../../base/signal.ts';
import { Refused } from '../../luaauth/refusal.ts';
import type { Origin } from '../../transport/call.ts';
import { RateLimited } from '../../transport/errors.ts';
import type { DelayReason } from './live-event.ts';
import { differenceOf, isSame, type LiveDifference, type LiveState } from './live-state.ts';
import type { LiveNews, LiveStream, StreamSource } from './live-stream.ts';
import { poll } from './poll.ts';
import { type PollAccess, PollUsage } from './poll-access.ts';

/**
 * The interval between polls of a script, in ms: least, growth and most. The interval grows after each poll without a
 * change.
 */
const LEAST_MS = 2_000;
const SLOWER = 1.5;
const MOST_MS = 30_000;

interface LiveScriptOptions {
  readonly scriptId: string;
  readonly origin: Origin;
  readonly clock: Clock;
  /** The time of day, in ms since 1970. */
  readonly today: () => number;
  /** How many sessions are followed at most. */
  readonly maxSessions: number;
  readonly openAccess: (
    origin: Origin,
    usage: PollUsage,
    signal: AbortSource,
    maxAgeMs: number,
  ) => PollAccess;
  readonly onPoll: (outcome: 'changed' | 'same' | 'failed') => void;
}

interface Reading {
  readonly is: 'reading';
  readonly usage: PollUsage;
  /** Whether a poll follows at once. */
  isWantedAgain: boolean;
}

type Polling = Reading | { readonly is: 'pausing'; readonly cancel: () => void } | { readonly is: 'over' };

/**
 * One script's sessions, and their subscribers in this process. A poll is a read that repeats when an interval has passed since
 * the state was read, by whichever process: so all processes poll at the same moment, and the cache that they share makes one call.
 */
export class LiveScript implements StreamSource {
  readonly #options: LiveScriptOptions;
  readonly #streams = new Set<LiveStream>();
  readonly #left = new AbortSource();
  #polling: Polling = { is: 'over' };
  #intervalMs = LEAST_MS;
  #state: LiveState | undefined;
  /** When the state arrived. An answer that was asked for before may show an older state. */
  #foundAt = Number.NEGATIVE_INFINITY;
  /** Why the last poll failed. Undefined: it did not fail. */
  #failure: DelayReason | undefined;
  #cancelDelay: (() => void) | undefined;
  news: LiveNews = { state: undefined, nextPollMs: LEAST_MS, delay: undefined };
  /** The changes from each earlier state to the present state. Streams that have reported the same state share them. */
  #differences = new Map<LiveState, LiveDifference>();

  constructor(options: LiveScriptOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#streams.size;
  }

  since(state: LiveState, later: LiveState): LiveDifference {
    if (later !== this.#state) return differenceOf(state.sessions, later.sessions);
    const found = this.#differences.get(state) ?? differenceOf(state.sessions, later.sessions);
    this.#differences.set(state, found);
    return found;
  }

  /** The first stream begins the polls. */
  add(stream: LiveStream): void {
    this.#streams.add(stream);
    if (this.#streams.size > 1) return;
    this.#tellDelayIn(2 * LEAST_MS);
    void this.#poll();
  }

  remove(stream: LiveStream): void {
    this.#streams.delete(stream);
  }

  /** Ends the polls, because no stream is left. */
  leave(): void {
    if (this.#polling.is === 'pausing') this.#polling.cancel();
    this.#polling = { is: 'over' };
    this.#cancelDelay?.();
    this.#left.abort();
  }

  knowsAny(sessionIds: readonly string[]): boolean {
    return sessionIds.some((id) => this.#state?.sessions.has(id));
  }

  /** Polls at once, or as soon as the present poll has ended. */
  pollNow(): void {
    this.#intervalMs = LEAST_MS;
    if (this.#polling.is === 'reading') this.#polling.isWantedAgain = true;
    else if (this.#polling.is === 'pausing') {
      this.#polling.cancel();
      void this.#poll();
    }
  }

  endAll(failure?: { readonly error: unknown }): void {
    const streams = [...this.#streams];
    for (const stream of streams) stream.end(failure);
    for (const stream of streams) stream.deliver();
  }

  async #poll(): Promise<void> {
    const { scriptId, origin, clock, today, maxSessions, openAccess, onPoll } = this.#options;
    const reading: Reading = { is: 'reading', usage: new PollUsage(), isWantedAgain: false };
    this.#polling = reading;
    const before = this.#state;
    const maxAgeMs = before ? clock.now() - this.#foundAt : LEAST_MS;
    try {
      const access = openAccess(origin, reading.usage, this.#left, maxAgeMs);
      const state = await poll(access, scriptId, before, maxSessions, today);
      if (this.#left.aborted) return;
      onPoll(before && !isSame(before.sessions, state.sessions) ? 'changed' : 'same');
      if (state.readAt >= this.#foundAt) this.#found(state);
    } catch (failure) {
      if (this.#left.aborted) return;
      onPoll('failed');
      if (failure instanceof Refused && !failure.transient) return this.endAll({ error: failure });
      this.#failed(failure instanceof RateLimited);
    }
    this.#pollAgain(reading);
  }

  #pollAgain({ isWantedAgain }: { readonly isWantedAgain: boolean }): void {
    const { clock } = this.#options;
    const readAt = this.#failure ? clock.now() : (this.#state?.readAt ?? clock.now());
    const at = isWantedAgain ? clock.now() : readAt + this.#intervalMs;
    const cancel = clock.after(Math.max(0, at - clock.now()), () => void this.#poll());
    this.#polling = { is: 'pausing', cancel };
  }

  #found(state: LiveState): void {
    const before = this.#state;
    this.#failure = undefined;
    const hasChanged = !before || before.cursor !== state.cursor || state.missed.size > 0;
    this.#intervalMs = hasChanged ? LEAST_MS : Math.min(MOST_MS, this.#intervalMs * SLOWER);
    this.#state = state;
    this.#foundAt = this.#options.clock.now();
    this.#differences = new Map();
    this.#tellDelayIn(2 * this.#intervalMs - (this.#foundAt - state.readAt));
    this.#tell({ state, nextPollMs: Math.ceil(this.#intervalMs), delay: undefined });
  }

  #failed(byQuota: boolean): void {
    this.#failure = byQuota ? 'QUOTA' : 'API_UNAVAILABLE';
    // A poll that has waited in vain is repeated soon, or later polls would go first.
    this.#intervalMs = byQuota ? LEAST_MS : Math.min(MOST_MS, this.#intervalMs * SLOWER);
  }

  /** Tells the subscribers once that the state is old, unless a newer state is found before. */
  #tellDelayIn(delayMs: number): void {
    const { clock, today } = this.#options;
    this.#cancelDelay?.();
    this.#cancelDelay = clock.after(Math.max(0, delayMs), () => {
      const delay = { reason: this.#whyOld(), asOf: this.#state?.asOf ?? today() };
      this.#tell({ ...this.news, nextPollMs: Math.ceil(this.#intervalMs), delay });
    });
  }

  #whyOld(): DelayReason {
    const polling = this.#polling;
    if (polling.is !== 'reading' || !polling.usage.isWaiting) return this.#failure ?? 'API_UNAVAILABLE';
    return polling.usage.isLost ? 'COORDINATION_LOST' : 'QUOTA';
  }

  #tell(news: LiveNews): void {
    this.news = news;
    for (const stream of [...this.#streams]) stream.deliver();
  }
}
