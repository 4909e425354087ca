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

/** A second gateway joins, and Redis stands still before the first gateway has made room for it. */
const JOINING: Plan = (() => {
  const plan = createPlan({
    seed: '1',
    seconds: 40,
    gateways: 2,
    kinds: [],
    isBusy: true,
    hasStreams: false,
  });
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
/** Nothing is wrong but the clocks of the gateways. */
const CALM = createPlan({
  seed: '16',
  seconds: 50,
  gateways: 2,
  kinds: [],
  isBusy: true,
  hasStreams: false,
});

const FOUND: Readonly<Record<DefectName, readonly [Plan, Rule]>> = {
  'a permit is not released': [planOf('3'), 'left over'],
  'an arrival is booked at the sending': [planOf('2'), 'quota'],
  'a heartbeat is trusted for too long': [LONG_CUTS, 'quota'],
  'a lease is kept after a stall': [DEATH, 'failure'],
  'a generation is read before the write': [planOf('9'), 'stale read'],
  'permits are taken without the version': [planOf('1'), 'quota'],
  'a share grows too early': [JOINING, 'quota'],
  'a newcomer has no turn': [planOf('11'), 'unused quota'],
  'a clock goes back': [CALM, 'quota'],
  'an acknowledged write is forgotten': [planOf('3'), 'stale read'],
  'a change is lost when the poller changes': [STREAMS, 'stream'],
  'a resumed stream repeats a change': [STREAMS, 'stream'],
  'a resumed stream leaves a change out': [STREAMS, 'stream'],
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
