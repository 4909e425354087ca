import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { createEncryption } from '../../../src/features/redis/encryption.ts';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import { useSeveralGateways } from '../../support/gateways/several-gateways.ts';
import { quotasOf } from '../../support/redis/quota-record.ts';
import { describeWithRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

describeWithRedis('what somebody else writes into Redis', () => {
  const fixture = useSeveralGateways();

  it('does not raise the quota: a changed record is dropped, counted, and pauses the account for a moment', async () => {
    const rejected: string[] = [];
    const { url } = fixture.redis;
    const options = { url, rate: 50, longestTtlMs: 1_000, commandTimeoutMs: 5_000 };
    const state = await openStateInRedis({ ...options, onRejected: (kind) => rejected.push(kind) });
    fixture.closing.push(async () => state.close?.());
    const limits = { rate: 50, backoff: 0.5, recoveryPerSecond: 0.05 };
    const quota = state.quotas.open('one', undefined, limits, () => undefined);
    const take = async () => quota.take({ size: 1, byCaller: () => [['caller', 1]] }, false);
    await eventually(async () => expect(await take()).not.toBeTypeOf('number'));
    const [[key] = ['']] = await quotasOf(fixture.redis, 'one');
    const another = createEncryption('another').seal('{}', key);
    const ofOtherForm = createEncryption('one').seal(JSON.stringify({ version: 9, held: [] }), key);
    const noJson = createEncryption('one').seal('{', key);
    for (const value of [another, ofOtherForm, noJson, Buffer.from('x')]) {
      await fixture.redis.bytes('HSET', key, 'version', randomUUID(), 'value', value);
      const waitMs = await take();
      expect(waitMs).toBeTypeOf('number');
      expect(waitMs).toBeGreaterThan(0);
      await eventually(async () => expect(await take()).not.toBeTypeOf('number'));
    }
    expect(rejected).toEqual(['quota', 'record', 'record', 'quota']);
  });
});
