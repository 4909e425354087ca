import { expect, it, vi } from 'vitest';
import { createPlan } from './plan.ts';
import { play } from './world.ts';

/** A history only computes, so a busy machine just takes longer. */
vi.setConfig({ testTimeout: 600_000 });

const SECONDS = 60;
/** The name of a failed test has the seed: `npm run simulate -- --history SEED --seconds 60` plays it again. */
const FIRST = process.env.FUZZ_SEED ?? String(Date.now());

it.each(Array.from({ length: 10 }, (_one, index) => `${FIRST}-${index}`))(
  'history %s keeps all promises',
  async (seed) => {
    // Only fixed histories and the nightly run judge how much of the quota is unused, and how fast gateways recover.
    const plan = { ...createPlan({ seed, seconds: SECONDS, gateways: 3 }), hasRush: false };
    const { violation, lastLines } = await play(plan, { untilMs: SECONDS * 1_000 });
    expect(violation, lastLines.join('\n')).toBeUndefined();
  },
);
