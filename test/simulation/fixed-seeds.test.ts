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
