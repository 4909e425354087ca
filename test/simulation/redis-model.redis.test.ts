import { afterAll, beforeAll, expect, it } from 'vitest';
import { propertySeed } from '../support/random/property-runs.ts';
import { createSeeded, type Seeded } from '../support/random/seeded.ts';
import { describeWithEachEngine, type RedisServer, startRedis } from '../support/redis/redis.ts';
import { eventually } from '../support/vitest/waiting.ts';
import { createPlan, FAULT_KINDS } from './plan.ts';
import { COMMAND, ModelError, RedisModel, type ScriptRun } from './redis-model.ts';
import { play } from './world.ts';

/** A script or a command, as both answer it. */
interface Step {
  readonly source: string;
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

/** A history runs this many scripts within some seconds. */
const MOST_RUNS = 2_000;

/** Runs one command, with all that a script does to its arguments and its reply. */
const commandOf = (words: readonly string[]): Step => ({
  source: COMMAND,
  keys: [],
  args: words,
});

/** Scripts read the time from a key: the clock of a real Redis goes on by itself. */
const TIME_KEY = 'time';
const atGivenTime = (source: string) =>
  source.replaceAll("redis.call('TIME')", `redis.call('HMGET', '${TIME_KEY}', 'seconds', 'micros')`);
const setTime = (micros: number): Step =>
  commandOf(['HSET', TIME_KEY, 'seconds', String(Math.floor(micros / 1e6)), 'micros', String(micros % 1e6)]);

const KEYS = ['a', 'b', 'c', 'd'];
const NAMES = ['x', 'y', 'z', '10', '\xff\x00'];
const NUMBERS = ['0', '1', '-1', '2', '10', '1700000000123', '0.5', '1e300', '', 'x'];
const SCORES = ['1', '2', '2', '3.5', '-7', '1700000000123.25', '0.1', 'inf'];
const BOUNDS = ['-inf', '+inf', '2', '(2', '(3.5', '-7', '0', 'x'];

/** The commands that scripts use, as they use them, with arguments that fit and some that do not. */
function randomCommand(random: Seeded): string[] {
  const { pick, below } = random;
  const some = (values: readonly string[]) => Array.from({ length: 1 + below(3) }, () => pick(values));
  const pairs = () => some(NAMES).flatMap((name) => [name, pick(NUMBERS)]);
  const range = () => [pick(BOUNDS), pick(BOUNDS)];
  const ranks = () => [String(below(7) - 3), String(below(7) - 3)];
  const key = pick(KEYS);
  const commands: readonly (() => string[])[] = [
    () => ['DEL', ...some(KEYS)],
    () => ['EXISTS', ...some(KEYS)],
    () => ['PTTL', key],
    () => ['PEXPIRE', key, pick(['100000', '0', '-5', '70000', 'x'])],
    () => ['GET', key],
    () => [
      'SET',
      key,
      pick(NUMBERS),
      ...pick([[], [], ['PX', '90000'], ['PX', '90000', pick(['NX', 'XX'])]]),
    ],
    () => ['GETEX', key, 'PX', pick(['80000', 'x'])],
    () => ['INCR', key],
    () => ['HGET', key, pick(NAMES)],
    () => ['HMGET', key, ...some(NAMES)],
    () => ['HGETALL', key],
    () => ['HSTRLEN', key, pick(NAMES)],
    () => ['HLEN', key],
    () => ['HSET', key, ...pairs()],
    () => ['HDEL', key, ...some(NAMES)],
    () => ['HINCRBY', key, pick(NAMES), pick(['1', '-3', '0.5'])],
    () => ['ZADD', key, pick([...SCORES, 'x']), pick(NAMES)],
    () => ['ZADD', key, pick(SCORES), pick(NAMES)],
    () => ['ZINCRBY', key, pick(['0', '-3', '7', '1.5', 'x']), pick(NAMES)],
    () => ['ZREM', key, ...some(NAMES)],
    () => ['ZCARD', key],
    () => ['ZSCORE', key, pick(NAMES)],
    () => ['ZCOUNT', key, ...range()],
    () => ['ZRANGE', key, ...ranks(), ...pick([[], ['WITHSCORES']])],
    () => [
      'ZRANGEBYSCORE',
      key,
      ...range(),
      ...pick([[], ['WITHSCORES'], ['LIMIT', String(below(3)), String(below(4) - 1)]]),
    ],
    () => ['ZREMRANGEBYSCORE', key, ...range()],
    () => ['ZREMRANGEBYRANK', key, ...ranks()],
    () => ['ZPOPMIN', key],
  ];
  return pick(commands)();
}

/** All that is kept, and for how long. */
const LOOKS: Readonly<Record<string, (key: string) => string[]>> = {
  string: (key) => ['GET', key],
  hash: (key) => ['HGETALL', key],
  zset: (key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
};
const lookAt = (keys: readonly string[]): Step[] =>
  keys.flatMap((key) => [['PTTL', key], ...Object.values(LOOKS).map((look) => look(key))]).map(commandOf);

type Answer = string | number | null | readonly Answer[];

/** The answers of the model, whose clock stands still. */
function answersOfModel(steps: readonly Step[]): Answer[] {
  const model = new RedisModel({ micros: () => 0, publish: () => undefined });
  return steps.map(({ source, keys, args }) => {
    try {
      return answerOf(model.eval('EVAL', source, keys, args));
    } catch (error) {
      if (error instanceof ModelError) return answerOf(error);
      throw error;
    }
  });
}

/** The answers of a real Redis. All steps are one transaction, in which its clock stands still as well. */
async function answersOf(redis: RedisServer, steps: readonly Step[]): Promise<Answer[]> {
  await redis.command('FLUSHALL');
  const shas = new Map<string, string>();
  for (const source of new Set(steps.map((step) => step.source)))
    shas.set(source, String(await redis.command('SCRIPT', 'LOAD', source)));
  const queued = [redis.bytes('MULTI')];
  for (const { source, keys, args } of steps) {
    const words = [String(keys.length), ...[...keys, ...args].map(bytesOf)];
    queued.push(redis.bytes('EVALSHA', shas.get(source) ?? '', ...words));
  }
  const [answers] = await Promise.all([redis.bytes('EXEC'), ...queued]);
  return (answers as unknown as readonly unknown[]).map(answerOf);
}

const bytesOf = (text: string) => Buffer.from(text, 'latin1');

function answerOf(reply: unknown): Answer {
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  if (Array.isArray(reply)) return reply.map(answerOf);
  // An engine may say more than the code.
  if (reply instanceof Error) return `error ${/^[A-Z]+/.exec(reply.message)?.[0]}`;
  return reply as string | number | null;
}

/** The fields of a hash have no order, and older engines write scores with more digits. */
function comparable({ args: [name = ''] }: Step, answer: Answer): Answer {
  if (name.startsWith('Z'))
    return [answer].flat().map((one) => (Number.isNaN(Number(one)) ? one : Number(one)));
  if (name !== 'HGETALL' || !Array.isArray(answer)) return answer;
  return answer.flatMap((field, at) => (at % 2 === 0 ? [`${field} ${answer[at + 1]}`] : [])).sort();
}

describeWithEachEngine('the model of Redis', (engine) => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis(engine);
  });
  afterAll(() => redis.close());

