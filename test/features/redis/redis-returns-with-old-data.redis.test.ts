import { beforeEach, describe, expect, it } from 'vitest';
import { startRecorder } from '../../support/api/recorder.ts';
import { createVersions } from '../../support/api/versions.ts';
import { EDIT } from '../../support/clients/mutations.ts';
import { SCRIPT } from '../../support/clients/reads.ts';
import { type GatewayOfSeveral, useSeveralGateways } from '../../support/gateways/several-gateways.ts';
import { startProxy } from '../../support/network/proxy.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const KEY = { token: 'key-a' };
const FRESH = { freshMs: 60_000 };
const CACHED = `
local filled = 0
for _, key in ipairs(redis.call('KEYS', '*:entry-*')) do filled = filled + redis.call('HEXISTS', key, 'value') end
return filled`;

describeWithRedis.concurrent('a Redis that returns with the data of an earlier time', () => {
  describe('as its address leads to another one in between', () => {
    const { fixture, open, nameAt, edit, cached } = useVersions();

    it('shows no value from before a write that was answered meanwhile', async () => {
      fixture.mayLose = true;
      const standby = await startRedis();
      fixture.closing.push(standby.close);
      const address = await startProxy(fixture.redis.url);
      fixture.closing.push(address.close);
      const gateway = await open({ url: address.url });
      expect(await nameAt(gateway)).toBe('v1');
      await cached(fixture.redis);
      const moveTo = async ({ url }: RedisServer) => {
        const { length: losses } = gateway.losses;
        address.turnTo(url);
        await eventually(() => expect(gateway.losses.length).toBeGreaterThan(losses));
        await eventually(() => expect(gateway.isLost()).toBe(false));
      };
      await moveTo(standby);
      await edit(gateway);
      await moveTo(fixture.redis);
      expect(await nameAt(gateway)).toBe('v2');
    });
  });

  describe('in the same run', () => {
    const { fixture, open, nameAt, edit, cached } = useVersions();

    it('shows no value from before a write to a gateway that knows of the write', async () => {
      const [one, other] = [await open(), await open()];
      expect(await nameAt(one)).toBe('v1');
      await cached(fixture.redis);
      const allKeys = async () => (await fixture.redis.command('KEYS', '*')) as string[];
      const keys = await allKeys();
      const before = await Promise.all(keys.map((key) => fixture.redis.bytes('DUMP', key)));
      await edit(one);
      expect(await nameAt(one)).toBe('v2');
      for (const key of await allKeys()) if (!keys.includes(key)) await fixture.redis.command('DEL', key);
      for (const [index, key] of keys.entries())
        await fixture.redis.bytes('RESTORE', key, '60000', before[index] as Buffer, 'REPLACE');
      expect(await nameAt(one)).toBe('v2');
      expect(await nameAt(other)).toBe('v2');
    });
  });
});

/** Gateways over an API where each write makes another version. */
function useVersions() {
  const fixture = useSeveralGateways();
  let upstream = '';
  beforeEach(async () => {
    const recorder = await startRecorder(createVersions().answer);
    upstream = recorder.url;
    fixture.closing.push(() => recorder.close());
  });
  return {
    fixture,
    open: (redis = {}) => fixture.open({ upstream, transport: FRESH, redis }),
    nameAt: async (gateway: GatewayOfSeveral) =>
      (await gateway.execute(SCRIPT, { id: 'a' }, KEY)).data?.script?.name,
    edit: (gateway: GatewayOfSeveral) => gateway.execute(EDIT, { input: { id: 'a', name: 'new' } }, KEY),
    /** Waits until an answer stands in the cache that gateways share. */
    cached: (redis: RedisServer) =>
      eventually(async () => expect(await redis.command('EVAL', CACHED, '0')).toBe(1)),
  };
}
