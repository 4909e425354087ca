import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { createEncryption } from '../../../src/features/redis/keyspace.ts';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import { quotasOf } from '../../support/quota-record.ts';
import { describeWithRedis } from '../../support/redis.ts';
import { useSeveralGateways } from '../../support/several-gateways.ts';
import { eventually } from '../../support/waiting.ts';

describeWithRedis('what somebody else writes into Redis', () => {
  const fixture = useSeveralGateways();

  const open = async () => {
    const { url } = fixture.redis;
    const state = await openStateInRedis({ url, rate: 50, longestTtlMs: 1_000, commandTimeoutMs: 5_000 });
    fixture.closing.push(async () => {
      expect(state.coordination?.partition).toBe(0);
      await state.close?.();
    });
    return state;
  };

  it('does not end lists early: a size of pages counts where an account has written it', async () => {
    const [one, other] = [await open(), await open()];
    const longest = async () => {
      const rows = ['one', 'two'].map((account) => other.pageSizes.longest(account, 'sessions'));
      return (await Promise.all(rows)).sort((a, b) => a - b);
    };
    for (const account of ['one', 'two']) void one.pageSizes.note(account, 'sessions', 20);
    await eventually(async () => expect(await longest()).toEqual([20, 20]));
    const [first = '', second = ''] = (await fixture.redis.command('KEYS', '*:page-*')) as string[];
    const sealed = await fixture.redis.bytes('HGET', second, 'sealed');
    for (const value of [Buffer.from('100'), Buffer.alloc(100), sealed]) {
      await fixture.redis.bytes('HSET', first, 'rows', '100', 'sealed', value);
      expect(await longest()).toEqual([0, 20]);
    }
    await fixture.redis.command('SET', first, '100');
    expect(await longest()).toEqual([0, 20]);
  });

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
    for (const value of [another, ofOtherForm, Buffer.from('x')]) {
      await fixture.redis.bytes('HSET', key, 'version', randomUUID(), 'value', value);
      const waitMs = await take();
      expect(waitMs).toBeTypeOf('number');
      expect(waitMs).toBeGreaterThan(0);
      await eventually(async () => expect(await take()).not.toBeTypeOf('number'));
    }
    expect(rejected).toEqual(['quota', 'record', 'quota']);
  });
});
