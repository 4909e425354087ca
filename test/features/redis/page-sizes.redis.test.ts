import { expect, it } from 'vitest';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import { describeWithRedis } from '../../support/redis.ts';
import { PATIENT_MS, useSeveralGateways } from '../../support/several-gateways.ts';
import { eventually } from '../../support/waiting.ts';

const MINUTE_MS = 60_000;

describeWithRedis('the longest page that gateways have in common', () => {
  const fixture = useSeveralGateways();

  it('is the longest of now, once LuaAuth gives shorter ones and Redis has forgotten the other', async () => {
    let aheadMs = 0;
    const open = async () => {
      const now = () => performance.now() + aheadMs;
      const options = { url: fixture.redis.url, rate: 50, longestTtlMs: 1_000, commandTimeoutMs: PATIENT_MS };
      const state = await openStateInRedis({ ...options, now });
      fixture.closing.push(async () => state.close?.());
      return state.pageSizes;
    };
    const [one, other] = [await open(), await open()];
    const longest = () => other.longest('account', 'sessions');
    void one.note('account', 'sessions', 200);
    await eventually(async () => expect(await longest()).toBe(200));
    const [key = ''] = (await fixture.redis.command('KEYS', '*:page-*')) as string[];
    await fixture.redis.command('DEL', key);
    aheadMs = 11 * MINUTE_MS;
    void one.note('account', 'sessions', 100);
    await eventually(async () => expect(await longest()).toBe(100));
  });
});
