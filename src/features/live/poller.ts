import { Refused } from '../../luaauth/refusal.ts';
import { getSession, type Session } from '../../luaauth/sessions.ts';
import { AbortSource, type Origin } from '../../transport/call.ts';
import type { Clock } from '../../transport/clock.ts';
import { CoordinationLost, RateLimited } from '../../transport/errors.ts';
import { type RandomSource, randomId } from '../../transport/random-source.ts';
import { type DelayReason, type LivePosition, NO_STATE, type PollEvent } from './live-event.ts';
import { type PollAccess, PollUsage, type ReadSessions, readSessions } from './poll-access.ts';
import { createSessionTracker } from './session-tracker.ts';

/**
 * The interval between polls of a script, in ms: least, growth and most. The interval grows after each poll without a
 * change.
 */
const LEAST_MS = 2_000;
const SLOWER = 1.5;
const MOST_MS = 30_000;
/**
 * A poll that waits longer for its permit is published as a delay, in ms. With 100 scripts at `LIVE_RATE`, each poll
 * waits 8 s.
 */
const LATE_MS = 10_000;
/**
 * While polls wait this long for the quota, the interval is at most `MOST_CROWDED_MS`, in ms. So each script is polled
 * every 10 s.
 */
const CROWDED_MS = 5_000;
const MOST_CROWDED_MS = 3_000;
/** The longest time between two snapshots, in ms. A snapshot repairs the state of a process that has lost a change. */
const SNAPSHOT_EVERY_MS = 60_000;
/** How many missing sessions one poll looks up by id, when the list has several pages. */
const MAX_SUSPECTS = 3;

export interface PollerOptions {
  readonly scriptId: string;
  readonly origin: Origin;
  readonly clock: Clock;
  readonly today: () => number;
  readonly random: RandomSource;
  /** How many sessions are followed at most. */
  readonly maxSessions: number;
  readonly openAccess: (origin: Origin, usage: PollUsage, dueAt: number, signal: AbortSource) => PollAccess;
  /** `whole`: another process can begin with this event. */
  readonly publish: (event: PollEvent, role: 'whole' | 'part') => void;
  /** The API has refused a poll for good: polling is over. */
  readonly onRefused: (failure: Refused) => void;
  readonly onPoll: (outcome: PollOutcome) => void;
}

type PollOutcome = 'changed' | 'same' | 'failed';

/** The state that was published last, from which a poller continues. */
interface KnownState {
  readonly position: LivePosition;
  readonly sessions: ReadonlyMap<string, Session>;
  readonly isComplete: boolean;
}

interface Poll extends ReadSessions {
  /** When the state was read, in ms since 1970. */
  readonly asOf: number;
  /** How long the poll waited for its first permit, in ms. */
  readonly waitedMs: number;
  /** Ids of sessions that the poll missed and the API does not know any more. */
  readonly gone: ReadonlySet<string>;
}

export type Poller = ReturnType<typeof createPoller>;

/**
 * Polls a script until it is stopped, and publishes the outcomes.
 * @param isReset - no other process knows this state, so it is published as a whole, in a new epoch
 */
