import fc from 'fast-check';
import { expect, it } from 'vitest';
import { endOfTurn } from '../../src/base/clock.ts';
import { AbortSource } from '../../src/base/signal.ts';
import type { Quotas } from '../../src/state/port.ts';
import { createSlidingWindows } from '../../src/state/sliding-window-log.ts';
import { LONGEST_WAY_MS, WINDOW_MS } from '../../src/state/timed-permit.ts';
import { type Call, NO_NOTES, type Origin } from '../../src/transport/call.ts';
import { ClientLeft } from '../../src/transport/errors.ts';
import { createKnownAccounts } from '../../src/transport/known-accounts.ts';
import { createScheduler } from '../../src/transport/scheduler/scheduler.ts';
import type { Turn } from '../../src/transport/scheduler/turn.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { propertyRuns, propertySeed } from '../support/random/property-runs.ts';

const RUNS = propertyRuns(300);
const SEED = propertySeed(20261129);
const ACCOUNTS = ['account a', 'account b'];
const CALLERS = ['caller a', 'caller b', 'caller c'];
/** An operation asks for so many calls at once. */
const MOST_CALLS = 6;

type Step =
  | {
      readonly ask: Call<unknown>['kind'];
      readonly account: number;
      readonly caller: number;
      readonly calls: number;
    }
  | { readonly end: 'answered' | 'left'; readonly which: number }
  | { readonly advanceMs: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      ask: fc.constantFrom('read' as const, 'read' as const, 'write' as const),
      account: fc.constantFrom(0, 0, 0, 1),
      caller: fc.nat(CALLERS.length - 1),
      calls: fc.integer({ min: 1, max: MOST_CALLS }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ end: fc.constant('answered' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ end: fc.constant('left' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ advanceMs: fc.nat(400) }) },
);

const NEW = { turn: undefined, startedAt: undefined, answeredAt: undefined };

interface Asked {
  readonly origin: Origin;
  readonly kind: Call<unknown>['kind'];
  /** Aborted when the client leaves. */
  readonly signal: AbortSource;
  turn: Turn | undefined;
  startedAt: number | undefined;
  answeredAt: number | undefined;
}

function createWorld(rate: number, totalRate: number, connections: number) {
  const clock = createManualClock();
  const known = createKnownAccounts();
  for (const account of ACCOUNTS) known.add(account);
  let estimates = 0;
  const windows = createSlidingWindows(clock.now);
  const quotas: Quotas = {
    open(...args) {
      const quota = windows.open(...args);
      const outlook = quota.outlook.bind(quota);
      return Object.assign(quota, {
        outlook() {
          estimates += 1;
          return outlook();
        },
      });
    },
  };
  const scheduler = createScheduler({ rate, totalRate, connections, clock, quotas, known });
  const waiting = new Set<Asked>();
  const underWay = new Set<Asked>();
  const started: Asked[] = [];
  const failures: unknown[] = [];

  const originOf = (account: string, caller: string): Origin => ({
    ...{ key: account, account, caller },
  });
  const ask = async (
    kind: Asked['kind'],
    account: string,
    caller: string,
    calls: number,
    origin = originOf(account, caller),
  ) => {
    for (let index = 0; index < calls; index += 1) {
      const signal = new AbortSource();
      const call = { kind, origin, endpoint: kind, deadline: 1e9, timeoutMs: 1e9, signal, notes: NO_NOTES };
      const asked: Asked = { ...NEW, origin, kind, signal };
      const begin = (turn: Turn) => {
        expect(asked.turn).toBeUndefined();
        asked.turn = turn;
        asked.startedAt = clock.now();
        waiting.delete(asked);
        underWay.add(asked);
        started.push(asked);
        turn.sent();
      };
      const turn = scheduler.turn(call as unknown as Call<unknown>);
      if (turn instanceof Promise) {
        waiting.add(asked);
        turn.then(begin, (failure) => failures.push(failure));
      } else {
        begin(turn);
      }
      await check();
    }
  };

  /** A call has its answer, or its client leaves while it waits. */
  const end = (asked: Asked) => {
    const { turn } = asked;
    waiting.delete(asked);
    underWay.delete(asked);
    if (turn) {
      asked.answeredAt = clock.now();
      turn.answered();
      turn.end(undefined);
    } else {
      asked.signal.abort();
    }
  };

  const count = (isCounted: (asked: Asked) => boolean, account?: string) =>
    started.filter((asked) => (!account || asked.origin.account === account) && isCounted(asked)).length;
  const isOfLastSecond = ({ startedAt = 0 }: Asked) => startedAt > clock.now() - 1_000;
  /** Whether a request still uses a permit: for a window after its answer, or after the longest way. */
  const mayUsePermit = ({ startedAt = 0, answeredAt = Number.POSITIVE_INFINITY }: Asked) =>
    clock.now() < WINDOW_MS + Math.min(answeredAt, startedAt + LONGEST_WAY_MS);

  const isOf = ({ origin }: Asked, account: string | undefined, caller: string) =>
    origin.account === account && origin.caller === caller;
  const mayHaveConnection = (account: string | undefined, caller: string): boolean => {
    const own = [...underWay].filter((asked) => isOf(asked, account, caller)).length;
    const free = connections - underWay.size;
    return own === 0 ? free > 0 : own < connections / 2 && free > Math.max(1, Math.floor(connections / 8));
  };

  /** Starts of each caller of an account while all these callers wait. */
  let since = 0;
  let waitedTogether = '';
  function checkLead(): void {
    const together = CALLERS.filter((caller) =>
      [...waiting].some(({ origin }) => origin.account === ACCOUNTS[0] && origin.caller === caller),
    );
    // A caller that has no connection waits while others start.
    if (together.some((caller) => !mayHaveConnection(ACCOUNTS[0], caller))) {
      waitedTogether = '';
      return;
    }
    if (together.join() !== waitedTogether) {
      waitedTogether = together.join();
      since = started.length;
    }
    const counts = together.map(
      (caller) =>
        started
          .slice(since)
          .filter(({ origin }) => origin.account === ACCOUNTS[0] && origin.caller === caller).length,
    );
    expect(Math.max(0, ...counts) - Math.min(...counts, Number.MAX_SAFE_INTEGER)).toBeLessThanOrEqual(1);
  }

  /** No call that could start stands still, and no permit or connection is used twice. */
  async function check(): Promise<void> {
    // A call that waited learns of its turn by a promise.
    await endOfTurn(clock);
    // A call that has time left fails only if its client leaves.
    expect(failures.filter((failure) => !(failure instanceof ClientLeft))).toEqual([]);
    expect(underWay.size).toBeLessThanOrEqual(connections);
    if (totalRate > 0) expect(count(isOfLastSecond)).toBeLessThanOrEqual(totalRate);
    for (const account of ACCOUNTS) {
      expect(count(isOfLastSecond, account)).toBeLessThanOrEqual(rate);
      const hasPermit =
        count(mayUsePermit, account) < rate && (totalRate === 0 || count(mayUsePermit) < totalRate);
      if (!hasPermit) continue;
      for (const caller of CALLERS) {
        if (mayHaveConnection(account, caller))
          expect([...waiting].some((asked) => isOf(asked, account, caller))).toBe(false);
      }
    }
    checkLead();
  }

  return {
    clock,
    scheduler,
    waiting,
    underWay,
    started,
    estimates: () => estimates,
    originOf,
    ask,
    check,
    async take(asked: Asked) {
      end(asked);
      await check();
    },
  };
}

