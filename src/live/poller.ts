import { randomUUID } from 'node:crypto';
import { Refused } from '../luaauth/refusal.ts';
import { getSession, type Session } from '../luaauth/sessions.ts';
import type { Origin } from '../transport/call.ts';
import type { Clock } from '../transport/clock.ts';
import { CoordinationLost, RateLimited } from '../transport/errors.ts';
import { AbortSource } from '../transport/signal.ts';
import type { DelayReason, FeedEntry } from './feed-entry.ts';
import { type PollAccess, PollUsage } from './poll-access.ts';
import { readSessions } from './read-sessions.ts';
import { type PollResult, SessionBook } from './session-book.ts';

/** Between two polls of a script, in ms: the least, how much longer each time that nothing has changed, and the most. */
const LEAST_MS = 2_000;
const SLOWER = 1.5;
const MOST_MS = 30_000;
/** At least so often the whole state is published, for whoever has lost a change. */
const SNAPSHOT_EVERY_MS = 60_000;
/** For how many of those that several pages miss the API is asked, in one poll. */
const MAX_SUSPECTS = 3;

export interface PollerOptions {
  readonly scriptId: string;
  readonly origin: Origin;
  readonly clock: Clock;
  readonly today: () => number;
  /** How many sessions are followed. */
  readonly maxSessions: number;
  readonly openAccess: (origin: Origin, usage: PollUsage, dueAt: number, signal: AbortSource) => PollAccess;
  readonly publish: (entry: FeedEntry, isWhole: boolean) => void;
  readonly onPoll: (outcome: PollOutcome) => void;
}

export type PollOutcome = 'changed' | 'same' | 'failed';

/** Where a poller goes on: what was published last. */
export interface KnownState {
  readonly epoch: string;
  readonly version: number;
  readonly sessions: readonly Session[];
  readonly isComplete: boolean;
}

/** Polls a script for as long as it is not stopped, and publishes what it finds. */
export class Poller {
  readonly #options: PollerOptions;
  readonly #book: SessionBook;
  readonly #leave = new AbortSource();
  #epoch: string;
  #version: number;
  #isComplete: boolean;
  /** Whether the first snapshot is still to be published. */
  #isNew: boolean;
  #snapshotAt = Number.NEGATIVE_INFINITY;
  #endSeenAt = Number.NEGATIVE_INFINITY;
  #intervalMs = LEAST_MS;
  #trouble: DelayReason | undefined;
  #cancelTimer: (() => void) | undefined;
  #isPolling = false;
  #isWantedAgain = false;

  /** `isAnew`: nobody else knows what is known here, so it is told as a whole, in an epoch of its own. */
  constructor(options: PollerOptions, known: KnownState | undefined, isAnew: boolean) {
    this.#options = options;
    this.#book = new SessionBook(known?.sessions ?? []);
    this.#epoch = known === undefined || isAnew ? randomUUID() : known.epoch;
    this.#version = known?.version ?? 0;
    this.#isComplete = known?.isComplete ?? true;
    this.#isNew = known === undefined || isAnew;
    if (known) this.#snapshotAt = options.clock.now();
  }

