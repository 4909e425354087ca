import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { beforeEach, expect, it } from 'vitest';
import type { RedisStateOptions } from '../../../src/server/features.ts';
import type { Lease, LookupResult, State } from '../../../src/state/port.ts';
import { backgroundClock } from '../../../src/transport/clock.ts';
import { startProxy } from '../../support/network/proxy.ts';
import { describeWithEachEngine, type RedisServer, useRedis } from '../../support/redis/redis.ts';
import { startRedisClock } from '../../support/redis/redis-clock.ts';
import { useStates } from '../../support/redis/states.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const INSTANCES = 'luaauth:{gateways}:instances';

describeWithEachEngine('the lease to fill a cache entry', (engine) => {
  const kept = useRedis(engine);
  const { open, closing } = useStates(kept);
  let redis: RedisServer;

  beforeEach(() => {
    redis = kept.server;
  });

  /** Opens the state of a process that does not beat after its start, so that each command comes from the test. */
  async function openStill(options: Partial<RedisStateOptions> = {}): Promise<State> {
    let isStill = false;
    const state = await open(options, {
      now: backgroundClock.now,
      after: (delayMs, action) => backgroundClock.after(delayMs, () => isStill || action()),
    });
    isStill = true;
    return state;
  }
  const lookUp = async ({ shared }: State) =>
    (await shared?.lookUp('account', 'name', {
      freshMs: 0,
      since: undefined,
      turn: 'usual',
    })) as LookupResult;
  const takes = (state: State) => eventually(async () => expect((await lookUp(state)).lease).toBeDefined());

  it('ends though the process that takes it has lost Redis, reaches it again, and loses it at once', async () => {
    const proxy = await startProxy(redis.url);
    closing.push(proxy.close);
    let stoppedAt: number | undefined;
    const apart = await open({ url: proxy.url, now: () => stoppedAt ?? performance.now() });
    const other = await open();
    proxy.sever();
    await eventually(() => expect(apart.coordination?.partition).toBe(1));
    // Redis never has answered well for long enough.
    stoppedAt = performance.now();
    proxy.mend();
    await eventually(async () =>
      expect((await redis.command('HVALS', INSTANCES)) as string[]).toContainEqual(
        expect.stringMatching('^degraded'),
      ),
    );
    proxy.hold();
    const looked = lookUp(apart);
    const isInRedis = async () => expect(await redis.command('KEYS', '*:entry-*')).toHaveLength(1);
    await Promise.race([looked, eventually(isInRedis)]);
    proxy.sever();
    await looked;
    proxy.release();
    stoppedAt = undefined;
    proxy.mend();
    await eventually(() => expect(apart.coordination?.partition).toBe(0));
    await takes(other);
  });

  it('ends though Redis refuses its end for a moment', async () => {
    const holder = await open();
    const other = await open();
    const { lease } = await lookUp(holder);
    expect((await lookUp(other)).lease).toBeUndefined();
    await redis.command('ACL', 'SETUSER', 'default', '-hset');
    lease?.release();
    // Commands of one connection are answered in their order.
    await holder.documents.get('account', 'hash');
    await redis.command('ACL', 'SETUSER', 'default', '+hset');
    await takes(other);
  });

  it.each([-10_000, 10_000])(
    'is not taken from a new process because Redis’s clock was set by %i ms',
    async (ms) => {
      const clock = await startRedisClock(redis);
      closing.push(clock.close);
      let stoppedAt: number | undefined;
      const early = await openStill({ url: clock.url, now: () => stoppedAt ?? performance.now() });
      stoppedAt = performance.now();
      await clock.jump(ms);
      const holder = await open({ url: clock.url });
      expect((await lookUp(holder)).lease).toBeDefined();
      expect((await lookUp(early)).lease).toBeUndefined();
    },
  );

  const fact = async (section: string, name: string) =>
    Number(new RegExp(`^${name}(\\d+)`, 'm').exec(String(await redis.command('INFO', section)))?.[1] ?? 0);
  const answerOf = (value: string) => ({ value, bytes: value.length, ageMs: 0 });
  const entries = () => redis.command('KEYS', '*:entry-*') as Promise<readonly string[]>;

  it.each<[string, (lease: Lease | undefined) => void, number]>([
    ['a call for it has failed', (lease) => lease?.release(), 0],
    ['its answer has expired', (lease) => lease?.fill(answerOf('answer'), 1), 0],
    ['the process has filled it before', (lease) => lease?.fill(answerOf('answer'), 60_000), 1],
  ])('takes one command where %s', async (_name, end, kept) => {
    const state = await openStill();
    end((await lookUp(state)).lease);
    // Commands of one connection are answered in their order.
    await state.documents.get('account', 'hash');
    await setImmediate();
    await eventually(async () => expect(await entries()).toHaveLength(kept));
    const commands = () => fact('commandstats', 'cmdstat_evalsha:calls=');
    const before = await commands();
    expect((await lookUp(state)).lease).toBeDefined();
    expect((await commands()) - before).toBe(1);
  });

  it('lets others wait, to whom Redis sends the old answer once', async () => {
    const [holder, other] = [await openStill(), await openStill()];
    (await lookUp(holder)).lease?.fill(answerOf(randomBytes(200_000).toString('base64')), 60_000);
    await eventually(async () =>
      expect(await redis.command('HEXISTS', (await entries())[0] ?? '', 'value')).toBe(1),
    );
    expect((await lookUp(holder)).lease).toBeDefined();
    const sent = () => fact('stats', 'total_net_output_bytes:');
    const before = await sent();
    for (let tries = 0; tries < 5; tries += 1) expect((await lookUp(other)).lease).toBeUndefined();
    const bytes = (await sent()) - before;
    expect(bytes).toBeGreaterThan(200_000);
    expect(bytes).toBeLessThan(400_000);
  });
});
