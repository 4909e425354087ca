import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import type { Quota } from '../../../src/state/port.ts';
import { PATIENT_MS } from '../../support/gateways/several-gateways.ts';
import { startProxy } from '../../support/network/proxy.ts';
import { quotaOf } from '../../support/redis/records.ts';
import { describeWithRedis, useRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const LIMITS = { rate: 50, backoff: 0.5, recoveryPerSecond: 0.05 };

describeWithRedis('a change of a quota that Redis carries out late', () => {
  const redis = useRedis();

  const open = async (url: string) => {
    const state = await openStateInRedis({
      url,
      rate: 50,
      longestTtlMs: 1_000,
      commandTimeoutMs: PATIENT_MS,
    });
    return { state, quota: state.quotas.open('account', undefined, LIMITS, () => undefined) };
  };
  const take = async (quota: Quota) => quota.take({ size: 1, byCaller: () => [['caller', 1]] }, false);

  it('is stored if it is a pause, though permits of the same change are no longer given', async () => {
    const { state, quota } = await open(redis.server.url);
    await eventually(async () => expect(await take(quota)).not.toBeTypeOf('number'));
    // Longer than what a process knows of the other processes stays true.
    await redis.server.command('CLIENT', 'PAUSE', '1000');
    await Promise.all([take(quota), take(quota), quota.pause(60_000)]);
    const { pausedUntil = 0 } = (await quotaOf(redis.server, 'account')) ?? {};
    expect(pausedUntil).toBeGreaterThan(0);
    await state.close?.();
  });

  it('does not replace the quota of a newer epoch', async () => {
    const proxy = await startProxy(redis.server.url);
    const late = await open(proxy.url);
    // Redis knows the scripts from then on.
    await late.state.quotas.open('another account', undefined, LIMITS, () => undefined).status();
    proxy.hold();
    const status = late.quota.status();
    // It has found no record, and asks for the epoch, which is about to change.
    await proxy.whenHeld();
    proxy.letThrough();
    await proxy.whenHeld();
    const storeKeys = (await redis.server.command('KEYS', '*:store')) as readonly string[];
    await redis.server.command('HSET', storeKeys[0] ?? '', 'epoch', 'newer');
    const other = await open(redis.server.url);
    await eventually(async () => expect(await take(other.quota)).not.toBeTypeOf('number'));
    expect((await quotaOf(redis.server, 'account'))?.epoch).toBe('newer');
    proxy.release();
    await status;
    expect((await quotaOf(redis.server, 'account'))?.epoch).toBe('newer');
    await late.state.close?.();
    await other.state.close?.();
    await proxy.close();
  });

  it('is stored at last though a process near Redis is faster each time', async () => {
    const proxy = await startProxy(redis.server.url);
    const far = await open(proxy.url);
    const near = await open(redis.server.url);
    await near.quota.pause(1);
    proxy.hold();
    let isStored = false;
    const store = async () => {
      await far.quota.pause(60_000);
      isStored = true;
    };
    const stored = store();
    for (let rounds = 0; rounds < 50 && !isStored; rounds += 1) {
      await Promise.race([proxy.whenHeld(), stored]);
      await Promise.race([near.quota.pause(1), delay(50)]);
      proxy.letThrough();
    }
    expect(isStored).toBe(true);
    proxy.release();
    await far.state.close?.();
    await near.state.close?.();
    await proxy.close();
  });
});
