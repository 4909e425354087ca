import { beforeEach, describe, expect, it } from 'vitest';
import { busiestSecond, startDistantRecorder } from '../../support/api/distant-recorder.ts';
import { answerPlainly } from '../../support/api/plain-api.ts';
import { type Recorded, type Respond, startRecorder } from '../../support/api/recorder.ts';
import { createVersions } from '../../support/api/versions.ts';
import { EDIT } from '../../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS } from '../../support/clients/reads.ts';
import { type GatewayOfSeveral, useSeveralGateways } from '../../support/gateways/several-gateways.ts';
import { startProxy } from '../../support/network/proxy.ts';
import { accountOf, heldPermits } from '../../support/redis/records.ts';
import { describeWithEachEngine, describeWithRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

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

    it('shows what it had written before, too', async () => {
      own.respond = createVersions().answer;
      const gateway = await open({ transport: { freshMs: 60_000 } });
      expect((await read(gateway)).data?.script?.name).toBe('v1');
      await gateway.execute(EDIT, { input: { id: 'a', name: 'new' } }, KEY);
      await fixture.redis.stop();
      await lost(gateway);
      expect((await read(gateway)).data?.script?.name).toBe('v2');
    });

    it('serves what it has read since then from its cache', async () => {
      own.respond = createVersions().answer;
      const gateway = await open({ transport: { freshMs: 60_000 } });
      await gateway.execute(EDIT, { input: { id: 'a', name: 'new' } }, KEY);
      expect((await read(gateway)).data?.script?.name).toBe('v2');
      await fixture.redis.stop();
      await lost(gateway);
      const cached = await read(gateway);
      expect(cached.data?.script?.name).toBe('v2');
      expect(cached.extensions?.upstream).toMatchObject({ stale: 1, ...LOST });
    });

    it('publishes what it has written as soon as Redis is back, and drops its own cache entries', async () => {
      own.respond = createVersions().answer;
      const proxy = await startProxy(fixture.redis.url);
      fixture.closing.push(proxy.close);
      const transport = { freshMs: 60_000 };
      const apart = await open({ transport, redis: { url: proxy.url, commandTimeoutMs: SOON_MS } });
      const other = await open({ transport });
      await fixture.haveShares(2);
      expect((await read(apart)).data?.script?.name).toBe('v1');
      expect((await read(other)).data?.script?.name).toBe('v1');
      proxy.cut();
      await lost(apart);
      await apart.execute(EDIT, { input: { id: 'a', name: 'new' } }, KEY);
      proxy.mend();
      await found(apart);
      const after = [await read(other), await read(apart)];
      expect(after.map(({ data }) => data?.script?.name)).toEqual(['v2', 'v2']);
      expect(after.map(({ extensions }) => extensions)).toEqual([undefined, undefined]);
    });

    it('publishes what it writes before it answers, as soon as it reaches Redis again', async () => {
      own.respond = createVersions().answer;
      const proxy = await startProxy(fixture.redis.url);
      fixture.closing.push(proxy.close);
      const transport = { freshMs: 60_000 };
      const apart = await open({ transport, redis: { url: proxy.url, commandTimeoutMs: SOON_MS } });
      const other = await open({ transport });
      await fixture.haveShares(2);
      proxy.cut();
      await lost(apart);
      proxy.mend();
      await eventually(async () => {
        const entries = (await fixture.redis.command('HVALS', 'luaauth:{gateways}:instances')) as string[];
        expect(entries.map((entry) => entry.split(' ')[0]).sort()).toEqual(['degraded', 'well']);
      });
      const shown: unknown[] = [];
      for (let version = 2; version < 22 && apart.isLost(); version += 1) {
        await apart.execute(EDIT, { input: { id: 'a', name: 'new' } }, KEY);
        shown.push([(await read(other)).data?.script?.name, `v${version}`]);
      }
      expect(shown.length).toBeGreaterThan(0);
      for (const [name, version] of shown as [unknown, unknown][]) expect(name).toBe(version);
    });

    it('shows what another one has written meanwhile as soon as Redis is back', async () => {
      own.respond = createVersions().answer;
      const proxy = await startProxy(fixture.redis.url);
      fixture.closing.push(proxy.close);
      const transport = { freshMs: 60_000 };
      const apart = await open({ transport, redis: { url: proxy.url, commandTimeoutMs: SOON_MS } });
      const other = await open({ transport });
      await fixture.haveShares(2);
      await read(apart);
      proxy.cut();
      await lost(apart);
      await other.execute(EDIT, { input: { id: 'a', name: 'new' } }, KEY);
      expect((await read(apart)).extensions?.upstream).toMatchObject({ stale: 1, ...LOST });
      proxy.mend();
      await found(apart);
      expect(await read(apart)).toMatchObject({ data: { script: { name: 'v2' } } });
    });

    it('gives back a permit of which it has not heard', async () => {
      const proxy = await startProxy(fixture.redis.url);
      fixture.closing.push(proxy.close);
      const redis = { url: proxy.url, commandTimeoutMs: 1_000 };
      const gateway = await open({ transport: { rate: 2 }, redis });
      const other = await open({ transport: { rate: 2 } });
      const held = () => heldPermits(fixture.redis, accountOf(KEY.token));
      await read(gateway);
      await eventually(async () => expect(await held()).toBe(0));
      proxy.hold();
      const answer = read(gateway, 'b');
      await eventually(async () => {
        const before = proxy.held();
        const isHeld = (await held()) === 1;
        if (!isHeld) proxy.letThrough(before);
        expect(isHeld).toBe(true);
      });
      await lost(gateway);
      proxy.release();
      expect((await answer).errors).toBeUndefined();
      await found(gateway);
      await eventually(async () => {
        const { data } = await other.execute('{ rateLimit { remaining } }', {}, KEY);
        expect(data).toEqual({ rateLimit: { remaining: 2 } });
      });
    });

    it('says that its limit is one call where its share is less, and that none is free yet', async () => {
      const transport = { rate: 2 };
      const gateway = await open({ transport, redis: { instances: 3 } });
      await fixture.redis.stop();
      await lost(gateway);
      const { data } = await gateway.execute('{ rateLimit { limit remaining } }', {}, KEY);
      expect(data).toEqual({ rateLimit: { limit: 1, remaining: 0 } });
    });
  });
});

