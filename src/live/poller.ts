import { randomUUID } from 'node:crypto';
import { Refused } from '../luaauth/refusal.ts';
import { getSession, type Session } from '../luaauth/sessions.ts';
import { AbortSource, type Origin } from '../transport/call.ts';
import type { Clock } from '../transport/clock.ts';
import { CoordinationLost, RateLimited } from '../transport/errors.ts';
import { type DelayReason, type LivePosition, NO_STATE, type PollEvent } from './live-event.ts';
import { type PollAccess, PollUsage, type ReadSessions, readSessions } from './poll-access.ts';
import { SessionTracker } from './session-tracker.ts';

/** Between two polls of a script, in ms: the least, how much longer each time that nothing has changed, and the most. */
const LEAST_MS = 2_000;
const SLOWER = 1.5;
const MOST_MS = 30_000;
/** A poll that waits for longer until it is sent is published as a delay, in ms. With 100 scripts at `LIVE_RATE` each waits 8 s. */
const LATE_MS = 10_000;
/** At least so often the whole state is published, for a process that has lost a change. */
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
  /** `whole`: another process can begin with it. */
  readonly publish: (event: PollEvent, role: 'whole' | 'part') => void;
  /** The API has refused to say more: polling is over. */
  readonly onRefused: (failure: Refused) => void;
  readonly onPoll: (outcome: PollOutcome) => void;
}

export type PollOutcome = 'changed' | 'same' | 'failed';

/** The state that was published last, for a poller to go on from. */
export interface KnownState {
  readonly position: LivePosition;
  readonly sessions: ReadonlyMap<string, Session>;
  readonly isComplete: boolean;
}

interface Poll extends ReadSessions {
  /** The state was read at this instant, in ms since 1970. */
  readonly asOf: number;
  /** Those that it missed and the API does not know any more. */
  readonly gone: ReadonlySet<string>;
}

/** Polls a script for as long as it is not stopped, and publishes what it finds. */
export class Poller {
  readonly #options: PollerOptions;
  readonly #tracker: SessionTracker;
  readonly #leave = new AbortSource();
  /** The state that was published last. A cursor is an epoch, which versions of others mean nothing in, and a version. */
  #position: LivePosition;
  #epoch: string;
  #version: number;
  #isComplete: boolean;
  /** Whether the first snapshot is still to be published. */
  #isNew: boolean;
  /** Whether the first poll took a page that came back short for all there is: the next one makes sure. */
  #isEndAssumed = false;
  #snapshotAt = Number.NEGATIVE_INFINITY;
  #endSeenAt = Number.NEGATIVE_INFINITY;
  #intervalMs = LEAST_MS;
  #delay: DelayReason | undefined;
  #cancelTimer: (() => void) | undefined;
  #isPolling = false;
  #isWantedAgain = false;

