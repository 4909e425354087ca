import { expect, it, vi } from 'vitest';
import { createPlan, type PlanOptions } from './plan.ts';
import { play } from './world.ts';

/** A history only computes, so a busy machine just takes longer. */
vi.setConfig({ testTimeout: 600_000 });

const planOf = (seed: string) => createPlan({ seed, seconds: 60, gateways: 1 + (Number(seed) % 3) });

/** Each is played once. */
const histories = new Map<string, ReturnType<typeof play>>();
function historyOf(seed: string) {
  const history = histories.get(seed) ?? play(planOf(seed));
  histories.set(seed, history);
  return history;
}

it('the same plan gives the same history', async () => {
  const [one, other] = [await historyOf('2'), await play(planOf('2'))];
  expect(one.events).toBeGreaterThan(10_000);
  expect(one).toEqual(other);
  expect((await historyOf('5')).digest).not.toBe(one.digest);
});

it.each(Array.from({ length: 10 }, (_one, index) => String(index + 1)))(
  'history %s keeps all promises',
  async (seed) => {
    const { violation, lastLines } = await historyOf(seed);
    expect(violation, lastLines.join('\n')).toBeUndefined();
  },
);

/** A caller leaves a script again and again, just after a poll of its gateway. Another caller follows the script elsewhere. */
it('a process that leaves while its poll is published keeps no lease', async () => {
  const plan = createPlan({ seed: '1', seconds: 60, gateways: 2, kinds: [], hasStreams: true });
  const follower = { key: 'key-a', script: 'live0', isFiltered: false, readsEveryMs: 0 };
  const { violation, lastLines } = await play({
    ...plan,
    hasRush: false,
    callers: [],
    gateways: plan.gateways.map((one) => ({ ...one, startsAt: 0, storeLatencyMs: 20, storeLoss: 0 })),
    visits: [{ script: 'live0', everyMs: 500 }],
    followers: [
      { ...follower, name: 'f0', gateway: 0, joinsAt: 0, staysMs: 700 },
      { ...follower, name: 'f1', gateway: 1, joinsAt: 45_000, staysMs: 1_000_000 },
    ],
  });
  expect(violation, lastLines.join('\n')).toBeUndefined();
});

/** The process that polls stands still in a poll. The other process polls and leaves meanwhile. */
it('a poll that was under way while a process stood still brings no older state back', async () => {
  const plan = createPlan({ seed: 'B-2', seconds: 15, gateways: 2, kinds: [], hasStreams: true });
  const follower = { key: 'key-a', script: 'live0', isFiltered: false, readsEveryMs: 0, staysMs: 1_000_000 };
  const near = { startsAt: 0, apiLatencyMs: 150, jitterMs: 0, storeLoss: 0, apiLoss: 0 };
  const { violation, lastLines } = await play({
    ...plan,
    hasRush: false,
    instances: 2,
    callers: [],
    gateways: plan.gateways.map((gateway) => ({ ...gateway, ...near })),
    visits: [{ script: 'live0', everyMs: 400 }],
    followers: [0, 1].map((gateway) => ({
      ...follower,
      name: `f${gateway}`,
      gateway,
      joinsAt: 1_000 * gateway,
    })),
    faults: [
      { kind: 'process pauses', at: 4_270, forMs: 3_950, gateway: 0, lot: 0.5 },
      { kind: 'process stops', at: 7_970, forMs: 100, gateway: 1, lot: 0.5 },
    ],
  });
  expect(violation, lastLines.join('\n')).toBeUndefined();
});

/** Redis is away again and again, while each gateway has more to do than the quota allows. */
const OF_STORE = {
  seconds: 60,
  gateways: 3,
  faultsPerMinute: 25,
  kinds: ['store is cut off', 'store stalls', 'store is further away', 'store is read-only'],
  isBusy: true,
  hasStreams: false,
} as const;

/** Histories that have shown a defect: what was wrong, and the plan. `untilMs`: nothing after this time matters. */
it.each<[string, PlanOptions & { readonly untilMs?: number }]>([
  [
    'a process that gets its slot while Redis is lost does not use its share twice',
    { seed: 'm-6', seconds: 90, gateways: 3, faultsPerMinute: 20 },
  ],
  [
    'a process that loses Redis before its first mark is answered does not use its share at once',
    { ...OF_STORE, seed: 'b-43', untilMs: 15_000 },
  ],
  [
    'a process that gets another slot while Redis is lost uses no more than the share of that slot',
    { seed: 'rd-3-12-6', seconds: 90, gateways: 3, untilMs: 76_000 },
  ],
  [
    'a process that has lost Redis gives back the permits that have returned meanwhile',
    { seed: 'T2-1-96-6', seconds: 120, gateways: 1, faultsPerMinute: 20 },
  ],
  [
    'a delay of a process that has read no state yet replaces no state',
    { seed: 'q-2', seconds: 90, gateways: 3, faultsPerMinute: 25, untilMs: 20_000 },
  ],
])('%s', async (_title, { untilMs, ...options }) => {
  const { violation, lastLines } = await play(createPlan(options), { untilMs });
  expect(violation, lastLines.join('\n')).toBeUndefined();
});
