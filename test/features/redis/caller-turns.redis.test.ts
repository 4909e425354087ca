import { afterEach, expect, it } from 'vitest';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import type { Permit, Quota, State } from '../../../src/state/port.ts';
import { describeWithRedis, useRedis } from '../../support/redis.ts';
import { PATIENT_MS } from '../../support/several-gateways.ts';
import { eventually } from '../../support/waiting.ts';

const RATE = 50;
const LIMITS = { rate: RATE, backoff: 0.5, recoveryPerSecond: 0.05 };
/** A caller that waits loses its turn about a second later. A longer try tells nothing. */
const LOSES_TURN_MS = 900;

describeWithRedis('a caller that always gets all that it asks for', () => {
  const redis = useRedis();
  const states: State[] = [];
  afterEach(async () => {
    for (const state of states.splice(0)) await state.close?.();
  });

  async function open(): Promise<Quota> {
    const options = { url: redis.server.url, rate: RATE, longestTtlMs: 1_000, commandTimeoutMs: PATIENT_MS };
    const state = await openStateInRedis(options);
    states.push(state);
    return state.quotas.open('account', undefined, LIMITS, () => undefined);
  }

  it.each([
    ['one other caller waits', 1, 8],
    ['eleven others wait', 11, 4],
    ['29 others wait', 29, 1],
  ])('is no further ahead than it may be while %s', async (_title, others, most) => {
    const [hoarder, elsewhere, greedy] = [await open(), await open(), await open()];
    const take = async (quota: Quota, callers: readonly string[]) => {
      const demand = { size: callers.length, byCaller: () => callers.map((caller) => [caller, 1] as const) };
      return quota.take(demand, false);
    };
    const names = Array.from({ length: others }, (_one, index) => `other ${index}`);

    await eventually(async () => {
      const held: Permit[] = [];
      const ofGreedy: Permit[] = [];
      try {
        for (let permit = await take(hoarder, ['hoarder']); ; permit = await take(hoarder, ['hoarder'])) {
          if (typeof permit === 'number') break;
          held.push(permit);
        }
        expect(held).toHaveLength(RATE);
        hoarder.left({ size: 0, byCaller: () => [] });
        const begunAt = performance.now();
        expect(await take(elsewhere, names)).toBeTypeOf('number');
        for (const permit of held.splice(0, 40)) permit.release();
        for (let tries = 0; tries < 30; tries += 1) {
          const permit = await take(greedy, ['greedy']);
          if (typeof permit !== 'number') ofGreedy.push(permit);
        }
        expect(performance.now() - begunAt).toBeLessThan(LOSES_TURN_MS);
      } finally {
        for (const permit of [...held, ...ofGreedy]) permit.release();
        elsewhere.left({ size: 0, byCaller: () => [] });
        greedy.left({ size: 0, byCaller: () => [] });
      }
      expect(ofGreedy.length).toBeGreaterThan(0);
      expect(ofGreedy.length).toBeLessThanOrEqual(most);
    });
  });
});
