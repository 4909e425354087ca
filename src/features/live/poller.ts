import { Refused } from '../../luaauth/refusal.ts';
import type { Session } from '../../luaauth/sessions.ts';
import { AbortSource, type Origin } from '../../transport/call.ts';
import type { Clock } from '../../transport/clock.ts';
import { RateLimited } from '../../transport/errors.ts';
import { type RandomSource, randomId } from '../../transport/random-source.ts';
import type { DelayReason } from './live-event.ts';
import { differenceOf, isKnown, type LiveRecord } from './live-record.ts';
import { type PollAccess, PollUsage, type ReadSessions, readSessions } from './poll-access.ts';

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
/** While a list does not change, its last page is read again only after this time, in ms. */
const END_KNOWN_MS = 60_000;

export interface PollerOptions {
  readonly scriptId: string;
  readonly origin: Origin;
  readonly clock: Clock;
  readonly today: () => number;
  readonly random: RandomSource;
  /** How many sessions are followed at most. */
  readonly maxSessions: number;
  readonly openAccess: (origin: Origin, usage: PollUsage, signal: AbortSource) => PollAccess;
  /** Returns what this process knows. The next poll continues from it. */
  readonly known: () => LiveRecord;
  /** Stores a result. If it is not stored, another poller follows. */
  readonly store: (record: LiveRecord) => Promise<void>;
  /** LuaAuth refuses further polls. Stops the poller. */
  readonly onRefused: (failure: Refused) => void;
  readonly onPoll: (outcome: PollOutcome) => void;
}

type PollOutcome = 'changed' | 'same' | 'failed';

interface Poll extends ReadSessions {
  /** When the state was read, in ms since 1970. */
  readonly asOf: number;
  /** The same time on the clock. */
  readonly readAt: number;
  /** How long the poll waited for its first permit, in ms. */
  readonly waitedMs: number;
}

export type Poller = ReturnType<typeof createPoller>;

/**
 * Polls a script until it is stopped. A cursor is the epoch of the poller that has seen the state, and a version. So two
 * processes never give different states the same cursor.
 */