describeWithRedis.concurrent('a gateway', () => {
  describe.sequential('at its start', () => {
    const { fixture, own, open } = useGatewaysAlone();

    it('tries for 5 s, and then says what it tried', async () => {
      await fixture.redis.stop();
      await expect(open()).rejects.toThrow(
        /^\d+ attempts within 5 s failed, the last one with: connect ECONNREFUSED/,
      );
    });

    it('tries again where the first command takes too long', async () => {
      await fixture.redis.command('CLIENT', 'PAUSE', '1000', 'WRITE');
      const gateway = await open({ redis: { commandTimeoutMs: 150 } });
      expect((await read(gateway)).data?.script?.name).toBe('name of a');
    });

    it('says so where no command is answered in time', async () => {
      await fixture.redis.command('CLIENT', 'PAUSE', '60000', 'WRITE');
      await expect(open({ redis: { commandTimeoutMs: 150 } })).rejects.toThrow(
        /attempts within 5 s failed, the last one with: Redis has not answered within 150 ms$/,
      );
    });

    it('refuses calls where it may start all the same and knows no share, until Redis is there', async () => {
      await fixture.redis.stop();
      const gateway = await open({ redis: { isRequired: false } });
      const { errors } = await read(gateway);
      expect(errors?.[0]).toBeJustError('COORDINATION_LOST', {
        message: 'GET /scripts/:script_id: the gateway cannot count calls together with the others.',
        endpoint: 'GET /scripts/:script_id',
        retryAfterMs: 1_000,
      });
      const write = await gateway.execute(EDIT, { input: { id: 'a', name: 'new' } }, KEY);
      expect(write.errors?.[0]?.extensions).toMatchObject({
        code: 'COORDINATION_LOST',
        outcome: 'NOT_EXECUTED',
      });
      expect(own.calls).toEqual([]);
      await fixture.redis.start();
      await found(gateway);
      const { data, extensions } = await read(gateway);
      expect([data?.script?.name, extensions]).toEqual(['name of a', undefined]);
    });

    it('makes a call every few seconds where LUAAUTH_INSTANCES is larger than the quota', async () => {
      await fixture.redis.stop();
      const gateway = await open({ transport: { rate: 2 }, redis: { isRequired: false, instances: 5 } });
      const { data, extensions } = await read(gateway);
      expect([data?.script?.name, extensions?.upstream]).toEqual(['name of a', LOST]);
      const sentAt = performance.now();
      const { data: next } = await gateway.execute(SCRIPT, { id: 'b' }, KEY);
      expect(next?.script?.name).toBe('name of b');
      expect(performance.now() - sentAt).toBeGreaterThan(2_500);
    });

    it('uses the share that LUAAUTH_INSTANCES gives', async () => {
      await fixture.redis.stop();
      const gateway = await open({ redis: { isRequired: false, instances: 2 } });
      const { data, extensions } = await read(gateway);
      expect([data?.script?.name, extensions?.upstream]).toEqual(['name of a', LOST]);
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
    await fixture.haveShares(2);
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
