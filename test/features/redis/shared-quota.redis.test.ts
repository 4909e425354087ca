import { expect, it } from 'vitest';
import { busiestSecond, startDistantRecorder } from '../../support/api/distant-recorder.ts';
import { answerPlainly } from '../../support/api/plain-api.ts';
import { startRecorder } from '../../support/api/recorder.ts';
import { SCRIPT, SCRIPTS } from '../../support/clients/reads.ts';
import { useSeveralGateways } from '../../support/gateways/several-gateways.ts';
import { accountOf, answersOf, writeAnswer, writeQuota } from '../../support/redis/records.ts';
import { describeWithEachEngine, describeWithRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const ids = (count: number, name: string) =>
  Array.from({ length: count }, (_one, index) => `${name}${index}`);

describeWithEachEngine('several gateways with one key', (engine) => {
  const fixture = useSeveralGateways(engine);

  it('never have more than 50 arrivals in any second, and use the quota', fixture.inTime, async () => {
    const recorder = await startDistantRecorder({ jitterMs: 40 });
    fixture.closing.push(async () => recorder.close());
    const gateways = await fixture.openAll(4, {
      upstream: recorder.url,
      limits: { restCalls: 1_000 },
      timeouts: { read: 20_000, write: 20_000 },
    });
    const answers = await Promise.all(
      gateways.map((gateway, index) => gateway.execute(SCRIPTS, { ids: ids(60, `g${index}-`) })),
    );
    expect(answers.map(({ errors }) => errors)).toEqual(Array(4).fill(undefined));
    const arrivals = await recorder.arrivals();
    expect(arrivals).toHaveLength(240);
    expect(busiestSecond(arrivals)).toBeLessThanOrEqual(50);
  });
});

describeWithRedis('an API whose answers take 400 ms', () => {
  const fixture = useSeveralGateways();

  it('uses each permit longer, so fewer calls can wait for their turn', async () => {
    const recorder = await startRecorder((recorded, response) => {
      setTimeout(answerPlainly, 400, recorded, response);
    });
    fixture.closing.push(() => recorder.close());
    const patience = { timeouts: { read: 60_000, write: 60_000 }, operationTimeoutMs: 60_000 };
    const options = { upstream: recorder.url, transport: { rate: 5 }, ...patience };
    const gateway = await fixture.open({ ...options, limits: { restCalls: 1_000 } });
    const leaving = new AbortController();
    const query =
      'query ($a: [ID!]!, $b: [ID!]!) { a: scripts(ids: $a) { name } b: scripts(ids: $b) { name } }';
    const read = (count: number, name: string) =>
      gateway.execute(
        query,
        { a: ids(count, `${name}-a`), b: ids(count, `${name}-b`) },
        { token: 'key' },
        leaving.signal,
      );
    await read(5, 'first');
    const answer = read(200, 'then').catch(() => undefined);
    const queued = async () => {
      const asked = await gateway.execute<{ rateLimit: { queued: number } }, object>(
        '{ rateLimit { queued } }',
        {},
        { token: 'key' },
      );
      return asked.data?.rateLimit.queued ?? 0;
    };
    // All other calls wait by now, or were refused.
    await eventually(() => expect(recorder.calls.length).toBeGreaterThan(10));
    // In 60 s, 295 calls could start if a permit were free a second after its call was sent.
    expect(await queued()).toBeLessThan(265);
    leaving.abort();
    await answer;
  });
});

const AN_HOUR_MS = 3_600_000;

describeWithRedis('a clock of Redis that is set back by an hour', () => {
  const fixture = useSeveralGateways();

  it('keeps no cache entry fresh', async () => {
    const recorder = await startRecorder(answerPlainly);
    fixture.closing.push(() => recorder.close());
    const gateways = await fixture.openAll(3, { upstream: recorder.url, transport: { freshMs: 60_000 } });
    const read = (index: number) => gateways[index]?.execute(SCRIPT, { id: 'a' }, { token: 'key' });
    await read(0);
    const account = accountOf('key');
    await eventually(async () => expect((await answersOf(fixture.redis, account)).size).toBe(1));
    await read(1);
    expect(recorder.calls).toHaveLength(1);
    await writeAnswer(fixture.redis, account, (answer) => ({
      ...answer,
      askedAt: answer.askedAt + AN_HOUR_MS,
    }));
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
    // All permits are used, another caller waits, and the API has slowed the account down: all an hour from now.
    await writeQuota(fixture.redis, accountOf('key'), (quota, now) => ({
      ...quota,
      sent: [[now + AN_HOUR_MS, rate]],
      callers: { other: [0, now + AN_HOUR_MS, 1] },
      backgroundFrom: now + AN_HOUR_MS,
      pausedUntil: now + AN_HOUR_MS,
      slowed: { limit: rate, at: now + AN_HOUR_MS },
    }));
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
    await writeQuota(fixture.redis, accountOf('key'), (quota, now) => ({
      ...quota,
      held: { 'ended.1.1.1': now + AN_HOUR_MS },
    }));
    expect((await read('b')).errors).toBeUndefined();
  });
});
