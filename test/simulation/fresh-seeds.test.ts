import { expect, it } from 'vitest';
import { createPlan } from './plan.ts';
import { play } from './world.ts';

/** The name of a failed test has the seed: `npm run simulate -- --history SEED --seconds 60` plays it again. */
const FIRST = process.env.FUZZ_SEED ?? String(Date.now());

it.each(Array.from({ length: 10 }, (_one, index) => `${FIRST}-${index}`))(
  'history %s keeps all promises',
  async (seed) => {
    const { violation, lastLines } = await play(createPlan({ seed, seconds: 60, gateways: 3 }));
    expect(violation, lastLines.join('\n')).toBeUndefined();
  },
);
