import { expect, it, vi } from 'vitest';
import { DEFECTS, type DefectName } from './defects.ts';
import type { Rule } from './judge.ts';
import { createPlan, type Plan } from './plan.ts';
import { play } from './world.ts';

/** A history only computes, so a busy machine just takes longer. */
vi.setConfig({ testTimeout: 600_000 });

const planOf = (seed: string) =>
  createPlan({ seed, seconds: 40, gateways: 3, faultsPerMinute: 15, hasStreams: false });

/** Callers that follow a script go from gateway to gateway. */
const STREAMS: Plan = {
  ...createPlan({ seed: '1', seconds: 20, gateways: 3, kinds: [] }),
  hasRush: false,
  callers: [],
  visits: [{ script: 'live0', everyMs: 500 }],
  followers: [0, 1, 2].map((gateway) => ({
    name: `f${gateway}`,
    key: 'key-a',
    gateway,
    script: 'live0',
    isFiltered: gateway === 2,
    joinsAt: 5_000 * gateway,
    staysMs: 4_000,
    readsEveryMs: 0,
  })),
};

const LONG_CUTS = createPlan({
  seed: '4',
  seconds: 60,
  gateways: 3,
  faultsPerMinute: 8,
  kinds: ['store is cut off'],
  isBusy: true,
  hasStreams: false,
});
/** A process ends while it makes calls that a second process waits for. */
const DEATH: Plan = (() => {
  const plan = createPlan({ seed: '2', seconds: 40, gateways: 2, kinds: [], hasStreams: false });
  const callers = [0, 0, 0, 1, 1, 1].map((gateway, index) => ({
    name: `c${index}`,
    key: 'key-a',
    gateway,
    thinkMs: 50,
    writes: 0,
    scripts: 8,
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
      { ...fault, kind: 'process dies', at: 7_000, forMs: 3_000 },
    ],
  };
})();
/** Redis is flushed again and again, while each gateway has more to do than the quota allows. */
const FLUSHES = createPlan({
  seed: '5',
  seconds: 60,
  gateways: 2,
  faultsPerMinute: 8,
  kinds: ['store is flushed'],
  isBusy: true,
  hasStreams: false,
});
/** At its end, all gateways have more to do than the quota allows. */
const BUSY = {
  ...createPlan({ seed: '6', seconds: 40, gateways: 2, kinds: [], hasStreams: false }),
  hasRush: true,
};
const FOUND: Readonly<Record<DefectName, readonly [Plan, Rule]>> = {
  'an arrival is never told': [BUSY, 'unused quota'],
  'an arrival is booked at the sending': [planOf('2'), 'quota'],
  'a share is larger than its part': [LONG_CUTS, 'quota'],
  'a lease of a process that has ended goes on': [DEATH, 'failure'],
  'a new store is not noticed': [FLUSHES, 'quota'],
  'an acknowledged write is forgotten': [planOf('3'), 'stale read'],
  'a stream leaves out its third change': [STREAMS, 'stream'],
  'a script is polled after its last stream': [STREAMS, 'left over'],
};

const cases = (Object.keys(FOUND) as DefectName[]).map((name) => ({
  name,
  plan: FOUND[name][0],
  rule: FOUND[name][1],
}));

it.each(cases)('finds within 60 s that $name', async ({ name, plan, rule }) => {
  const { violation } = await play(plan, { defect: DEFECTS[name] });
  expect(violation).toMatchObject({ rule });
  expect(violation?.at).toBeLessThanOrEqual(60_000);
  const sound = await play(plan, { untilMs: violation?.at });
  expect(sound.violation, sound.lastLines.join('\n')).toBeUndefined();
});
