import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import type { Permit, Quota } from '../../../src/state/port.ts';
import { PATIENT_MS } from '../../support/gateways/several-gateways.ts';
import { startProxy } from '../../support/network/proxy.ts';
import { describeWithRedis, useRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const RATE = 50;
const LIMITS = { rate: RATE, backoff: 0.5, recoveryPerSecond: 0.05 };
/** A caller that waits loses its turn about a second later. A longer try tells nothing. */
const LOSES_TURN_MS = 900;

/** An answer of Redis as late as this may come from a clock that has gained time: its permits are not used, in ms. */
const TOO_LATE_MS = 350;

describeWithRedis('a caller', () => {
  const redis = useRedis();
  const closing: (() => Promise<void> | undefined)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function open(url = redis.server.url): Promise<Quota> {
    const options = { url, rate: RATE, longestTtlMs: 1_000, commandTimeoutMs: PATIENT_MS };
    const state = await openStateInRedis(options);
    closing.push(async () => state.close?.());
    return state.quotas.open('account', undefined, LIMITS, () => undefined);
  }

  /** Asks for a permit where so many calls of each caller wait. */
  const take = async (quota: Quota, callers: Readonly<Record<string, number>>) => {
    const size = Object.values(callers).reduce((sum, count) => sum + count, 0);
    return quota.take({ size, byCaller: () => Object.entries(callers) }, false);
  };

  /** Takes all permits. */
  async function hoard(hoarder: Quota): Promise<Permit[]> {
    const held: Permit[] = [];
    for (let permit = await take(hoarder, { hoarder: 1 }); ; permit = await take(hoarder, { hoarder: 1 })) {
      if (typeof permit === 'number') break;
      held.push(permit);
    }
    hoarder.left({ size: 0, byCaller: () => [] });
    return held;
  }

  /** Takes whatever the greedy caller can have. */
  async function takeGreedily(quota: Quota): Promise<Permit[]> {
    const permits: Permit[] = [];
    for (let tries = 0; tries < 30; tries += 1) {
      const permit = await take(quota, { greedy: 1 });
      if (typeof permit !== 'number') permits.push(permit);
    }
    return permits;
  }

  it.each([
    ['one other caller waits', 1, 8],
    ['eleven others wait', 11, 4],
    ['29 others wait', 29, 1],
  ])(
    'that gets all that it asks for is no further ahead than it may be while %s',
    async (_title, others, most) => {
      const [hoarder, elsewhere, greedy] = [await open(), await open(), await open()];
      const callers = Array.from({ length: others }, (_one, index) => [`other ${index}`, 1]);

      let ofGreedy: Permit[] = [];
      await eventually(async () => {
        ofGreedy = [];
        const held = await hoard(hoarder);
        try {
          expect(held).toHaveLength(RATE);
          const begunAt = performance.now();
          expect(await take(elsewhere, Object.fromEntries(callers))).toBeTypeOf('number');
          for (const permit of held.splice(0, 40)) permit.release();
          ofGreedy = await takeGreedily(greedy);
          expect(performance.now() - begunAt).toBeLessThan(LOSES_TURN_MS);
        } finally {
          for (const permit of [...held, ...ofGreedy]) permit.release();
          for (const quota of [elsewhere, greedy]) quota.left({ size: 0, byCaller: () => [] });
        }
        expect(ofGreedy.length).toBeGreaterThan(0);
      });
      expect(ofGreedy.length).toBeLessThanOrEqual(most);
    },
  );

  it('keeps its turn when its permit came too late to be used', async () => {
    const proxy = await startProxy(redis.server.url);
    closing.push(() => proxy.close());
    const [hoarder, slow, greedy] = [await open(), await open(proxy.url), await open()];
    const remaining = (count: number) =>
      eventually(async () => expect(await greedy.status()).toMatchObject({ remaining: count }));

    let ofGreedy: Permit[] = [];
    await eventually(async () => {
      ofGreedy = [];
      const held = await hoard(hoarder);
      try {
        expect(held).toHaveLength(RATE);
        expect(await take(slow, { polite: 1 })).toBeTypeOf('number');
        expect(await take(greedy, { greedy: 1 })).toBeTypeOf('number');
        for (const permit of held.splice(0, 20)) permit.release();
        await remaining(20);
        // The slow process knows the quota as it is, so that its next change is stored at once.
        await slow.status();
        proxy.hold();
        const answer = take(slow, { polite: 1, greedy: 19 });
        await remaining(0);
        await delay(TOO_LATE_MS);
        const begunAt = performance.now();
        proxy.release();
        const given = await answer;
        if (typeof given !== 'number') held.push(given);
        expect(given).toBeTypeOf('number');
        await remaining(20);
        ofGreedy = await takeGreedily(greedy);
        expect(performance.now() - begunAt).toBeLessThan(LOSES_TURN_MS);
      } finally {
        proxy.release();
        for (const permit of [...held, ...ofGreedy]) permit.release();
        for (const quota of [slow, greedy]) quota.left({ size: 0, byCaller: () => [] });
      }
    });
    expect(ofGreedy.length).toBeLessThanOrEqual(8);
  });
});
