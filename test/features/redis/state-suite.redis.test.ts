import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import { createStateInMemory } from '../../../src/state/memory.ts';
import type { Permit, State } from '../../../src/state/port.ts';
import { describeWithEachEngine, useRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';
import { PATIENT_MS } from './several-gateways.ts';

const RATE = 10;

/** What each implementation of the state promises. */
function promises(open: () => Promise<State>): void {
  let state: State;
  beforeEach(async () => {
    state = await open();
  });
  afterEach(() => state.close?.());

  const openQuota = () => {
    const quota = state.quotas.open('account', undefined, RATE, () => undefined);
    /** Takes so many permits, or fewer if there are no more. */
    const take = async (count: number, isBackground = false) => {
      const permits: Permit[] = [];
      while (permits.length < count) {
        const taken = await quota.take(isBackground);
        if (typeof taken === 'number') return { permits, waitMs: taken };
        permits.push(taken);
      }
      return { permits, waitMs: 0 };
    };
    /** A store that has just begun gives no permit for a while. */
    const isOpen = () => eventually(async () => expect((await quota.status()).remaining).toBe(RATE));
    /**
     * Takes so many permits at once. A machine that is too busy to ask Redis in time pauses the quota for a moment: the permits
     * are then given back, and all are taken again.
     */
    const takeAll = (count: number) =>
      vi.waitFor(
        async () => {
          const taken = await take(count);
          if (taken.permits.length === count) return taken.permits;
          for (const permit of taken.permits) permit.release();
          throw new Error(`Only ${taken.permits.length} of ${count} permits were given.`);
        },
        { timeout: 45_000, interval: 5 },
      );
    return { quota, take, takeAll, isOpen };
  };

  it('gives the permits of a second, and then says when to ask again', async () => {
    const { quota, take, takeAll, isOpen } = openQuota();
    await isOpen();
    await takeAll(10);
    const { permits, waitMs } = await take(1);
    expect([permits, waitMs > 0]).toEqual([[], true]);
    expect(await quota.status()).toMatchObject({ limit: 10, used: 10, remaining: 0 });
  });

  it('has a permit again a second after its request has arrived', async () => {
    const { take, takeAll, isOpen } = openQuota();
    await isOpen();
    const permits = await takeAll(10);
    for (const permit of permits) permit.sent();
    const arrivedAt = performance.now();
    for (const permit of permits) permit.answered();
    await eventually(async () => expect((await take(1)).permits).toHaveLength(1));
    expect(performance.now() - arrivedAt).toBeGreaterThan(1_000);
  });

  it('has a permit again at once if no request was sent with it', async () => {
    const { take, takeAll, isOpen } = openQuota();
    await isOpen();
    const [permit] = await takeAll(10);
    permit?.release();
    await eventually(async () => expect((await take(1)).permits).toHaveLength(1));
  });

  it('leaves a fifth of the permits to calls for which a client waits', async () => {
    const { take, takeAll, isOpen } = openQuota();
    await isOpen();
    await takeAll(8);
    expect((await take(1, true)).permits).toEqual([]);
    await takeAll(2);
  });

  it('gives a resource another generation after a write, and no other resource', async () => {
    const read = async (resource: string) => state.generations.snapshot('account').read(resource);
    const [before, other] = [await read('a'), await read('b')];
    expect(await state.generations.snapshot('account').wrote(['a'])).toBe(true);
    expect((await read('a')).number).not.toBe(before.number);
    expect(await read('b')).toEqual(other);
  });
}

describe('the state in memory', () => {
  promises(async () => createStateInMemory(systemClock));
});

describeWithEachEngine('the state in Redis', (engine) => {
  const redis = useRedis(engine);
  promises(() =>
    openStateInRedis(
      { url: redis.server.url, longestTtlMs: 1_000, instances: 1 },
      { commandTimeoutMs: PATIENT_MS },
    ),
  );
});
