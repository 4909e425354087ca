import { expect, it } from 'vitest';
import type { Defect } from './gateway.ts';
import { createPlan } from './plan.ts';
import { play } from './world.ts';

/** A Redis in which another process always changes a quota first. */
const BUSY: Defect = {
  script: (source) => source.replace("if (found[1] or '') ~= version then", () => "if next ~= '' then"),
};

it('a gateway goes on with its share where others always change a quota first', async () => {
  const plan = { ...createPlan({ seed: '1', seconds: 30, gateways: 1, kinds: [] }), hasRush: false };
  const [usual] = plan.callers;
  const callers = usual ? [{ ...usual, thinkMs: 100, scripts: 1_000_000, joinsAt: 0, leavesAt: 30_000 }] : [];
  const { lastLines, operations } = await play({ ...plan, callers }, { defect: BUSY, untilMs: 14_000 });
  expect(lastLines.join('\n')).toMatch(/loses the store: Redis is too busy: .* after \d+ attempts/);
  expect(operations['read ok']).toBeGreaterThan(0);
});
