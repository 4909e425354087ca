import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, expect, it } from 'vitest';
import { graphql } from '../../generated/index.ts';
import { type Arrival, busiestSecond, startDistantRecorder } from '../../support/api/distant-recorder.ts';
import { SCRIPT } from '../../support/clients/reads.ts';
import { type GatewayOfSeveral, useSeveralGateways } from '../../support/gateways/several-gateways.ts';
import { startProxy } from '../../support/network/proxy.ts';
import { describeWithEachEngine } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const KEY = { token: 'key-a' };
const LIMIT = graphql(/* GraphQL */ `
  query ReadLimit {
    rateLimit {
      limit
    }
  }
`);

describeWithEachEngine('gateways that divide a quota', (engine) => {
  const fixture = useSeveralGateways(engine);
  let recorder: Awaited<ReturnType<typeof startDistantRecorder>>;

  beforeEach(async () => {
    fixture.mayLose = true;
    recorder = await startDistantRecorder();
    fixture.closing.push(async () => recorder.close());
  });

  const open = (count: number, options: { rate?: number; url?: string; commandTimeoutMs?: number } = {}) => {
    const { rate = 50, url = fixture.redis.url, ...redis } = options;
    return fixture.openAll(count, {
      upstream: recorder.url,
      transport: { rate },
      timeouts: { read: 30_000, write: 30_000 },
      redis: { instances: count, url, ...redis },
    });
  };
  /** A way to Redis of each gateway's own. The first ones, which a test cuts off, notice it soon. */
  const openApart = async (count: number, { rate = 50, toCut = 1 } = {}) => {
    const proxies = await Promise.all(Array.from({ length: count }, () => startProxy(fixture.redis.url)));
    for (const { close } of proxies) fixture.closing.push(close);
    const gateways: GatewayOfSeveral[] = [];
    for (const [index, { url }] of proxies.entries()) {
      const [gateway] = await fixture.openAll(1, {
        upstream: recorder.url,
        transport: { rate },
        timeouts: { read: 30_000, write: 30_000 },
        redis: { instances: count, url, ...(index < toCut && { commandTimeoutMs: 500 }) },
      });
      gateways.push(gateway as GatewayOfSeveral);
    }
    await fixture.haveShares(count);
    return { gateways, proxies };
  };

  let count = 0;
  /** Asks for more than the quota until it is called. */
  const demand = (gateways: readonly GatewayOfSeveral[]) => {
    let isOver = false;
    const ask = async (gateway: GatewayOfSeveral) => {
      while (!isOver) {
        count += 1;
        await gateway.execute(SCRIPT, { id: `s${count}` }, KEY);
      }
    };
    const asking = Promise.all(gateways.flatMap((gateway) => Array.from({ length: 40 }, () => ask(gateway))));
    // A try that has failed closes the gateways while they are asked.
    asking.catch(() => undefined);
    fixture.closing.push(async () => {
      isOver = true;
    });
    return async (): Promise<readonly Arrival[]> => {
      isOver = true;
      await asking;
      return recorder.arrivals();
    };
  };
  const limitOf = async (gateway: GatewayOfSeveral) =>
    (await gateway.execute(LIMIT, {}, KEY)).data?.rateLimit.limit;

  it('serves its share while Redis stands still again and again', fixture.inTime, async () => {
    const gateways = await open(1, { commandTimeoutMs: 150 });
    const end = demand(gateways);
    for (let stalls = 0; stalls < 8; stalls += 1) {
      fixture.redis.pause();
      await delay(500);
      fixture.redis.resume();
      await delay(1_100);
    }
    const arrivals = await end();
    const from = arrivals[0]?.at ?? 0;
    // A gateway that came back with each answer of Redis made two calls a second.
    expect(arrivals.filter(({ at }) => at > from + 4_000 && at < from + 12_000).length).toBeGreaterThan(80);
    expect(busiestSecond(arrivals)).toBeLessThanOrEqual(50);
  });

  it('has all of it again when all are replaced at once', fixture.inTime, async () => {
    const { gateways: gone, proxies } = await openApart(3, { toCut: 3 });
    for (const { cut } of proxies) cut();
    for (const gateway of gone) await eventually(() => expect(gateway.isLost()).toBe(true));
    // The others leave them their share by now.
    await delay(1_500);
    const gateways = await open(3);
    for (const gateway of gateways) await eventually(async () => expect(await limitOf(gateway)).toBe(50));
  });

  it(
    'takes its share from one that was cut off and replaced, once that one hears of it',
    fixture.inTime,
    async () => {
      const { gateways, proxies } = await openApart(1);
      const [replaced] = gateways as [GatewayOfSeveral];
      proxies[0]?.cut();
      await eventually(() => expect(replaced.isLost()).toBe(true));
      const [successor] = (await open(1)) as [GatewayOfSeveral];
      await eventually(async () => expect(await limitOf(successor)).toBe(50));
      expect((await replaced.execute(SCRIPT, { id: 'a' }, KEY)).errors).toBeUndefined();
      proxies[0]?.mend();
      await eventually(async () => {
        count += 1;
        const { errors } = await replaced.execute(SCRIPT, { id: `s${count}` }, KEY);
        expect(errors?.[0]?.extensions).toMatchObject({ code: 'COORDINATION_LOST' });
      });
      // Then it counts together with the other again.
      await eventually(() => expect(replaced.isLost()).toBe(false));
      expect((await replaced.execute(SCRIPT, { id: 'b' }, KEY)).errors).toBeUndefined();
    },
  );
});
