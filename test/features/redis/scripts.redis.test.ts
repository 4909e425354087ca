import { afterAll, beforeAll, expect, it } from 'vitest';
import { NOTE_WRITE, READ_WRITES } from '../../../src/features/redis/account-writes.ts';
import type { LuaScript } from '../../../src/features/redis/client.ts';
import { RETURN, TAKE } from '../../../src/features/redis/semaphore.ts';
import { FILL, LOOK_UP, RELEASE } from '../../../src/features/redis/shared-cache.ts';
import { ENTER } from '../../../src/features/redis/store.ts';
import { RedisModel } from '../../simulation/redis-model.ts';
import { TWINS } from '../../simulation/twins.ts';
import { propertySeed } from '../../support/random/property-runs.ts';
import { createSeeded, type Seeded } from '../../support/random/seeded.ts';
import { describeWithEachEngine, type RedisServer, startRedis } from '../../support/redis/redis.ts';

const HISTORIES = 40;
const STEPS = 120;

/** How long the values of a quota are kept, in ms. */
const TIMES = { quota: 300_000, asking: 300_000 };

/** Values and leases that a history writes are kept for this time, in ms, so that none ends on a slow machine: a real Redis ends them itself. */
const KEPT_MS = 60_000;

/** Scripts read the time from a key: the clock of a real Redis goes on by itself. */
const CLOCK = 'clock-of-test';
const atGivenTime = (source: string) =>
  source.replace("redis.call('TIME')", `redis.call('HMGET', '${CLOCK}', 'seconds', 'micros')`);

interface Step {
  readonly script: LuaScript;
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
}

const IDS = ['store-1', 'store-1', 'store-1', 'store-2'];
const PROCESSES = ['one', 'two', 'three'];
const GARBAGE = ['', 'x', '1e15', '-1', '{}'];

/** A script with arguments as processes send them. */
function randomStep({ pick, below, chance }: Seeded): Step {
  const id = pick(IDS);
  const me = pick(PROCESSES);
  const some = (words: readonly string[]) => Array.from({ length: 1 + below(3) }, () => pick(words));
  const inStore = (script: LuaScript, keys: readonly string[], args: readonly (string | number)[]): Step => ({
    script,
    keys: ['store', ...keys],
    args: [id, ...args],
  });
  const permits = () =>
    some([1, 2, 3, 4, 5].map((n) => `${me}.${n}`)).flatMap((name) => [
      name,
      pick([0, 0, 1, 400, 1_002, 5_000]),
    ]);
  const seen = 1_800_000_000_000 + below(20_000);
  const take = () => {
    const wants = [`${me}.${below(9)}`, pick([0, 0, 0, 10]), below(20)];
    return inStore(TAKE, ['quota', 'asking'], [pick([50, 7]), me, ...wants]);
  };
  return pick([
    () => ({
      script: ENTER,
      keys: ['store'],
      args: [pick(['run', 'run', 'run', 'run', 'run', 'other']), pick(IDS)],
    }),
    take,
    take,
    take,
    () => inStore(RETURN, ['quota'], chance(0.8) ? permits() : []),
    () => inStore(NOTE_WRITE, ['writes'], [KEPT_MS, ...some(['a', 'b', 'c', '*'])]),
    () => inStore(READ_WRITES, ['writes'], [pick(['0', '0', String(seen), '1900000000000'])]),
    () =>
      inStore(
        LOOK_UP,
        ['entry', 'lease'],
        [pick([0, 500, 5_000]), pick(['', '0', String(seen)]), `${me}.1`, KEPT_MS],
      ),
    () => inStore(FILL, ['entry', 'lease'], [`${me}.1`, below(800), KEPT_MS, pick(['value', 'other'])]),
    () => inStore(RELEASE, ['lease'], [`${me}.1`]),
  ])();
}

/** A text instead of what a script has stored. */
function randomGarbage({ pick }: Seeded): readonly [key: string, field: string, value: string] {
  const [key, field] = pick([
    ['store', 'begun'],
    ['entry', 'at'],
    ['value', 'at'],
  ] as const);
  return [key, field, pick(GARBAGE)];
}

