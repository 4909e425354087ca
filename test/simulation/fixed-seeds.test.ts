import { expect, it, vi } from 'vitest';
import { createPlan } from './plan.ts';
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
  expect((await historyOf('5')).lastLines).not.toEqual(one.lastLines);
});

it.each(Array.from({ length: 10 }, (_one, index) => String(index + 1)))(
  'history %s keeps all promises',
  async (seed) => {
    const { violation, lastLines } = await historyOf(seed);
    expect(violation, lastLines.join('\n')).toBeUndefined();
  },
);

/** A caller leaves a script again and again, just after a poll of its gateway. Another caller follows the script elsewhere. */
it('a process that leaves while its poll is under way keeps no lease', async () => {
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

it('three processes that follow a script make one call for each interval, as one process does', async () => {
  const near = { startsAt: 0, storeLatencyMs: 1, apiLatencyMs: 40, jitterMs: 5, storeLoss: 0, apiLoss: 0 };
  const callsOf = async (count: number) => {
    const plan = createPlan({ seed: '1', seconds: 120, gateways: count, kinds: [], hasStreams: true });
    const { violation, requests } = await play({
      ...plan,
      hasRush: false,
      callers: [],
      gateways: plan.gateways.map((gateway) => ({ ...gateway, ...near })),
      visits: [{ script: 'live0', everyMs: 1_000 }],
      followers: plan.gateways.map((_gateway, gateway) => ({
        key: 'key-a',
        script: 'live0',
        isFiltered: false,
        readsEveryMs: 0,
        name: `f${gateway}`,
        gateway,
        joinsAt: 1_000 + 300 * gateway,
        staysMs: 1_000_000_000,
      })),
    });
    expect(violation).toBeUndefined();
    return requests;
  };
  const [alone, together] = [await callsOf(1), await callsOf(3)];
  expect(alone).toBeGreaterThan(60);
  expect(Math.abs(together - alone)).toBeLessThan(alone / 10);
});

it('Redis is away again and again, while each gateway has more to do than the quota allows', async () => {
  const { violation, lastLines } = await play(
    createPlan({
      seed: 'b-43',
      seconds: 60,
      gateways: 3,
      faultsPerMinute: 25,
      kinds: ['store is cut off', 'store stalls', 'store is further away', 'store is full'],
      isBusy: true,
      hasStreams: false,
    }),
  );
  expect(violation, lastLines.join('\n')).toBeUndefined();
});
