import type { Clock } from '../../base/clock.ts';
import { type MaybePromise, whenKnown } from '../../base/maybe-promise.ts';
import type { QuotaStatus, Quotas } from '../../state/port.ts';
import { createSlidingWindows } from '../../state/sliding-window-log.ts';
import type { Call } from '../call.ts';
import type { CallFailure } from '../errors.ts';
import type { KnownAccounts } from '../known-accounts.ts';
import { Account } from './account.ts';
import { Connections } from './connections.ts';
import { FairLine } from './fair-line.ts';
import { Pool } from './pool.ts';
import { RULES } from './rules.ts';
import type { Shared } from './shared.ts';
import type { Turn } from './turn.ts';
import { UnacceptedKeys } from './unaccepted-keys.ts';

interface SchedulerOptions {
  /** Requests of one API key in any sliding second; 0: no quota, only pauses that LuaAuth asks for. */
  readonly rate: number;
  /** Requests in any sliding second over all keys; 0: no quota. With a quota, keys that LuaAuth has not accepted share a part of it. */
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

const SWEEP_AT = 1_000;

/** Decides when each call starts, by the rules in `rules.ts`. */
export function createScheduler(options: SchedulerOptions) {
  const { rate, totalRate, connections, clock, quotas, known } = options;
  const accounts = new Map<string, Account>();
  let sweepAt = SWEEP_AT;
  let isPumping = false;
  let mustPumpAgain = false;

  /** A call may end while it starts, and pump again. Then the same loop goes on, since nested loops would fill the stack. */
  const pump = () => {
    mustPumpAgain = true;
    if (isPumping) return;
    isPumping = true;
    try {
      while (mustPumpAgain) {
        mustPumpAgain = false;
        for (let turn = next(); turn; turn = next()) accountOf(turn.call.origin.account).begin(turn);
      }
    } finally {
      isPumping = false;
    }
  };

  const queue = new FairLine<Turn>('all');
  // Each process counts its own calls for all keys.
  const own = createSlidingWindows(clock.now);
  const poolOfGateway = (account: string, rate: number) =>
    totalRate > 0 ? new Pool({ quotas: own, account, rate, clock, onReady: pump }) : undefined;
  const total = poolOfGateway('total', totalRate);
  const ofUnaccepted = poolOfGateway('unaccepted', Math.max(1, Math.floor(totalRate * RULES.unacceptedPart)));
  // Without a permit for any account, the accounts that wait are not asked one by one.
  const next = () =>
    total?.isEmpty ? undefined : queue.next((turn) => accountOf(turn.call.origin.account).take(turn, false));
  const shared: Shared = {
    clock,
    quotas,
    queue,
    pump,
    total,
    rate: rate > 0 ? rate : Number.POSITIVE_INFINITY,
    unaccepted: new UnacceptedKeys(known, ofUnaccepted, queue),
    connections: new Connections(connections),
  };

  /** The account of a key by its hash. It is kept as long as it has calls or its quotas remember any. */
  const accountOf = (name: string): Account => {
    const kept = accounts.get(name);
    if (kept) return kept;
    if (accounts.size >= sweepAt) {
      for (const [other, account] of accounts) if (account.isIdle()) accounts.delete(other);
      sweepAt = Math.max(SWEEP_AT, accounts.size * 2);
    }
    const account = new Account(name, shared);
    accounts.set(name, account);
    return account;
  };

  return {
    /** The turn of a call: at once if it can start, else a promise. @throws CallFailure if it cannot start in time */
    turn: (call: Call<unknown>) => accountOf(call.origin.account).turn(call),
    /** Whether a call could start at this moment and leave permits for other calls. */
    hasRoom: (call: Call<unknown>) =>
      accounts.get(call.origin.account)?.hasRoomFor(call) ?? total?.hasBackgroundPermit ?? true,
    /** Marks a key as accepted, because another process's answer shows it, or the gateway holds it. */
    accept(name: string): void {
      known.add(name);
      accounts.get(name)?.accept();
    },
    failAll: (name: string, failureOf: (call: Call<unknown>) => CallFailure) =>
      accounts.get(name)?.failAll(failureOf),
    /** How the quota of a key stands. `today`: the time of day, in ms since 1970. */
    status(name: string, today: () => number): MaybePromise<RateLimitStatus> {
      const { quotas, queue } = accountOf(name);
      return whenKnown(quotas.key.status(), ({ resetInMs, ...status }) => ({
        ...status,
        queued: queue.size,
        resetAtMs: today() + Math.ceil(resetInMs),
      }));
    },
  };
}