export function createPoller(options: PollerOptions) {
  const { scriptId, origin, clock, today, maxSessions, openAccess, known, store, onRefused, onPoll } =
    options;
  const stopped = new AbortSource();
  const epoch = randomId(options.random);
  /** Whether the first poll took a short page for the whole list. The next poll makes sure. */
  let isEndAssumed = false;
  let endSeenAt = Number.NEGATIVE_INFINITY;
  let hadPages = false;
  /** Known sessions that the last poll has missed. Positions shift while several pages are read. */
  let missed: ReadonlySet<string | undefined> = new Set();
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
    try {
      const found = await read(usage);
      // If the delay were stored after the result, it would restore the state before the result.
      endWatch();
      if (stopped.aborted) return;
      await enter(found, usage);
    } catch (failure) {
      if (stopped.aborted) return;
      onPoll('failed');
      if (failure instanceof Refused && !failure.transient) onRefused(failure);
      else await fail(failure instanceof RateLimited ? 'QUOTA' : 'API_UNAVAILABLE');
    } finally {
      endWatch();
      isPolling = false;
      if (!stopped.aborted) {
        cancelTimer = clock.after(isWantedAgain ? 0 : intervalMs, () => void poll());
        isWantedAgain = false;
      }
    }
  };

  /** Stores a delay while a poll waits for its permit, because the last answer gets old. */
  const watch = (usage: PollUsage) => {
    const look = () => {
      if (usage.isWaiting && !stopped.aborted) void storeDelay('QUOTA');
      cancel = clock.after(LATE_MS, look);
    };
    let cancel = clock.after(LATE_MS, look);
    return () => cancel();
  };

  const read = async (usage: PollUsage): Promise<Poll> => {
    dueAt ??= clock.now();
    const waitsFrom = dueAt;
    const access = openAccess(origin, usage, stopped);
    const found = await readSessions(access, scriptId, maxSessions, hadPages, isKnownPage);
    hadPages = !found.isOnePage;
    if (found.isEndSeen) endSeenAt = clock.now();
    const asOf = Math.floor(today() - (clock.now() - usage.readAt));
    return { ...found, asOf, readAt: usage.readAt, waitedMs: usage.readAt - waitsFrom };
  };

  /**
   * Whether a short page counts as the whole list. While the same users are connected, a poll looks for more pages only
   * once in a while. The first poll never looks, because a subscription must cost one call.
   */
  const isKnownPage = (sessions: ReadonlyMap<string, Session>) => {
    if (!isKnown(known())) {
      isEndAssumed = true;
      return true;
    }
    return clock.now() - endSeenAt < END_KNOWN_MS && isSame(known().sessions, sessions);
  };

  const enter = async (found: Poll, { isUncoordinated }: PollUsage) => {
    dueAt = undefined;
    const before = known();
    // This process stood still, and another process has polled since.
    if (found.readAt < before.readAt) return onPoll('same');
    const isFirst = !isKnown(before);
    const { appeared, disappeared: missing } = differenceOf(before.sessions, found.sessions);
    const disappeared = missing.filter(({ id }) => found.isOnePage || missed.has(id));
    missed = new Set(missing.filter((session) => !disappeared.includes(session)).map(({ id }) => id));
    const hasChanged = appeared.length + disappeared.length > 0;
    // Sessions found on further pages were connected before. A snapshot adds them, not a change.
    const isMore = isEndAssumed && !found.isOnePage;
    if (!isFirst) isEndAssumed = false;
    const isNew = isFirst || isMore || found.isComplete !== before.head.isComplete;
    const mostMs = found.waitedMs >= CROWDED_MS ? MOST_CROWDED_MS : MOST_MS;
    intervalMs = hasChanged || isFirst || missed.size > 0 ? LEAST_MS : Math.min(mostMs, intervalMs * SLOWER);
    const since = before.head.cursor;
    const cursor = hasChanged || isNew ? `${epoch}.${Number(since.split('.')[1]) + 1}` : since;
    const { asOf, isComplete, readAt } = found;
    const base = isNew ? cursor : before.head.base;
    const head = { cursor, base, asOf, nextPollMs: Math.ceil(intervalMs), isComplete };
    const sessions = new Map(before.sessions);
    for (const { id = '' } of disappeared) sessions.delete(id);
    for (const session of appeared) sessions.set(session.id ?? '', session);
    await store({ head, sessions, readAt });
    onPoll(hasChanged ? 'changed' : 'same');
    if (isUncoordinated) await storeDelay('COORDINATION_LOST');
    else delay = undefined;
  };

  const fail = (reason: 'QUOTA' | 'API_UNAVAILABLE') => {
    // A poll that has waited in vain is repeated soon, or later polls would go first.
    intervalMs = reason === 'QUOTA' ? LEAST_MS : Math.min(MOST_MS, intervalMs * SLOWER);
    return storeDelay(reason);
  };

  /** Stores a delay when it begins, and each time its length has at least doubled. The sessions stay as they are. */
  const storeDelay = async (reason: DelayReason) => {
    const now = clock.now();
    const isTold = delay?.reason === reason;
    if (delay && isTold && (now < delay.againAt || reason === 'COORDINATION_LOST')) return;
    const since = delay && isTold ? delay.since : now;
    delay = { reason, since, againAt: now + 2 * Math.max(LATE_MS, now - since) };
    const before = known();
    const { cursor, base, asOf, isComplete } = before.head;
    const head = { cursor, base, asOf: isKnown(before) ? asOf : today(), isComplete, delay: reason };
    await store({ ...before, head: { ...head, nextPollMs: Math.ceil(intervalMs) } });
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

/** Whether a poll has read exactly the known sessions. */
function isSame(known: ReadonlyMap<string, Session>, read: ReadonlyMap<string, Session>): boolean {
  return read.size === known.size && [...read.keys()].every((id) => known.has(id));
}
