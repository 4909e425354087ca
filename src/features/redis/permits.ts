import { type Arrivals, type Departure, UNKNOWN_MS } from '../../state/arrivals.ts';
import type { Permit } from '../../state/port.ts';
import { WINDOW_MS } from '../../state/sliding-window-log.ts';
import { soon } from '../../transport/clock.ts';
import { lua } from './client.ts';
import type { AccountKeyspace } from './keyspace.ts';
import type { RedisLink } from './link.ts';
import { HELD_KEPT_MS } from './reservation-log.ts';

/** In the place of how many ms ago the request of a permit arrived. */
const NOT_SENT = -1;
const STILL_HELD = -2;

/** Each permit follows, with how many ms ago its request arrived, or one of the above. */
const SETTLE_PERMITS = lua('account held sent', 'keep#')`
for index = 2, #ARGV, 2 do
  local permit, ago = ARGV[index], tonumber(ARGV[index + 1])
  if ago == ${STILL_HELD} then redis.call('ZADD', held, now, permit) else redis.call('ZREM', held, permit) end
  if ago >= 0 then
    raise(account, keep)
    if ago < ${WINDOW_MS} then redis.call('ZADD', sent, now - ago + ${WINDOW_MS}, permit) end
  end
end
raise(held, ${HELD_KEPT_MS})
redis.call('PEXPIRE', sent, ${2 * WINDOW_MS})
return 0`;

interface HeldPermit {
  readonly id: string;
  /** Whether the store may have heard of it. */
  isInStore: boolean;
  isSent: boolean;
}

interface Settled extends Omit<Readonly<HeldPermit>, 'isSent'> {
  /** Undefined: nothing was sent. */
  readonly arrivedAt: number | undefined;
}

/**
 * The permits that this process has of one quota. It reports their ends to the store, all of one turn together. Those that
 * it took of its share, without the store, it enters there once the store is back.
 * @param keys - those of the permits that are held, and of those that were used
 */
export function createHeldPermits(
  link: RedisLink,
  account: AccountKeyspace,
  keys: Readonly<Record<'held' | 'sent', string>>,
  arrivals: Arrivals,
  onFreed: () => void,
) {
  /** Those that are not settled. */
  const open = new Set<HeldPermit>();
  let settled: Settled[] = [];
  let isReporting = false;

  /** A request older than the window counts no more; but what is held in the store is so until the store hears of its end. */
  const dropOld = () => {
    const from = link.now() - WINDOW_MS;
    settled = settled.filter(({ isInStore, arrivedAt = from }) => isInStore || arrivedAt > from);
  };

  const isEmpty = () => {
    if (link.isDegraded) dropOld();
    return open.size === 0 && settled.length === 0;
  };

  /** Nothing is left to be entered: during a partition accounts come and go, with made-up keys too. */
  const forget = () => {
    if (isEmpty()) link.notWhenChanged(enter);
  };

  /** Publishes all that has ended, and those that are still held. */
  const publish = async (held: Iterable<HeldPermit>) => {
    link.whenChanged(enter);
    // A timer may come early by a part of a millisecond: this one, and that which took a request for arrived.
    if (link.isDegraded) return void link.clock.after(WINDOW_MS + 2, forget);
    const before = settled;
    settled = [];
    const facts: (string | number)[] = [];
    const now = link.now();
    for (const { id, arrivedAt } of before)
      facts.push(id, arrivedAt === undefined ? NOT_SENT : Math.max(0, now - arrivedAt));
    for (const permit of held) {
      permit.isInStore = true;
      facts.push(permit.id, STILL_HELD);
    }
    try {
      await link.run(
        SETTLE_PERMITS,
        [account.key('account'), keys.held, keys.sent],
        [account.keepMs, ...facts],
      );
      forget();
      if (before.some(({ arrivedAt }) => arrivedAt === undefined)) onFreed();
    } catch {
      // The store is lost, which `enter` may have been told of while there was nothing to be entered.
      settled = [...before, ...settled];
      link.whenChanged(enter);
    }
  };

  /** The store is back, or new: enters what it does not know, so that the others need leave no room for it. */
  const enter = async () => {
    if (!isEmpty()) await publish([...open]);
  };

  const report = (...some: readonly Settled[]) => {
    settled.push(...some);
    if (isReporting) return;
    isReporting = true;
    soon(link.clock, () => {
      isReporting = false;
      void publish([]);
    });
  };

  const mayCount = (isMeant: (permit: Pick<HeldPermit, 'isInStore'>) => boolean) => {
    const from = link.now() - WINDOW_MS;
    for (const permit of open) if (permit.isSent && isMeant(permit)) return true;
    return settled.some((permit) => isMeant(permit) && (permit.arrivedAt ?? from) > from);
  };

  return {
    isEmpty,
    /** Whether requests with permits of the store may yet arrive, or have arrived in the last window. */
    mayCountInStore: () => mayCount(({ isInStore }) => isInStore),
    /** The same for requests with any permit. */
    mayCount: () => mayCount(() => true),
    nextName: () => `${link.membership.nextName()}.`,
    /** Permits that the store may have given in an answer that was lost. */
    giveUp: (ids: readonly string[]) =>
      report(...ids.map((id) => ({ id, isInStore: true, arrivedAt: undefined }))),
    /** A permit that the store gave, or `own`: one of the share, of which the store does not know. */
    hold(id: string, own?: Permit): Permit {
      const held: HeldPermit = { id, isInStore: own === undefined, isSent: false };
      open.add(held);
      link.whenChanged(enter);
      let callOff: (() => void) | undefined;
      const settle = (arrivedAt: number | undefined) => {
        callOff?.();
        if (!open.delete(held)) return;
        if (arrivedAt !== undefined || held.isInStore) report({ ...held, arrivedAt });
        else forget();
      };
      const settleAfter = (ms: number) => {
        callOff?.();
        callOff = link.clock.after(ms, () => {
          settle(request.arrivedBy);
          giveUp();
        });
      };
      const request: Departure = {
        sentAt: 0,
        wayMs: 0,
        arrivedBy: 0,
        learnt() {
          if (open.has(held)) settleAfter(Math.max(0, request.arrivedBy - link.now()));
        },
      };
      const giveUp = () => {
        own?.release();
        arrivals.abandoned(request);
      };
      return {
        sent() {
          if (held.isSent) return;
          held.isSent = true;
          own?.sent();
          arrivals.sent(request);
          // A timer may come early by a part of a millisecond.
          settleAfter(UNKNOWN_MS + 1);
        },
        answered() {
          if (!held.isSent) return;
          own?.answered();
          arrivals.answered(request);
          settle(request.arrivedBy);
        },
        release() {
          if (held.isSent) return giveUp();
          own?.release();
          settle(undefined);
        },
      };
    },
  };
}
