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

it('a clock of the store that is set back prolongs no pause', async () => {
  const plan = createPlan({ seed: 'L203', seconds: 60, gateways: 2, hasStreams: true });
  const history = { ...plan, hasRush: false, callers: plan.callers.slice(0, 3) };
  const { violation, lastLines } = await play(history);
  expect(violation, lastLines.join('\n')).toBeUndefined();
});

/** `untilMs`: nothing after this time matters. */
interface KnownHistory extends PlanOptions {
  readonly hasRush?: boolean;
  readonly untilMs?: number;
}

/** Histories that have shown a defect: what was wrong, and the plan. */
it.each([
  [
    'a share of another size counts what was sent before',
    { seed: '1036', seconds: 120, gateways: 2, faultsPerMinute: 40, hasStreams: false },
  ],
  [
    'a permit whose end the store knows is not entered again after a flush',
    { seed: '20051', seconds: 60, gateways: 3, hasRush: false, hasStreams: false },
  ],
  [
    'a small share beside an absent gateway is not kept in a new store',
    { seed: '7022', seconds: 90, gateways: 2, faultsPerMinute: 30 },
  ],
  [
    'a permit that ends while the store is told of it is counted without a break',
    { seed: 'a1-27', seconds: 90, gateways: 1, faultsPerMinute: 30 },
  ],
  [
    'a request that was sent in a long cut counts until it has arrived',
    { seed: 't1-5', seconds: 120, gateways: 1, faultsPerMinute: 12 },
  ],
  [
    'calls that need two permits from a store 20 ms away use the whole quota',
    { seed: 'n1-2', seconds: 120, gateways: 1, faultsPerMinute: 12 },
  ],
  [
    'an absent gateway stays absent when the clock of the store is set back, so its share stays reserved',
    { seed: 'h1-1366', seconds: 120, gateways: 5, faultsPerMinute: 20, untilMs: 18_000 },
  ],
  [
    'a stream may go back when the clock of the store was set back while its gateway was without the store',
    { seed: 'h1-346', seconds: 120, gateways: 5, faultsPerMinute: 20, untilMs: 65_000 },
  ],
  [
    'an answer does not confirm a request that was sent after its own request',
    { seed: 's1-655', seconds: 120, gateways: 3, faultsPerMinute: 20, untilMs: 67_000 },
  ],
  [
    'a request counts longer after a cut of less than 500 ms',
    { seed: 'r2-656', seconds: 120, gateways: 1, faultsPerMinute: 30, untilMs: 98_000 },
  ],
  [
    'a gateway that counts alone goes on counting requests that it has told the store',
    { seed: 'v1-17', seconds: 120, gateways: 2, faultsPerMinute: 20, untilMs: 12_000 },
  ],
  [
    'a request of the share that ends while the store comes back is counted without a break',
    { seed: 'v3-117', seconds: 120, gateways: 2, faultsPerMinute: 30, untilMs: 23_000 },
  ],
  [
    'a request that was sent at the end of a cut counts longer after the next cut as well',
    { seed: 'v3-285', seconds: 120, gateways: 2, faultsPerMinute: 30, untilMs: 50_000 },
  ],
  [
    'a process that stood still holds no permits for as long as it stood',
    { seed: 'v6-1156', seconds: 120, gateways: 1, faultsPerMinute: 20 },
  ],
  [
    'a request that arrives after 10 s without any answer of the API is beyond the promise',
    { seed: 'h1-1154', seconds: 120, gateways: 1, faultsPerMinute: 30, untilMs: 65_000 },
  ],
])('%s', async (_title, { hasRush, untilMs, ...options }: KnownHistory) => {
  const plan = createPlan(options);
  const { violation, lastLines } = await play({ ...plan, hasRush: hasRush ?? plan.hasRush }, { untilMs });
  expect(violation, lastLines.join('\n')).toBeUndefined();
});
