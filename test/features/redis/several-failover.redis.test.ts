import { expect, it } from 'vitest';
import { busiestSecond, startDistantRecorder } from '../../support/api/distant-recorder.ts';
import { EDIT } from '../../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS } from '../../support/clients/reads.ts';
import { startProxy } from '../../support/network/proxy.ts';
import { describeWithEachEngine, startRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';
import { type GatewayOfSeveral, useSeveralGateways } from './several-gateways.ts';

const KEY = { token: 'key-a' };

describeWithEachEngine('gateways whose Redis fails over to a replica', (engine) => {
  const fixture = useSeveralGateways(engine);

  /** Two gateways on an address that leads to their Redis, and to its replica after the failover. */
  async function openTwo(upstream: string) {
    fixture.mayLose = true;
    const address = await startProxy(fixture.redis.url);
    fixture.closing.push(address.close);
    const replica = await startRedis(engine);
    fixture.closing.push(replica.close);
    await replica.command('REPLICAOF', '127.0.0.1', new URL(fixture.redis.url).port);
    const gateways = await fixture.openAll(2, {
      upstream,
      transport: { freshMs: 60_000 },
      limits: { restCalls: 1_000 },
      redis: { url: address.url, commandTimeoutMs: 500 },
      timeouts: { read: 20_000, write: 20_000 },
    });
    return {
      gateways: gateways as [GatewayOfSeveral, GatewayOfSeveral],
      /** Resolves when the replica has all that the Redis of the gateways has. */
      inStep: () =>
        eventually(async () => {
          expect(await fixture.redis.command('WAIT', '1', '100')).toBe(1);
          expect(await replica.command('INFO', 'replication')).toContain('master_link_status:up');
        }),
      async failOver() {
        await fixture.redis.stop();
        await replica.command('REPLICAOF', 'NO', 'ONE');
        address.turnTo(replica.url);
      },
      async areBack() {
        for (const gateway of gateways) {
          await eventually(() => expect(gateway.losses.length).toBeGreaterThan(0));
          await eventually(() => expect(gateway.isLost()).toBe(false));
        }
      },
    };
  }

  it(
    'keep to the quota, answer all, show no old state, and count together again',
    fixture.inTime,
    async () => {
      const distant = await startDistantRecorder({ hasVersions: true });
      fixture.closing.push(async () => distant.close());
      const { gateways, inStep, failOver, areBack } = await openTwo(distant.url);
      const [one, other] = gateways;
      const nameAt = async (gateway: GatewayOfSeveral) =>
        (await gateway.execute(SCRIPT, { id: 'a' }, KEY)).data?.script?.name;
      const edit = (gateway: GatewayOfSeveral) =>
        gateway.execute(EDIT, { input: { id: 'a', name: 'new' } }, KEY);
      const ids = (name: string) => Array.from({ length: 50 }, (_one, index) => `${name}${index}`);
      expect([await nameAt(one), await nameAt(other)]).toEqual(['v1', 'v1']);
      await edit(one);
      await inStep();

      const during = Promise.all(
        gateways.map((gateway, index) => gateway.execute(SCRIPTS, { ids: ids(`g${index}-`) }, KEY)),
      );
      await failOver();
      expect((await during).map(({ errors }) => errors)).toEqual([undefined, undefined]);
      await areBack();
      expect([await nameAt(one), await nameAt(other)]).toEqual(['v2', 'v2']);
      await edit(other);
      expect(await nameAt(one)).toBe('v3');
      expect(busiestSecond(await distant.arrivals())).toBeLessThanOrEqual(50);
    },
  );
});
