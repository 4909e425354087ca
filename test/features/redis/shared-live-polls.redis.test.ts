import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLiveApi, refuse } from '../../support/api/live-api.ts';
import { startRecorder } from '../../support/api/recorder.ts';
import { type LiveView, viewLive } from '../../support/clients/live-view.ts';
import { settle } from '../../support/clocks/clock.ts';
import { createHeldClock } from '../../support/clocks/held-clock.ts';
import { type GatewayOfSeveral, useSeveralGateways } from '../../support/gateways/several-gateways.ts';
import { type GatewayProcess, startProcess } from '../../support/processes/process.ts';
import { describeWithRedis, type RedisServer } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const DISCONNECT = `mutation ($id: ID!) {
  disconnectSession(input: { id: $id }) { __typename }
}`;
const KEY = { token: 'sandbox-key' };
/** The interval after two polls that have found nothing. */
const MOST_MS = 4_500;
type Two = [one: GatewayOfSeveral, other: GatewayOfSeveral];

const faultsOf = (views: readonly LiveView[]) => views.flatMap(({ faults }) => faults);

/** Gateways over an API with sessions. */
function useLiveGateways() {
  const fixture = useSeveralGateways();
  const live = {
    recorder: {} as Awaited<ReturnType<typeof startRecorder>>,
    api: createLiveApi(),
    clock: createHeldClock(),
    /** Polls by their first page. */
    polls: () =>
      live.recorder.calls.filter(
        ({ line, body }) => line === 'POST /scripts/s/sessions' && JSON.parse(body).from === 0,
      ).length,
    /** They poll when a stream begins, and after a disconnect; otherwise when the clock says so. */
    openHeld: (count: number) =>
      fixture.openAll(count, {
        upstream: live.recorder.url,
        transport: { clock: live.clock, random: () => 0 },
        liveLimits: { rate: 0 },
      }),
    /** They poll by themselves, and notice soon that Redis is lost. */
    async openTroubled(): Promise<Two> {
      fixture.mayLose = true;
      const gateways = await fixture.openAll(2, {
        upstream: live.recorder.url,
        redis: { commandTimeoutMs: 500 },
        timeouts: { read: 20_000, write: 20_000 },
      });
      await fixture.haveShares(2);
      return gateways as Two;
    },
    end(gateway: GatewayOfSeveral, id: string) {
      live.api.leave('s', id);
      return gateway.execute(DISCONNECT, { id }, KEY);
    },
  };
  beforeEach(async () => {
    live.api = createLiveApi();
    live.clock = createHeldClock();
    live.recorder = await startRecorder((recorded, response) => live.api.respond(recorded, response));
    fixture.closing.push(() => live.recorder.close());
  });
  return { fixture, live };
}