const texts = (reply: unknown): unknown =>
  Array.isArray(reply) ? reply.map(texts) : Buffer.isBuffer(reply) ? reply.toString('latin1') : reply;

it('every script has one twin', () => {
  const scripts = [ENTER, TAKE, RETURN, NOTE_WRITE, READ_WRITES, LOOK_UP, FILL, RELEASE];
  expect(TWINS.map(({ sha }) => sha).sort()).toEqual(scripts.map(({ sha }) => sha).sort());
});

describeWithEachEngine('scripts answer as their twins', (engine) => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis(engine);
  });
  afterAll(() => redis.close());

  it('in random histories, with garbage among the values', { timeout: 300_000 }, async () => {
    for (let history = 0; history < HISTORIES; history += 1) {
      const random = createSeeded(propertySeed(1), 'scripts', history);
      await redis.command('FLUSHALL');
      let now = 1_800_000_000_000;
      const model = new RedisModel({ nowMs: () => now, expiryMs: () => 0 });
      for (let step = 0; step < STEPS; step += 1) {
        now += random.pick([0, 1, 30, 250, 900, 3_100]) - (random.chance(0.02) ? 5_000 : 0);
        const at = `history ${history}, step ${step}`;
        if (random.chance(0.05)) {
          const [key, field, value] = randomGarbage(random);
          model.hset(key, { [field]: value });
          await redis.command('HSET', key, field, value);
        }
        const { script, keys, args } = randomStep(random);
        await redis.command(
          'HSET',
          CLOCK,
          'seconds',
          String(Math.floor(now / 1_000)),
          'micros',
          String((now % 1_000) * 1_000),
        );
        const words = [String(keys.length), ...keys, ...args.map(String)];
        const real = await redis.command('EVAL', atGivenTime(script.source), ...words);
        const twin = texts(model.eval('EVAL', script.source, keys, args.map(String)));
        expect([at, args, real]).toEqual([at, args, twin]);
      }
      for (const key of model.keys)
        expect([key, await redis.command('TYPE', key)]).toEqual([key, model.type(key)]);
      for (const key of ['quota', 'asking', 'writes'])
        expect(await redis.command('ZRANGE', key, '0', '-1', 'WITHSCORES')).toEqual(model.zall(key));
    }
  });

  it('permits and leases end by themselves', async () => {
    await redis.command('FLUSHALL');
    await redis.command('HSET', 'store', 'id', 'store-1');
    const run = ({ source }: LuaScript, keys: readonly string[], ...args: readonly string[]) =>
      redis.command('EVAL', source, String(1 + keys.length), 'store', ...keys, 'store-1', ...args);
    await run(LOOK_UP, ['entry', 'lease'], '0', '', 'one', '3000');
    await run(TAKE, ['quota', 'asking'], '50', 'one', 'one.1', '0', '0');
    await run(TAKE, ['quota', 'asking'], '1', 'two', 'two.1', '0', '0');
    for (const [key, mostMs] of Object.entries({ lease: 3_000, ...TIMES })) {
      const leftMs = Number(await redis.command('PTTL', key));
      expect([key, leftMs > 0 && leftMs <= mostMs]).toEqual([key, true]);
    }
  });

  it('an older shared answer never takes the place of a newer one', async () => {
    await redis.command('FLUSHALL');
    await redis.command('HSET', 'store', 'id', 'store-1');
    const fill = (ageMs: number, value: string) =>
      redis.command(
        'EVAL',
        FILL.source,
        '3',
        'store',
        'entry',
        'lease',
        'store-1',
        'one',
        String(ageMs),
        '60000',
        value,
      );
    await fill(500, 'of half a second ago');
    await fill(10, 'newer');
    await fill(500, 'older, told later');
    expect(await redis.command('HGET', 'entry', 'value')).toBe('newer');
  });
});
