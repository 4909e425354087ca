import { type MaybePromise, whenKnown } from '../../state/maybe-promise.ts';
import type { QuotaStatus, Quotas } from '../../state/port.ts';
import { createSlidingWindows } from '../../state/sliding-window-log.ts';
import { Accounts, type KnownAccounts } from '../accounts.ts';
import type { Call } from '../call.ts';
import type { Clock } from '../clock.ts';
import type { CallFailure } from '../errors.ts';
import { Account, type Shared } from './account.ts';
import { Flow } from './flow.ts';
import { NEVER_SLOWER, Pool } from './pool.ts';
import { MAX_OF_STRANGER, SHARES } from './rules.ts';
import type { Turn } from './turn.ts';

interface SchedulerOptions {
  /** Requests of one API key in any sliding second; 0: no quota, only pauses that the API asks for. */
  readonly rate: number;
  /** Requests in any sliding second over all keys; 0: no quota. With a quota, keys that the API has never accepted may do less. */
  readonly totalRate: number;
  /** Requests that can be under way at a time. */
  readonly connections: number;
  readonly clock: Clock;
  readonly quotas: Quotas;
  readonly known: KnownAccounts;
}

export interface RateLimitStatus extends Omit<QuotaStatus, 'resetInMs'> {
  /** When all permits are free again if no other request starts, in ms since 1970. */
  readonly resetAtMs: number;
  /** Calls of this process that wait for their turn. */
  readonly queued: number;
}

export type Scheduler = ReturnType<typeof createScheduler>;

/**
 * A call takes all that it needs at once: a permit of each of its quotas, and a connection. Until then it waits in one
 * queue, where accounts, callers and operations take turns (`rules.ts`).
 */
export function createScheduler(options: SchedulerOptions) {
  const { rate, totalRate, connections, clock, quotas, known } = options;
  let isPumping = false;
  let mustPumpAgain = false;
  let isForConnection = false;

  /** A call may end while it starts, and pump again. Then the same loop goes on, since nested loops would fill the stack. */
  const pump = (forConnection: boolean) => {
    if (isPumping) {
      mustPumpAgain = true;
      isForConnection ||= forConnection;
      return;
    }
    if (queue.size === 0) return;
    isPumping = true;
    isForConnection = forConnection;
    try {
      do {
        mustPumpAgain = false;
        for (let turn = nextTurn(); turn; turn = nextTurn()) accountOf(turn.call.origin.account).start(turn);
      } while (mustPumpAgain);
    } finally {
      isPumping = false;
    }
  };

  /** After a standstill, permits may come before an overdue timer fires. */
  const mayStart = (turn: Turn) => turn.startBy >= clock.now() && turn.takePermits();
  const nextTurn = () => queue.next(mayStart, isForConnection);

  const limits = { rate: totalRate, ...NEVER_SLOWER };
  const ofTotal = { account: 'total', limits, onReady: () => pump(false), isBackground: () => false };
  const total =
    totalRate === 0 ? undefined : new Pool({ quotas: createSlidingWindows(clock.now), clock, ...ofTotal });
  const queue = new Flow<Turn>(SHARES.account, undefined, { isOpen: () => !total?.isEmpty });
  const shared: Shared = {
    ...{ clock, quotas, total, known, queue, pump },
    rate: rate > 0 ? rate : Number.POSITIVE_INFINITY,
    strangers: new Flow<Turn>(SHARES.strangers, queue),
    freeConnections: connections,
    strangersUnderWay: 0,
    strangersCalls: 0,
  };
  const accounts = new Accounts((name) => new Account(name, shared));
  const accountOf = (name: string) => accounts.get(name) ?? accounts.add(name);

  return {
    accountOf,
    /** Whether a call could start at this moment and leave permits for other calls. */
    hasRoom: (call: Call<unknown>) =>
      accounts.get(call.origin.account)?.hasRoom(call) ?? total?.hasBackgroundPermit ?? true,
    /** Marks a key as accepted, because another process's answer shows it, or the gateway holds it. */
    accept(name: string): void {
      const account = accounts.get(name);
      if (!account) known.set(name, true);
      else account.accept();
    },
    failAll: (name: string, failureOf: (call: Call<unknown>) => CallFailure) =>
      accounts.get(name)?.failAll(failureOf),
    /** How the quota of an account stands; for a stranger, its trial. `today`: the time of day, in ms since 1970. */
    status(name: string, today: () => number): MaybePromise<RateLimitStatus> {
      const account = accountOf(name);
      const queued = account.queue.size;
      if (account.isStranger) {
        const limit = Math.min(shared.rate, MAX_OF_STRANGER);
        const used = MAX_OF_STRANGER - account.triesLeft;
        return { limit, remaining: Math.max(0, limit - used), used, queued, resetAtMs: today() };
      }
      return whenKnown(account.quotas.key.status(), ({ resetInMs, ...status }) => ({
        ...status,
        queued,
        resetAtMs: today() + Math.ceil(resetInMs),
      }));
    },
  };
}
