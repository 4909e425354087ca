import { expect, it } from 'vitest';
import { createPlan } from './plan.ts';
import { play } from './world.ts';

/** The name of a failed test has the seed: `npm run simulate -- --history SEED --seconds 60` plays it again. */
const FIRST = process.env.FUZZ_SEED ?? String(Date.now());

it.each(Array.from({ length: 10 }, (_one, index) => `${FIRST}-${index}`))(
  'history %s keeps all promises',
  async (seed) => {
    // How fast a gateway recovers from many losses in turn has no bound yet: the fixed histories judge that.
    const plan = { ...createPlan({ seed, seconds: 60, gateways: 3 }), hasRush: false };
    const { violation, lastLines } = await play(plan);
    expect(violation, lastLines.join('\n')).toBeUndefined();
  },
);
