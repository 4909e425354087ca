import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import type { Permit } from '../../../src/state/port.ts';
import { PATIENT_MS } from '../../support/gateways/several-gateways.ts';
import { startProxy } from '../../support/network/proxy.ts';
import { heldPermits } from '../../support/redis/records.ts';
import { describeWithRedis, useRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const LIMITS = { rate: 50, backoff: 0.5, recoveryPerSecond: 0.05 };

describeWithRedis('permits whose end Redis was not told', () => {
  const redis = useRedis();

  it('are given back when it is there again, though nobody asks for another one', async () => {
    const proxy = await startProxy(redis.server.url);
    const state = await openStateInRedis({
      url: proxy.url,
      rate: 50,
      longestTtlMs: 1_000,
      commandTimeoutMs: PATIENT_MS,
    });
    const quota = state.quotas.open('account', undefined, LIMITS, () => undefined);
    let permit: Permit | number = 0;
    await eventually(async () => {
      permit = await quota.take({ size: 1, byCaller: () => [['caller', 1]] }, false);
      expect(permit).not.toBeTypeOf('number');
    });
    const held = () => heldPermits(redis.server, 'account');
    expect(await held()).toBe(1);
    proxy.cut();
    (permit as unknown as Permit).sent();
    (permit as unknown as Permit).answered();
    // All that end in one turn are published together, at its end.
    await setImmediate();
    await setImmediate();
    proxy.mend();
    await eventually(async () => expect(await held()).toBe(0));
    await state.close?.();
    await proxy.close();
  });
});