  /** Polls at once, or as soon as the poll that is under way has ended. */
  pollNow(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#intervalMs = LEAST_MS;
    if (this.#isPolling) this.#isWantedAgain = true;
    else void this.#poll();
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#leave.abort();
  }

  async #poll(): Promise<void> {
    this.#isPolling = true;
    const usage = new PollUsage();
    let isOver = false;
    try {
      const { poll, gone } = await this.#read(usage);
      if (this.#leave.aborted) return;
      this.#enter(poll, gone, usage.isUncoordinated);
    } catch (failure) {
      if (this.#leave.aborted) return;
      this.#options.onPoll('failed');
      isOver = failure instanceof Refused && !failure.transient;
      if (isOver) this.#options.publish({ kind: 'end', failure }, false);
      else this.#tellDelay(reasonFor(failure));
    } finally {
      this.#isPolling = false;
      if (!isOver && !this.#leave.aborted) this.#wait();
    }
  }

  #wait(): void {
    const waitMs = this.#isWantedAgain ? 0 : this.#intervalMs;
    this.#isWantedAgain = false;
    this.#cancelTimer = this.#options.clock.after(waitMs, () => void this.#poll());
  }

  async #read(usage: PollUsage): Promise<{ poll: PollResult; gone: ReadonlySet<string> }> {
    const { origin, openAccess, clock, today, scriptId, maxSessions } = this.#options;
    const access = openAccess(origin, usage, clock.now(), this.#leave);
    const found = await readSessions(access, scriptId, maxSessions, (page) => this.#isKnownPage(page));
    if (found.isEndSeen) this.#endSeenAt = clock.now();
    const poll = { ...found, asOf: Math.floor(today() - (clock.now() - usage.readAt)) };
    const suspects = this.#book.suspects(poll).slice(0, MAX_SUSPECTS);
    const answers = await Promise.all(suspects.map((id) => isGone(access, id)));
    return { poll, gone: new Set(suspects.filter((_id, index) => answers[index])) };
  }

  /** While the same users are connected, it is looked once in a while only whether others follow. */
  #isKnownPage(sessions: readonly Session[]): boolean {
    const isRecent = this.#options.clock.now() - this.#endSeenAt < SNAPSHOT_EVERY_MS;
    return isRecent && this.#book.isSame(sessions);
  }

  #enter(poll: PollResult, gone: ReadonlySet<string>, isUncoordinated: boolean): void {
    const { clock, publish, onPoll } = this.#options;
    const { asOf, isComplete } = poll;
    const { appeared, disappeared } = this.#book.enter(poll, gone);
    const hasChanged = appeared.length + disappeared.length > 0;
    const isOtherwise = this.#isNew || isComplete !== this.#isComplete;
    if (hasChanged || isOtherwise) this.#version += 1;
    this.#isComplete = isComplete;
    this.#intervalMs = hasChanged || this.#isNew ? LEAST_MS : Math.min(MOST_MS, this.#intervalMs * SLOWER);
    this.#isNew = false;
    const position = { version: this.#version, asOf, nextPollMs: Math.ceil(this.#intervalMs) };
    const now = clock.now();
    if (hasChanged && !isOtherwise) publish({ kind: 'change', ...position, appeared, disappeared }, false);
    const isDue = now + this.#intervalMs - this.#snapshotAt > SNAPSHOT_EVERY_MS;
    if (isOtherwise || isDue) {
      this.#snapshotAt = now;
      const { sessions } = this.#book;
      publish({ kind: 'snapshot', epoch: this.#epoch, ...position, sessions, isComplete }, true);
    } else if (!hasChanged) publish({ kind: 'same', ...position }, false);
    onPoll(hasChanged ? 'changed' : 'same');
    if (isUncoordinated) this.#tellDelay('COORDINATION_LOST');
    else this.#trouble = undefined;
  }

  /** Tells a trouble once, when it begins. */
  #tellDelay(reason: DelayReason | undefined): void {
    if (reason === undefined) return;
    if (reason !== 'COORDINATION_LOST') this.#intervalMs = Math.min(MOST_MS, this.#intervalMs * SLOWER);
    if (this.#trouble === reason) return;
    this.#trouble = reason;
    this.#options.publish({ kind: 'delay', reason, nextPollMs: Math.ceil(this.#intervalMs) }, false);
  }
}

/** Undefined: it is only the turn of other polls, as they share a rate. */
function reasonFor(failure: unknown): DelayReason | undefined {
  if (failure instanceof RateLimited) return failure.isOfCaller ? undefined : 'QUOTA';
  return failure instanceof CoordinationLost ? 'COORDINATION_LOST' : 'API_UNAVAILABLE';
}

/** Whether the API does not know a session any more. What it does not say is no. */
async function isGone(access: PollAccess, id: string): Promise<boolean> {
  try {
    await getSession(access, { session_id: id });
    return false;
  } catch (failure) {
    return failure instanceof Refused && failure.reason === 'not permitted';
  }
}