  async function expectSame(steps: readonly Step[]): Promise<void> {
    const [real, modelled] = [await answersOf(redis, steps), answersOfModel(steps)];
    for (const [at, step] of steps.entries()) {
      const before = steps.slice(Math.max(0, at - 20), at + 1).map(({ args }) => args.join(' '));
      expect(comparable(step, modelled[at] ?? null), before.join('\n')).toEqual(
        comparable(step, real[at] ?? null),
      );
    }
  }

  it('answers each command as a real Redis does', async () => {
    for (let sequence = 0; sequence < 40; sequence += 1) {
      const random = createSeeded(propertySeed(1), 'commands', sequence);
      const steps = Array.from({ length: 200 }, () => commandOf(randomCommand(random)));
      await expectSame([...steps, ...lookAt(KEYS)]);
    }
  });

  it('answers the scripts of gateways as a real Redis does', async () => {
    const scripts = new Set<string>();
    const runs: ScriptRun[] = [];
    const kinds = FAULT_KINDS.filter((kind) => !/store (?:is flushed|fails over|starts empty)/.test(kind));
    const plan = createPlan({
      seed: String(propertySeed(1)),
      seconds: 30,
      gateways: 3,
      kinds,
      hasStreams: true,
    });
    await play(plan, { untilMs: 8_000, onRun: (run) => runs.push(run) });
    const steps = runs.slice(0, MOST_RUNS).flatMap(({ source, keys, args, micros }) => {
      scripts.add(source);
      return [setTime(micros), { source: atGivenTime(source), keys, args }];
    });
    await expectSame([...steps, ...lookAt([...new Set(runs.flatMap(({ keys }) => keys))])]);
    expect(scripts.size).toBeGreaterThan(5);
  });

  it('forgets a key when its time is over, and not before', async () => {
    let micros = 0;
    const model = new RedisModel({ micros: () => micros, publish: () => undefined });
    const inModel = (...words: readonly string[]) => {
      const { source, keys, args } = commandOf(words);
      return model.eval('EVAL', source, keys, args);
    };
    for (const run of [inModel, redis.command]) {
      await run('SET', 'short', '1', 'PX', '1');
      await run('SET', 'long', '1', 'PX', '3600000');
    }
    micros += 10_000;
    await eventually(async () => expect(await redis.command('EXISTS', 'short', 'long')).toBe(1));
    expect(inModel('EXISTS', 'short', 'long')).toBe(1);
    micros += 3_600_000_000;
    expect(inModel('EXISTS', 'long')).toBe(0);
  });
});
