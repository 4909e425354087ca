import { describe, expect, it } from 'vitest';
import { busiestSecond, startDistantRecorder } from '../../support/distant-recorder.ts';
import { answerPlainly } from '../../support/plain-api.ts';
import { SCRIPT, SCRIPTS } from '../../support/reads.ts';
import { startRecorder } from '../../support/recorder.ts';
import { describeWithRedis } from '../../support/redis.ts';
import { useSeveralGateways } from '../../support/several-gateways.ts';
import { eventually } from '../../support/waiting.ts';

const ids = (count: number, name: string) =>
  Array.from({ length: count }, (_one, index) => `${name}${index}`);

describeWithRedis('several gateways with one key', () => {
  describe.each([1, 2, 4])('(%i of them)', (count) => {
    const fixture = useSeveralGateways();

    it('never have more than 50 arrivals in any second, and use the quota', fixture.inTime, async () => {
      const recorder = await startDistantRecorder({ jitterMs: 40 });
      fixture.closing.push(async () => recorder.close());
      const gateways = await fixture.openAll(count, {
        upstream: recorder.url,
        limits: { restCalls: 1_000 },
        timeouts: { read: 20_000, write: 20_000 },
      });
      const answers = await Promise.all(
        gateways.map((gateway, index) => gateway.execute(SCRIPTS, { ids: ids(240 / count, `g${index}-`) })),
      );
      expect(answers.map(({ errors }) => errors)).toEqual(Array(count).fill(undefined));
      const arrivals = await recorder.arrivals();
      expect(arrivals).toHaveLength(240);
      expect(busiestSecond(arrivals)).toBeLessThanOrEqual(50);
    });
  });
});

/** Writes as an hour from now: all permits of an account are used, another caller waits, and the API has slowed it down. */
const FROM_LATER = `
local time = redis.call('TIME')
local later = time[1] * 1000 + 3600000
for permit = 1, ARGV[1] do redis.call('ZADD', KEYS[1] .. 'sent', later, 'instance.1.' .. permit) end
redis.call('ZADD', KEYS[1] .. 'turns', 0, 'caller')
redis.call('ZADD', KEYS[1] .. 'waiting', later, 'caller')
redis.call('HSET', KEYS[1] .. 'pace', 'spareFrom', later, 'reduced', ARGV[1], 'reducedAt', later)
return later`;

/** The same for permits of a process that has ended since. */
const HELD_FROM_LATER = `
local time = redis.call('TIME')
for permit = 1, ARGV[1] do redis.call('ZADD', KEYS[1], time[1] * 1000 + 3600000, 'ended.1.1.' .. permit) end`;

/** How many cache entries are filled. */
const FILLED = `
local filled = 0
for _, key in ipairs(redis.call('KEYS', '*:entry-*')) do filled = filled + redis.call('HEXISTS', key, 'value') end
return filled`;

/** The same for all that is cached. */
const CACHED_LATER = `
local time = redis.call('TIME')
local later = time[1] * 1000 + 3600000
for _, key in ipairs(redis.call('KEYS', '*:entry-*')) do
  redis.call('HSET', key, 'askedAt', later, 'filledAt', later)
end`;

describeWithRedis('a clock of Redis that is set back by an hour', () => {
  const fixture = useSeveralGateways();

  it('keeps no cache entry fresh', async () => {
    const recorder = await startRecorder(answerPlainly);
    fixture.closing.push(() => recorder.close());
    const gateways = await fixture.openAll(3, { upstream: recorder.url, transport: { freshMs: 60_000 } });
    const read = (index: number) => gateways[index]?.execute(SCRIPT, { id: 'a' }, { token: 'key' });
    await read(0);
    await eventually(async () => expect(await fixture.redis.command('EVAL', FILLED, '0')).toBe(1));
    await read(1);
    expect(recorder.calls).toHaveLength(1);
    await fixture.redis.command('EVAL', CACHED_LATER, '0');
    expect((await read(2))?.data?.script?.name).toBe('name of a');
    expect(recorder.calls).toHaveLength(2);
  });

  it('keeps no call waiting for longer than a window', async () => {
    const recorder = await startRecorder(answerPlainly);
    fixture.closing.push(() => recorder.close());
    const rate = 10;
    const gateway = await fixture.open({ upstream: recorder.url, transport: { rate } });
    const read = (id: string) => gateway.execute(SCRIPT, { id }, { token: 'key' });
    await read('a');
    const [account = ''] = (await fixture.redis.command('KEYS', '*:account')) as string[];
    const prefix = account.replace(/account$/, '');
    await fixture.redis.command('EVAL', FROM_LATER, '1', prefix, String(rate));
    const answers = await Promise.all(ids(2 * rate, 'b').map(read));
    expect(answers.map(({ errors }) => errors)).toEqual(answers.map(() => undefined));
  });

  it('keeps no permit for a process that has ended', async () => {
    const recorder = await startRecorder(answerPlainly);
    fixture.closing.push(() => recorder.close());
    const patience = { timeouts: { read: 60_000, write: 60_000 }, operationTimeoutMs: 60_000 };
    const gateway = await fixture.open({ upstream: recorder.url, transport: { rate: 1 }, ...patience });
    const read = (id: string) => gateway.execute(SCRIPT, { id }, { token: 'key' });
    await read('a');
    const [account = ''] = (await fixture.redis.command('KEYS', '*:account')) as string[];
    const held = account.replace(/account$/, 'held');
    await fixture.redis.command('EVAL', HELD_FROM_LATER, '1', held, '1');
    expect((await read('b')).errors).toBeUndefined();
  });
});