describeWithRedis.concurrent('live sessions', () => {
  describe.sequential('of several gateways', () => {
    const { fixture, live } = useLiveGateways();

    it('cost one poll an interval, however many subscribe to one script', async () => {
      live.api.connect('s', 'a');
      const [one, other] = (await live.openHeld(2)) as Two;
      const views = await Promise.all(
        Array.from({ length: 100 }, (_one, index) => viewLive(index % 2 === 0 ? one : other)),
      );
      for (const view of views) await view.shows('a');
      expect(live.polls()).toBe(1);
      for (const name of ['b', 'c']) {
        live.api.connect('s', name);
        live.clock.pass(MOST_MS);
        for (const view of views) await eventually(() => expect(view.sessions()).toContain(name));
      }
      await settle();
      expect(live.polls()).toBe(3);
      expect(faultsOf(views)).toEqual([]);
      for (const view of views) view.leave();
    });

    it('are polled at once after a disconnect by a gateway where nobody subscribes', async () => {
      live.api.connect('s', 'a', 'b', 'c');
      const [one, other, third] = (await live.openHeld(3)) as [...Two, GatewayOfSeveral];
      const views = [await viewLive(one)];
      await views[0]?.shows('a', 'b', 'c');
      await eventually(async () =>
        expect(await fixture.redis.command('PUBSUB', 'CHANNELS', '*:live')).toHaveLength(1),
      );
      await live.end(other, 'b');
      await views[0]?.shows('a', 'c');
      views.push(await viewLive(third));
      await views[1]?.shows('a', 'c');
      await live.end(third, 'c');
      for (const view of views) await view.shows('a');
      await settle();
      expect([live.polls(), faultsOf(views)]).toEqual([3, []]);
      for (const view of views) view.leave();
    });

    it('go on at another gateway from a cursor, whether somebody is there or not', async () => {
      live.api.connect('s', 'a', 'b');
      const [one, other] = (await live.openHeld(2)) as Two;
      const first = await viewLive(one);
      await first.shows('a', 'b');
      const cursor = first.cursor();
      await live.end(one, 'a');
      await first.shows('b');
      const second = await viewLive(other, 's', cursor);
      await eventually(() => expect(second.events).toEqual(['SessionsChange']));
      const last = first.cursor();
      expect(second.cursor()).toBe(last);
      for (const view of [first, second]) view.leave();
      live.api.connect('s', 'c');
      await eventually(async () => expect(await fixture.redis.command('EVAL', NOBODY_LEADS, '0')).toBe(1));
      const third = await viewLive(other, 's', last);
      await third.shows('c');
      expect([third.events, faultsOf([first, second, third])]).toEqual([['SessionsChange'], []]);
      third.leave();
    });

    it('are followed without a right to publish in Redis: no gateway is lost, but each learns by looking', async () => {
      await fixture.redis.command('ACL', 'SETUSER', 'default', 'resetchannels');
      live.api.connect('s', 'a', 'b');
      const gateways = (await live.openHeld(2)) as Two;
      const views = await Promise.all(gateways.map((gateway) => viewLive(gateway)));
      for (const view of views) await view.shows('a', 'b');
      await live.end(gateways[0], 'b');
      live.clock.pass(MOST_MS);
      for (const view of views) await view.shows('a');
      expect(faultsOf(views)).toEqual([]);
      for (const view of views) view.leave();
    });

    it('end with the same error at each of them, and begin again when LuaAuth allows it', async () => {
      live.api.connect('s', 'a');
      const gateways = (await live.openHeld(2)) as Two;
      const views = await Promise.all(gateways.map((gateway) => viewLive(gateway)));
      for (const view of views) await view.shows('a');
      live.api.trouble = refuse;
      live.clock.pass(MOST_MS);
      for (const view of views) await eventually(() => expect(view.isOver()).toBe(true));
      expect(new Set(faultsOf(views)).size).toBe(1);
      expect(faultsOf(views)[0]).toContain('"code":');
      live.api.trouble = undefined;
      live.api.leave('s', 'a');
      live.api.connect('s', 'b');
      const again = await viewLive(gateways[1]);
      await again.shows('b');
      expect([again.events, again.faults]).toEqual([['SessionsSnapshot'], []]);
      again.leave();
    });

    it('end with one call at all gateways when LuaAuth refuses a poll', async () => {
      live.api.connect('s', 'a');
      const gateways = (await live.openHeld(3)) as [...Two, GatewayOfSeveral];
      const views = await Promise.all(gateways.map((gateway) => viewLive(gateway)));
      for (const view of views) await view.shows('a');
      const before = live.recorder.calls.length;
      live.api.trouble = refuse;
      live.clock.pass(MOST_MS);
      for (const view of views) await eventually(() => expect(view.isOver()).toBe(true));
      await settle();
      expect([live.recorder.calls.length - before, new Set(faultsOf(views)).size]).toEqual([1, 1]);
    });

    it('leave nothing in Redis that tells who is connected', async () => {
      const secrets = ['sentinel-session', 'sentinel-script', 'sentinel-job', 'key of sentinel', KEY.token];
      live.api.connect('sentinel-script', 'sentinel-session');
      const [one] = (await live.openHeld(1)) as [GatewayOfSeveral];
      const view = await viewLive(one, 'sentinel-script');
      await view.shows('sentinel-session');
      const keys = (await fixture.redis.command('KEYS', '*')) as string[];
      expect(keys.some((key) => key.includes(':live-'))).toBe(true);
      const dump = (await fixture.redis.dump()).toString('latin1');
      expect(secrets.filter((secret) => dump.includes(secret))).toEqual([]);
      view.leave();
    });

    describe('when the one that polls is killed', () => {
      const processes: GatewayProcess[] = [];
      afterEach(async () => {
        for (const one of processes.splice(0)) await one.kill().catch(() => undefined);
      });

      /** Subscribes at a process that leads and at another gateway, and kills the process. */
      const killLeader = async (other: GatewayOfSeveral) => {
        const victim = startProcess({
          PORT: '0',
          REDIS_URL: fixture.redis.url,
          LUAAUTH_API_URL: live.recorder.url,
        });
        processes.push(victim);
        const first = await viewLive({ url: await victim.listening() });
        await first.shows('a', 'b');
        const second = await viewLive(other);
        await second.shows('a', 'b');
        await victim.kill();
        await eventually(() => expect(first.isOver()).toBe(true));
        return { first, second, wasLost: victim.output.stdout.includes('Redis is lost') };
      };

      it('are polled by another one, where who was connected goes on', async () => {
        const other = await fixture.open({ upstream: live.recorder.url });
        live.api.connect('s', 'a', 'b');
        let killed = await killLeader(other);
        // A machine that is busy may take Redis from a process; that one follows for itself, under cursors of its own.
        for (let attempts = 1; killed.wasLost && attempts < 5; attempts++) {
          killed.second.leave();
          killed = await killLeader(other);
        }
        const { first, second } = killed;
        live.api.leave('s', 'a');
        live.api.connect('s', 'c');
        const resumed = await viewLive(other, 's', first.cursor());
        await second.shows('b', 'c');
        await resumed.shows('c');
        expect(resumed.events.every((type) => type === 'SessionsChange')).toBe(true);
        expect([second.faults, resumed.faults]).toEqual([[], []]);
        for (const view of [second, resumed]) view.leave();
      });
    });

    it('are followed by each for itself while Redis is lost, which is told', async () => {
      live.api.connect('s', 'a');
      const gateways = await live.openTroubled();
      const views = await Promise.all(gateways.map((gateway) => viewLive(gateway)));
      for (const view of views) await view.shows('a');
      await fixture.redis.stop();
      live.api.connect('s', 'b');
      for (const view of views) await view.shows('a', 'b');
      for (const view of views) {
        await eventually(() => expect(view.events).toContain('COORDINATION_LOST'));
      }
      live.api.leave('s', 'a');
      for (const view of views) await view.shows('b');
      await fixture.redis.start();
      await eventually(() => expect(gateways.map((gateway) => gateway.isLost())).toEqual([false, false]));
      live.api.connect('s', 'c');
      for (const view of views) await view.shows('b', 'c');
      expect(faultsOf(views)).toEqual([]);
      for (const view of views) view.leave();
    });
  });
});

