import { expect, it } from 'vitest';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
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
});