  /** `isReset`: no other process knows what is known here, so it is published as a whole, in a new epoch. */
  constructor(options: PollerOptions, known: KnownState, isReset: boolean) {
    this.#options = options;
    const { position, sessions, isComplete } = known;
    this.#tracker = new SessionTracker(sessions);
    this.#isComplete = isComplete;
    this.#isNew = position === NO_STATE || isReset;
    this.#position = position;
    const [epoch = '', version] = position.cursor.split('.');
    this.#epoch = this.#isNew ? randomUUID() : epoch;
    this.#version = Number(version);
    if (position !== NO_STATE) this.#snapshotAt = options.clock.now();
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
    const endWatch = this.#watch(usage);
    let isOver = false;
    try {
      const poll = await this.#read(usage);
      if (this.#leave.aborted) return;
      this.#enter(poll, usage.isUncoordinated);
    } catch (failure) {
      if (this.#leave.aborted) return;
      this.#options.onPoll('failed');
      isOver = failure instanceof Refused && !failure.transient;
      if (isOver) this.#options.onRefused(failure as Refused);
      else this.#fail(reasonFor(failure));
    } finally {
      endWatch();
      this.#isPolling = false;
      if (!isOver && !this.#leave.aborted) this.#wait();
    }
  }

  /** The last answer gets old while a poll waits for its permit. */
  #watch(usage: PollUsage): () => void {
    const { clock } = this.#options;
    const look = () => {
      if (usage.isWaiting && !this.#leave.aborted) this.#publishDelay('QUOTA');
      cancel = clock.after(LATE_MS, look);
    };
    let cancel = clock.after(LATE_MS, look);
    return () => cancel();
  }

  #wait(): void {
    const waitMs = this.#isWantedAgain ? 0 : this.#intervalMs;
    this.#isWantedAgain = false;
    this.#cancelTimer = this.#options.clock.after(waitMs, () => void this.#poll());
  }

  async #read(usage: PollUsage): Promise<Poll> {
    const { origin, openAccess, clock, today, scriptId, maxSessions } = this.#options;
    const access = openAccess(origin, usage, clock.now(), this.#leave);
    const found = await readSessions(access, scriptId, maxSessions, (page) => this.#isKnownPage(page));
    if (found.isEndSeen) this.#endSeenAt = clock.now();
    const asOf = Math.floor(today() - (clock.now() - usage.readAt));
    const suspects = this.#tracker.suspects(found).slice(0, MAX_SUSPECTS);
    const answers = await Promise.all(suspects.map((id) => isGone(access, id)));
    return { ...found, asOf, gone: new Set(suspects.filter((_id, index) => answers[index])) };
  }

  /**
   * While the same users are connected, it is looked once in a while only whether others follow. The first poll is one call,
   * which is the price of a subscription, and looks at all not.
   */
  #isKnownPage(sessions: ReadonlyMap<string, Session>): boolean {
    if (this.#snapshotAt === Number.NEGATIVE_INFINITY) {
      this.#isEndAssumed = true;
      return true;
    }
    const isRecent = this.#options.clock.now() - this.#endSeenAt < SNAPSHOT_EVERY_MS;
    return isRecent && this.#tracker.isSame(sessions);
  }

  #enter(poll: Poll, isUncoordinated: boolean): void {
    const { clock, publish, onPoll } = this.#options;
    const { asOf, isOnePage, isComplete } = poll;
    const { appeared, disappeared } = this.#tracker.enter(poll, poll.gone);
    const hasChanged = appeared.length + disappeared.length > 0;
    // Those who follow after all were connected before: they are no news.
    const isMore = this.#isEndAssumed && !isOnePage;
    const isOtherwise = this.#isNew || isMore || isComplete !== this.#isComplete;
    if (hasChanged || isOtherwise) this.#version += 1;
    this.#isComplete = isComplete;
    this.#intervalMs = hasChanged || this.#isNew ? LEAST_MS : Math.min(MOST_MS, this.#intervalMs * SLOWER);
    if (!this.#isNew) this.#isEndAssumed = false;
    this.#isNew = false;
    const cursor = `${this.#epoch}.${this.#version}`;
    const position = { cursor, asOf, nextPollMs: Math.ceil(this.#intervalMs) };
    this.#position = position;
    const now = clock.now();
    if (hasChanged && !isOtherwise)
      publish({ type: 'SessionsChange', ...position, appeared, disappeared }, 'part');
    const isDue = now + this.#intervalMs - this.#snapshotAt > SNAPSHOT_EVERY_MS;
    if (isOtherwise || isDue) {
      this.#snapshotAt = now;
      const { sessions } = this.#tracker;
      publish({ type: 'SessionsSnapshot', ...position, sessions, isComplete }, 'whole');
    } else if (!hasChanged) publish({ type: 'same', ...position }, 'part');
    onPoll(hasChanged ? 'changed' : 'same');
    if (isUncoordinated) this.#publishDelay('COORDINATION_LOST');
    else this.#delay = undefined;
  }

  #fail(reason: DelayReason): void {
    if (reason !== 'COORDINATION_LOST') this.#intervalMs = Math.min(MOST_MS, this.#intervalMs * SLOWER);
    this.#publishDelay(reason);
  }

  /** Publishes a delay once, when it begins. */
  #publishDelay(reason: DelayReason): void {
    if (this.#delay === reason) return;
    this.#delay = reason;
    const { publish, today } = this.#options;
    const { cursor, asOf } = this.#position === NO_STATE ? { ...NO_STATE, asOf: today() } : this.#position;
    const nextPollMs = Math.ceil(this.#intervalMs);
    publish({ type: 'SessionsDelay', cursor, asOf, nextPollMs, reason }, 'part');
  }
}

function reasonFor(failure: unknown): DelayReason {
  if (failure instanceof RateLimited) return 'QUOTA';
  return failure instanceof CoordinationLost ? 'COORDINATION_LOST' : 'API_UNAVAILABLE';
}

/** Whether the API does not know a session any more. Silence means no. */
async function isGone(access: PollAccess, id: string): Promise<boolean> {
  try {
    await getSession(access, { session_id: id });
    return false;
  } catch (failure) {
    return failure instanceof Refused && failure.reason === 'not permitted';
  }
}
