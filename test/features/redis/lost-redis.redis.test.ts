import { beforeEach, describe, expect, it } from 'vitest';
import { busiestSecond, startDistantRecorder } from '../../support/api/distant-recorder.ts';
import { answerPlainly } from '../../support/api/plain-api.ts';
import { type Recorded, type Respond, startRecorder } from '../../support/api/recorder.ts';
import { createVersions } from '../../support/api/versions.ts';
import { EDIT } from '../../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS } from '../../support/clients/reads.ts';
import { startProxy } from '../../support/network/proxy.ts';
import { describeWithEachEngine, describeWithRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';
import { type GatewayOfSeveral, useSeveralGateways } from './several-gateways.ts';

const KEY = { token: 'key-a' };
/** Silence for so long tells a gateway that it is cut off. */
const SOON_MS = 2_000;
const LOST = { coordination: 'lost' };

const read = (gateway: GatewayOfSeveral, id = 'a') => gateway.execute(SCRIPT, { id }, KEY);
const lost = (gateway: GatewayOfSeveral) => eventually(() => expect(gateway.isLost()).toBe(true));
const found = (gateway: GatewayOfSeveral) => eventually(() => expect(gateway.isLost()).toBe(false));

/** Gateways over a recorder, which may lose Redis. */
function useGatewaysAlone() {
  const fixture = useSeveralGateways();
  const own = { calls: [] as readonly Recorded[], respond: answerPlainly as Respond, url: '' };
  beforeEach(async () => {
    fixture.mayLose = true;
    own.respond = answerPlainly;
    const recorder = await startRecorder((recorded, response) => own.respond(recorded, response));
    own.url = recorder.url;
    own.calls = recorder.calls;
    fixture.closing.push(() => recorder.close());
  });
  return { fixture, own, open: (options = {}) => fixture.open({ upstream: own.url, ...options }) };
}

describeWithRedis.concurrent('a gateway', () => {
  describe.sequential('that loses Redis', () => {
    const { fixture, own, open } = useGatewaysAlone();

    it('serves its own cache entries as stale, and says so; what it reads again says so as well', async () => {
      const gateway = await open({ transport: { freshMs: 60_000 } });
      await read(gateway);
      await fixture.redis.stop();
      await lost(gateway);
      const cached = await read(gateway);
      expect(cached.data?.script?.name).toBe('name of a');
      expect(cached.extensions?.upstream).toMatchObject({ stale: 1, ...LOST });
      const called = await read(gateway, 'b');
      expect(called).toMatchObject({ data: { script: { name: 'name of b' } } });
      expect(called.extensions?.upstream).toEqual(LOST);
      expect((await fetch(`${gateway.url}/readiness`)).status).toBe(200);
    });

    it('lets writes through, says so, and shows what they have done', async () => {
      own.respond = createVersions().answer;
      const gateway = await open({ transport: { freshMs: 60_000 } });
      expect((await read(gateway)).data?.script?.name).toBe('v1');
      await fixture.redis.stop();
      await lost(gateway);
      const written = await gateway.execute(EDIT, { input: { id: 'a', name: 'new' } }, KEY);
      expect(written.errors).toBeUndefined();
      expect(written.extensions?.upstream).toEqual(LOST);
      expect((await read(gateway)).data?.script?.name).toBe('v2');
    });

    it('publishes what it has written as soon as Redis is back, and drops its own cache entries', async () => {
      own.respond = createVersions().answer;
      const proxy = await startProxy(fixture.redis.url);
      fixture.closing.push(proxy.close);
      const transport = { freshMs: 60_000 };
      const apart = await open({ transport, redis: { url: proxy.url, commandTimeoutMs: SOON_MS } });
      const other = await open({ transport });
      expect((await read(apart)).data?.script?.name).toBe('v1');
      expect((await read(other)).data?.script?.name).toBe('v1');
      proxy.cut();
      // A silent Redis is noticed by the next command.
      await read(apart, 'b');
      await lost(apart);
      await apart.execute(EDIT, { input: { id: 'a', name: 'new' } }, KEY);
      proxy.mend();
      await found(apart);
      const after = [await read(other), await read(apart)];
      expect(after.map(({ data }) => data?.script?.name)).toEqual(['v2', 'v2']);
      expect(after.map(({ extensions }) => extensions)).toEqual([undefined, undefined]);
    });

    it('shows what another one has written meanwhile as soon as Redis is back', async () => {
      own.respond = createVersions().answer;
      const proxy = await startProxy(fixture.redis.url);
      fixture.closing.push(proxy.close);
      const transport = { freshMs: 60_000 };
      const apart = await open({ transport, redis: { url: proxy.url, commandTimeoutMs: SOON_MS } });
      const other = await open({ transport });
      await read(apart);
      proxy.cut();
      // A silent Redis is noticed by the next command.
      await read(apart, 'b');
      await lost(apart);
      await other.execute(EDIT, { input: { id: 'a', name: 'new' } }, KEY);
      expect((await read(apart)).extensions?.upstream).toMatchObject({ stale: 1, ...LOST });
      proxy.mend();
      await found(apart);
      expect(await read(apart)).toMatchObject({ data: { script: { name: 'v2' } } });
    });
  });
});

describeWithRedis.concurrent('a gateway', () => {
  describe.sequential('at its start', () => {
    const { fixture, open } = useGatewaysAlone();

    it('begins without Redis after 5 s, with its share of the quota, until Redis is there', async () => {
      await fixture.redis.stop();
      const gateway = await open({ redis: { instances: 2 } });
      expect(gateway.losses[0]?.message).toMatch(/ECONNREFUSED/);
      const { data, extensions } = await read(gateway);
      expect([data?.script?.name, extensions?.upstream]).toEqual(['name of a', LOST]);
      await fixture.redis.start();
      await found(gateway);
      expect((await read(gateway, 'b')).extensions).toBeUndefined();
    });

    it('does not start if Redis refuses it, and says why', async () => {
      await fixture.redis.command('CONFIG', 'SET', 'requirepass', 'secret');
      await expect(open()).rejects.toThrow('Redis asks for a password (NOAUTH). Put it into REDIS_URL');
    });

    it('tries again where the first command takes too long', async () => {
      await fixture.redis.command('CLIENT', 'PAUSE', '1000', 'WRITE');
      const gateway = await open({ redis: { commandTimeoutMs: 150 } });
      expect((await read(gateway)).data?.script?.name).toBe('name of a');
    });
  });
});

describeWithEachEngine('a gateway that loses Redis by a restart', (engine) => {
  const fixture = useSeveralGateways(engine);

  it('keeps to the quota, answers all, shows no old state, and is well again', fixture.inTime, async () => {
    fixture.mayLose = true;
    const distant = await startDistantRecorder({ hasVersions: true });
    fixture.closing.push(async () => distant.close());
    const gateways = await fixture.openAll(2, {
      upstream: distant.url,
      limits: { restCalls: 1_000 },
      redis: { commandTimeoutMs: 500 },
      timeouts: { read: 20_000, write: 20_000 },
    });
    const [one, other] = gateways as [GatewayOfSeveral, GatewayOfSeveral];
    const ids = (name: string) => Array.from({ length: 50 }, (_one, index) => `${name}${index}`);
    await Promise.all([one.execute(SCRIPTS, { ids: ids('a') }, KEY), read(other)]);
    const restarted = fixture.redis.stop().then(() => fixture.redis.start());
    const during = await Promise.all([
      one.execute(SCRIPTS, { ids: ids('b') }, KEY),
      other.execute(SCRIPTS, { ids: ids('c') }, KEY),
    ]);
    expect(during.map(({ errors }) => errors)).toEqual([undefined, undefined]);
    await restarted;
    for (const gateway of gateways) await found(gateway);
    await one.execute(EDIT, { input: { id: 'a', name: 'new' } }, KEY);
    expect(await read(other)).toMatchObject({ data: { script: { name: 'v2' } } });
    expect(busiestSecond(await distant.arrivals())).toBeLessThanOrEqual(50);
  });
});