export function createPoller(options: PollerOptions, known: KnownState, isReset: boolean) {
  const { scriptId, origin, clock, today, maxSessions, openAccess, publish, onRefused, onPoll } = options;
  const tracker = createSessionTracker(known.sessions);
  const stopped = new AbortSource();
  let { position, isComplete } = known;
  /** Whether the first snapshot is not published yet. */
  let isNew = position === NO_STATE || isReset;
  /** A cursor is an epoch and a version. A version means nothing in another epoch. */
  const [epochBefore = '', versionBefore] = position.cursor.split('.');
  const epoch = isNew ? randomId(options.random) : epochBefore;
  let version = Number(versionBefore);
  /** Whether the first poll took a short page for the whole list. The next poll makes sure. */
  let isEndAssumed = false;
  let snapshotAt = position === NO_STATE ? Number.NEGATIVE_INFINITY : clock.now();
  let endSeenAt = Number.NEGATIVE_INFINITY;
  let intervalMs = LEAST_MS;
  let delay: { readonly reason: DelayReason; readonly since: number; readonly againAt: number } | undefined;
  /** When the next answer was due, on the clock. Failures do not postpone this time. */
  let dueAt: number | undefined;
  let cancelTimer: (() => void) | undefined;
  let isPolling = false;
  let isWantedAgain = false;

  const poll = async () => {
    isPolling = true;
    const usage = new PollUsage();
    const endWatch = watch(usage);
    let isOver = false;
    try {
      const found = await read(usage);
      if (stopped.aborted) return;
      enter(found, usage);
    } catch (failure) {
      if (stopped.aborted) return;
      onPoll('failed');
      isOver = failure instanceof Refused && !failure.transient;
      if (isOver) onRefused(failure as Refused);
      else fail(reasonFor(failure));
    } finally {
      endWatch();
      isPolling = false;
      if (!isOver && !stopped.aborted) {
        cancelTimer = clock.after(isWantedAgain ? 0 : intervalMs, () => void poll());
        isWantedAgain = false;
      }
    }
  };

  /** Publishes a delay while a poll waits for its permit, because the last answer gets old. */
  const watch = (usage: PollUsage) => {
    const look = () => {
      if (usage.isWaiting && !stopped.aborted) publishDelay('QUOTA');
      cancel = clock.after(LATE_MS, look);
    };
    let cancel = clock.after(LATE_MS, look);
    return () => cancel();
  };

  const read = async (usage: PollUsage): Promise<Poll> => {
    dueAt ??= clock.now();
    const waitsFrom = dueAt;
    const access = openAccess(origin, usage, waitsFrom, stopped);
    const found = await readSessions(access, scriptId, maxSessions, isKnownPage);
    if (found.isEndSeen) endSeenAt = clock.now();
    const asOf = Math.floor(today() - (clock.now() - usage.readAt));
    const suspects = tracker.suspects(found).slice(0, MAX_SUSPECTS);
    const answers = await Promise.all(suspects.map((id) => isGone(access, id)));
    return {
      ...found,
      asOf,
      waitedMs: usage.readAt - waitsFrom,
      gone: new Set(suspects.filter((_id, index) => answers[index])),
    };
  };

  /**
   * Whether a short page counts as the whole list. While the same users are connected, a poll looks for more pages only
   * once in a while. The first poll never looks, because a subscription must cost one call.
   */
  const isKnownPage = (sessions: ReadonlyMap<string, Session>) => {
    if (snapshotAt === Number.NEGATIVE_INFINITY) {
      isEndAssumed = true;
      return true;
    }
    return clock.now() - endSeenAt < SNAPSHOT_EVERY_MS && tracker.isSame(sessions);
  };

  const enter = (found: Poll, { isUncoordinated }: PollUsage) => {
    dueAt = undefined;
    const { appeared, disappeared } = tracker.enter(found, found.gone);
    const hasChanged = appeared.length + disappeared.length > 0;
    // Sessions found on further pages were connected before. A snapshot adds them, not a change.
    const isMore = isEndAssumed && !found.isOnePage;
    const isOtherwise = isNew || isMore || found.isComplete !== isComplete;
    if (hasChanged || isOtherwise) version += 1;
    isComplete = found.isComplete;
    const mostMs = found.waitedMs >= CROWDED_MS ? MOST_CROWDED_MS : MOST_MS;
    intervalMs = hasChanged || isNew ? LEAST_MS : Math.min(mostMs, intervalMs * SLOWER);
    if (!isNew) isEndAssumed = false;
    isNew = false;
    position = { cursor: `${epoch}.${version}`, asOf: found.asOf, nextPollMs: Math.ceil(intervalMs) };
    if (hasChanged && !isOtherwise)
      publish({ type: 'SessionsChange', ...position, appeared, disappeared }, 'part');
    const now = clock.now();
    if (isOtherwise || now + intervalMs - snapshotAt > SNAPSHOT_EVERY_MS) {
      snapshotAt = now;
      publish({ type: 'SessionsSnapshot', ...position, sessions: tracker.sessions(), isComplete }, 'whole');
    } else if (!hasChanged) publish({ type: 'same', ...position }, 'part');
    onPoll(hasChanged ? 'changed' : 'same');
    if (isUncoordinated) publishDelay('COORDINATION_LOST');
    else delay = undefined;
  };

  const fail = (reason: DelayReason) => {
    // A poll that has waited in vain is repeated soon, or later polls would go first.
    if (reason === 'QUOTA') intervalMs = LEAST_MS;
    else if (reason === 'API_UNAVAILABLE') intervalMs = Math.min(MOST_MS, intervalMs * SLOWER);
    publishDelay(reason);
  };

  /** Publishes a delay when it begins, and each time its length has at least doubled. */
  const publishDelay = (reason: DelayReason) => {
    const now = clock.now();
    const isKnown = delay?.reason === reason;
    if (delay && isKnown && (now < delay.againAt || reason === 'COORDINATION_LOST')) return;
    const since = delay && isKnown ? delay.since : now;
    delay = { reason, since, againAt: now + 2 * Math.max(LATE_MS, now - since) };
    const { cursor, asOf } = position === NO_STATE ? { ...NO_STATE, asOf: today() } : position;
    publish({ type: 'SessionsDelay', cursor, asOf, nextPollMs: Math.ceil(intervalMs), reason }, 'part');
  };

  return {
    /** Polls at once, or as soon as the current poll has ended. */
    pollNow() {
      cancelTimer?.();
      cancelTimer = undefined;
      intervalMs = LEAST_MS;
      if (isPolling) isWantedAgain = true;
      else void poll();
    },
    stop() {
      cancelTimer?.();
      stopped.abort();
    },
  };
}

function reasonFor(failure: unknown): DelayReason {
  if (failure instanceof RateLimited) return 'QUOTA';
  return failure instanceof CoordinationLost ? 'COORDINATION_LOST' : 'API_UNAVAILABLE';
}

/** Whether the API does not know a session any more. A call without an answer counts as no. */
async function isGone(access: PollAccess, id: string): Promise<boolean> {
  try {
    await getSession(access, { session_id: id });
    return false;
  } catch (failure) {
    return failure instanceof Refused && failure.reason === 'not permitted';
  }
}