const worlds = fc.record({
  rate: fc.integer({ min: 1, max: 8 }),
  totalRate: fc.constantFrom(0, 3, 10),
  connections: fc.integer({ min: 2, max: 8 }),
});

it('starts every call that can start, none twice, and callers in turn, whatever comes, ends and leaves', async () => {
  await fc.assert(
    fc.asyncProperty(
      worlds,
      fc.array(step, { maxLength: 60 }),
      async ({ rate, totalRate, connections }, steps) => {
        const world = createWorld(rate, totalRate, connections);
        const { clock, scheduler, waiting, underWay } = world;
        for (const next of steps) {
          if ('ask' in next)
            await world.ask(
              next.ask,
              ACCOUNTS[next.account] as string,
              CALLERS[next.caller] as string,
              next.calls,
            );
          else if ('advanceMs' in next) {
            await clock.advance(next.advanceMs);
            await world.check();
          } else {
            const from = [...(next.end === 'left' ? waiting : underWay)];
            const asked = from[next.which % Math.max(1, from.length)];
            if (asked) await world.take(asked);
          }
        }
        for (let round = 0; waiting.size + underWay.size > 0; round += 1) {
          expect(round).toBeLessThan(10_000);
          for (const asked of underWay) await world.take(asked);
          await clock.advance(WINDOW_MS);
          await world.check();
        }
        await clock.advance(2 * WINDOW_MS);
        expect(clock.pending).toBe(0);
        for (const account of ACCOUNTS)
          expect(scheduler.status(account, () => 0)).toMatchObject({ used: 0, remaining: rate, queued: 0 });
      },
    ),
    { numRuns: RUNS, seed: SEED },
  );
});

it('lets no caller get further ahead than one call while others wait', async () => {
  const arrival = fc.record({
    windows: fc.nat(2),
    caller: fc.nat(CALLERS.length - 1),
    calls: fc.integer({ min: 1, max: 30 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 8 }),
      fc.array(arrival, { minLength: 2, maxLength: 8 }),
      async (rate, arrivals) => {
        const world = createWorld(rate, 0, 100);
        const pass = async () => {
          for (const asked of world.underWay) await world.take(asked);
          await world.clock.advance(WINDOW_MS);
          await world.check();
        };
        for (const { windows, caller, calls } of arrivals) {
          for (let window = 0; window < windows; window += 1) await pass();
          await world.ask('read', ACCOUNTS[0] as string, CALLERS[caller] as string, calls);
        }
        while (world.waiting.size > 0) await pass();
      },
    ),
    { numRuns: Math.ceil(RUNS / 3), seed: SEED },
  );
});

it('estimates each wait a few times at most, though the reads of an operation come one by one', async () => {
  const READS = 300;
  const [account = '', caller = ''] = [ACCOUNTS[0], CALLERS[0]];
  const world = createWorld(1, 0, 100);
  const origin = world.originOf(account, caller);
  for (let read = 0; read < READS; read += 1) {
    await world.ask('read', account, caller, 1, origin);
  }
  expect(world.waiting.size).toBe(READS - 1);
  expect(world.estimates()).toBeGreaterThanOrEqual(READS - 1);
  expect(world.estimates()).toBeLessThan(10 * READS);
});