/** The simulation plays a Redis that stalls, is full, read-only, flushed or cut off, and a failover. */
describeWithRedis.concurrent('live sessions', () => {
  describe.each<[name: string, befall: (redis: RedisServer) => Promise<unknown>]>([
    [
      'a restart',
      async (redis) => {
        await redis.stop();
        await redis.start();
      },
    ],
    ['the loss of notices', (redis) => redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub')],
  ])('of several gateways in trouble by %s', (_name, trouble) => {
    const { fixture, live } = useLiveGateways();

    it('lose no session for good, show none twice, and go on together', async () => {
      live.api.connect('s', 'a', 'b');
      const gateways = await live.openTroubled();
      const views = await Promise.all(gateways.map((gateway) => viewLive(gateway)));
      for (const view of views) await view.shows('a', 'b');
      const inTrouble = trouble(fixture.redis);
      live.api.leave('s', 'a');
      live.api.connect('s', 'c');
      await inTrouble;
      for (const view of views) await view.shows('b', 'c');
      await eventually(() => expect(gateways.map((gateway) => gateway.isLost())).toEqual([false, false]));
      live.api.connect('s', 'd');
      await live.end(gateways[0], 'b');
      for (const view of views) await view.shows('c', 'd');
      expect(faultsOf(views)).toEqual([]);
      for (const view of views) view.leave();
    });
  });
});

/** 1: no entry has a leader. */
const NOBODY_LEADS = `
for _, key in ipairs(redis.call('KEYS', '*:live-*')) do
  if redis.call('TYPE', key).ok == 'hash' and redis.call('HEXISTS', key, 'leader') == 1 then return 0 end
end
return 1`;
