import { expect, it } from 'vitest';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import { PATIENT_MS } from '../../support/gateways/several-gateways.ts';
import { describeWithRedis, useRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const RATE = 10;
const LIMITS = { rate: RATE, backoff: 0.5, recoveryPerSecond: 0.05 };
const CALLS = { size: RATE, byCaller: () => [['caller', RATE] as const] };
const RENEWAL = { size: 1, byCaller: () => [] };

describeWithRedis('permits that were taken for calls that somebody waits for', () => {
  const redis = useRedis();

  it('are for no renewal, where those calls cannot use them yet', async () => {
    const options = { url: redis.server.url, rate: RATE, longestTtlMs: 1_000, commandTimeoutMs: PATIENT_MS };
    const state = await openStateInRedis(options);
    const quota = state.quotas.open('account', undefined, LIMITS, () => undefined);
    let forRenewal: unknown;
    await eventually(async () => {
      expect(await quota.take(CALLS, false)).not.toBeTypeOf('number');
      forRenewal = await quota.take(RENEWAL, true);
    });
    expect(forRenewal).toBeTypeOf('number');
    await state.close?.();
  });
});
