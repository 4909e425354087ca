import { expect, it } from 'vitest';
import { DEFECTS, type DefectName } from './defects.ts';
import type { Rule } from './judge.ts';
import { createPlan, type Plan } from './plan.ts';
import { play } from './world.ts';

const planOf = (seed: string) => createPlan({ seed, seconds: 40, gateways: 3, faultsPerMinute: 15 });

/** A second gateway joins, and Redis stands still before the first gateway has made room for it. */
const JOINING: Plan = (() => {
  const plan = createPlan({ seed: '1', seconds: 40, gateways: 2, kinds: [], isBusy: true });
  return {
    ...plan,
    gateways: plan.gateways.map((one, index) => ({ ...one, startsAt: 10_000 * index, storeLatencyMs: 1 })),
    faults: [{ kind: 'store stalls', at: 10_060, forMs: 8_000, gateway: 0, lot: 0 }],
  };
})();

const LONG_CUTS = createPlan({
  seed: '4',
  seconds: 60,
  gateways: 3,
  faultsPerMinute: 8,
  kinds: ['store is cut off for long'],
  isBusy: true,
});
/** A process ends while it makes calls that a second process waits for. */
const DEATH: Plan = (() => {
  const plan = createPlan({ seed: '1', seconds: 40, gateways: 2, kinds: [] });
  const callers = [0, 0, 0, 1, 1, 1].map((gateway, index) => ({
    name: `c${index}`,
    key: 'key-a',
    gateway,
    thinkMs: 50,
    writes: 0,
    scripts: 3,
    burst: 3,
    joinsAt: 0,
    leavesAt: 40_000,
  }));
  const fault = { gateway: 0, lot: 0.5 };
  return {
    ...plan,
    hasRush: false,
    gateways: plan.gateways.map((one) => ({ ...one, startsAt: 0 })),
    callers,
    faults: [
      { ...fault, kind: 'api is slow', at: 5_000, forMs: 4_000 },
      { ...fault, kind: 'process dies', at: 8_000, forMs: 3_000 },
    ],
  };
})();
const SHORT_CUTS = createPlan({
  seed: '5',
  seconds: 30,
  gateways: 3,
  faultsPerMinute: 10,
  kinds: ['store stalls', 'store is cut off'],
  isBusy: true,
});

const FOUND: Readonly<Record<DefectName, readonly [Plan, Rule]>> = {
  'a permit is not released': [planOf('3'), 'left over'],
  'an arrival is booked at the sending': [planOf('2'), 'quota'],
  'a heartbeat is trusted for too long': [LONG_CUTS, 'quota'],
  'a lease is kept after a stall': [DEATH, 'failure'],
  'a generation is read before the write': [planOf('2'), 'stale read'],
  'permits are taken without the version': [planOf('3'), 'quota'],
  'a share grows too early': [JOINING, 'quota'],
  'a newcomer has no turn': [planOf('2'), 'unused quota'],
  'a clock goes back': [SHORT_CUTS, 'unused quota'],
  'an acknowledged write is forgotten': [planOf('3'), 'stale read'],
};

const cases = (Object.keys(FOUND) as DefectName[]).map((name) => ({
  name,
  plan: FOUND[name][0],
  rule: FOUND[name][1],
}));

it.each(cases)('finds within 60 s that $name', async ({ name, plan, rule }) => {
  const { violation } = await play(plan, DEFECTS[name]);
  expect(violation).toMatchObject({ rule });
  expect(violation?.at).toBeLessThanOrEqual(60_000);
  const sound = await play(plan, undefined, violation?.at);
  expect(sound.violation, sound.lastLines.join('\n')).toBeUndefined();
});
