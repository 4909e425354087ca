import { expect, it } from 'vitest';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import { describeWithRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';
import { PATIENT_MS, useSeveralGateways } from './several-gateways.ts';

const RATE = 50;

describeWithRedis('what somebody else writes into Redis', () => {
  const fixture = useSeveralGateways();

  const open = async () => {
    const losses: unknown[] = [];
    const options = {
      url: fixture.redis.url,
      longestTtlMs: 1_000,
      onChange: (reason: Error | undefined) => losses.push(reason),
    };
    const state = await openStateInRedis(options, { commandTimeoutMs: PATIENT_MS });
    fixture.closing.push(async () => {
      await state.close?.();
      expect(losses).toEqual([]);
    });
    return state;
  };
  const keyOf = async (pattern: string) => {
    const [key = ''] = (await fixture.redis.command('KEYS', pattern)) as readonly string[];
    return key;
  };
  it('starves no account by absurd permits or a store that cannot be read', async () => {
    const state = await open();
    const quota = state.quotas.open('one', undefined, RATE, () => undefined);
    const isGiven = () => eventually(async () => expect(await quota.take(false)).not.toBeTypeOf('number'));
    await isGiven();
    const key = await keyOf('*:quota');
    for (let n = 0; n < 60; n += 1) await fixture.redis.command('ZADD', key, '9e15', `absurd-${n}`);
    await isGiven();
    await fixture.redis.command('HSET', await keyOf('luaauth:store'), '2', 'well, in other words', 'at', 'x');
    await isGiven();
  });
});
