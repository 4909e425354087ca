import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { createEncryption } from '../../../src/features/redis/encryption.ts';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import { PATIENT_MS, useSeveralGateways } from '../../support/gateways/several-gateways.ts';
import { followEntry } from '../../support/redis/entry-follower.ts';
import { quotasOf } from '../../support/redis/records.ts';
import { describeWithRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

describeWithRedis('what somebody else writes into Redis', () => {
  const fixture = useSeveralGateways();

  it('does not raise the quota: a changed record is dropped, counted, and pauses the account for a moment', async () => {
    const rejected: string[] = [];
    const { url } = fixture.redis;
    const options = { url, rate: 50, longestTtlMs: 1_000, commandTimeoutMs: 5_000 };
    const state = await openStateInRedis({ ...options, onRejected: (kind) => rejected.push(kind) });
    fixture.closing.push(async () => state.close?.());
    const limits = { rate: 50, backoff: 0.5, recoveryPerSecond: 0.05 };
    const quota = state.quotas.open('one', undefined, limits, () => undefined);
    const take = async () => quota.take({ size: 1, byCaller: () => [['caller', 1]] }, false);
    await eventually(async () => expect(await take()).not.toBeTypeOf('number'));
    const [[key] = ['']] = await quotasOf(fixture.redis, 'one');
    const another = createEncryption('another').seal('{}', key);
    const ofOtherForm = createEncryption('one').seal(JSON.stringify({ version: 9, held: [] }), key);
    const noJson = createEncryption('one').seal('{', key);
    for (const value of [another, ofOtherForm, noJson, Buffer.from('x')]) {
      await fixture.redis.bytes('HSET', key, 'version', randomUUID(), 'value', value);
      const waitMs = await take();
      expect(waitMs).toBeTypeOf('number');
      expect(waitMs).toBeGreaterThan(0);
      await eventually(async () => expect(await take()).not.toBeTypeOf('number'));
    }
    expect(rejected).toEqual(['quota', 'record', 'record', 'quota']);
  });

  /** A process of the gateway, and the kinds of values that it has dropped. */
  const open = async () => {
    const rejected: string[] = [];
    const { url } = fixture.redis;
    const options = { url, rate: 50, longestTtlMs: 1_000, commandTimeoutMs: PATIENT_MS };
    const state = await openStateInRedis({ ...options, onRejected: (kind) => rejected.push(kind) });
    fixture.closing.push(async () => state.close?.());
    return { state, rejected };
  };

  it.each([
    ['without its lease', { bytes: 1, askedAt: 1, keptUntil: 1e15, value: 1 }],
    ['without its size', { by: 'x', askedAt: 1, keptUntil: 1e15, value: 1 }],
    ['without the time until which it is kept', { by: 'x', bytes: 1, askedAt: 1, value: 1 }],
    ['without its age', { by: 'x', bytes: 1, keptUntil: 1e15, value: 1 }],
    ['which is no object', 5],
    ['which is no JSON', undefined],
  ])('is no answer %s: it is dropped, counted, and replaced', async (_name, content) => {
    const { state, rejected } = await open();
    const lookUp = () =>
      state.shared?.lookUp('one', 'name', { freshMs: 60_000, since: 'another', turn: 'usual' });
    const found = () => eventually(async () => expect((await lookUp())?.entry?.value).toBe('answer'));
    const fill = async () => (await lookUp())?.lease?.fill({ value: 'answer', bytes: 10, ageMs: 0 }, 60_000);
    await fill();
    await found();
    const [key = ''] = (await fixture.redis.command('KEYS', '*:entry-*')) as readonly string[];
    const sealed = createEncryption('one').seal(content === undefined ? '{' : JSON.stringify(content), key);
    await fixture.redis.bytes('HSET', key, 'version', randomUUID(), 'value', sealed);
    const { entry, lease } = (await lookUp()) ?? {};
    expect([entry, rejected]).toEqual([undefined, ['entry']]);
    lease?.fill({ value: 'answer', bytes: 10, ageMs: 0 }, 60_000);
    await found();
  });

  it('is no broadcast: it is dropped, counted, and the next broadcast arrives', async () => {
    const { state, rejected } = await open();
    const { state: other } = await open();
    followEntry(state, 'one');
    const received: object[] = [];
    state.live?.onMessage((_account, message) => received.push(message));
    const arrives = (n: number) =>
      eventually(() => {
        other.live?.broadcast('one', { n });
        expect(received).toContainEqual({ n });
      });
    await arrives(1);
    const { tag, seal } = createEncryption('one');
    const channel = `luaauth:{${tag}}:live`;
    for (const text of ['{', 'null', '[]', '{"from":"another"}', '{"from":"another","message":null}'])
      await fixture.redis.bytes(
        'PUBLISH',
        channel,
        Buffer.concat([Buffer.from(`${channel} `), seal(text, channel)]),
      );
    await arrives(2);
    expect(rejected).toEqual(Array(5).fill('live'));
  });

  it('is no gateway of this version: it is counted', async () => {
    const { rejected } = await open();
    expect(rejected).toEqual([]);
    await fixture.redis.command('HSET', 'luaauth:{gateways}:instances', 'stranger', 'well, in other words');
    await open();
    await eventually(() => expect(rejected).toContain('instance'));
  });
});
