import { expect, it } from 'vitest';
import { createEncryption } from '../../../src/features/redis/encryption.ts';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import type { TransportState, ValueFollower } from '../../../src/transport/shared-state.ts';
import { describeWithRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';
import { PATIENT_MS, useSeveralGateways } from './several-gateways.ts';

const RATE = 50;

describeWithRedis('what somebody else writes into Redis', () => {
  const fixture = useSeveralGateways();

  const open = async () => {
    const losses: unknown[] = [];
    const options = {
      url: fixture.redis.url,
      longestTtlMs: 1_000,
      onChange: (reason: Error | undefined) => losses.push(reason),
    };
    const state = await openStateInRedis(options, { commandTimeoutMs: PATIENT_MS });
    fixture.closing.push(async () => {
      await state.close?.();
      expect(losses).toEqual([]);
    });
    return state;
  };
  const keyOf = async (pattern: string) => {
    const [key = ''] = (await fixture.redis.command('KEYS', pattern)) as readonly string[];
    return key;
  };
  const follow = ({ values }: TransportState, follower: Partial<ValueFollower> = {}) =>
    values?.follow('one', 'value', { lead() {}, yield() {}, rejoin() {}, found: () => true, ...follower });

  it('starves no account by absurd permits or a store that cannot be read', async () => {
    const state = await open();
    const quota = state.quotas.open('one', undefined, RATE, () => undefined);
    const isGiven = () => eventually(async () => expect(await quota.take(false)).not.toBeTypeOf('number'));
    await isGiven();
    const key = await keyOf('*:quota');
    for (let n = 0; n < 60; n += 1) await fixture.redis.command('ZADD', key, '9e15', `absurd-${n}`);
    await isGiven();
    await fixture.redis.command('HSET', await keyOf('luaauth:store'), '2', 'well, in other words', 'at', 'x');
    await isGiven();
  });

  it('as a message only lets a process look, as the message of another process does', async () => {
    const [state, other] = [await open(), await open()];
    const told: string[] = [];
    for (const { values } of [state, other]) {
      follow({ ...state, values });
      values?.onMessage((account) => told.push(`${values === state.values ? 'one' : 'other'} ${account}`));
    }
    await eventually(() => {
      other.values?.broadcast('one');
      expect(told).toContain('one one');
    });
    expect(told).not.toContain('other one');
    const [channel = ''] = (await fixture.redis.command('PUBSUB', 'CHANNELS', '*:live')) as readonly string[];
    for (const message of ['', ' ', 'x', `${channel}`, `${channel} ${'x'.repeat(100_000)} y`])
      await fixture.redis.command('PUBLISH', channel, message);
    await eventually(() => expect(told.filter((line) => line === 'other one')).toHaveLength(2));
  });

  it('is no shared value: it is dropped, and the next value is found', async () => {
    const [state, other] = [await open(), await open()];
    let leads = false;
    const leading = follow(state, {
      lead() {
        leads = true;
      },
    });
    await eventually(() => expect(leads).toBe(true));
    await leading?.store({ n: 1 }, 0);
    const found: object[] = [];
    const following = follow(other, { found: (value) => found.push(value) > 0 });
    await eventually(() => expect(found).toEqual([{ n: 1 }]));
    const sealed = createEncryption('another').seal('{}', 'another place');
    await fixture.redis.bytes('HSET', await keyOf('*:live-*'), 'version', 'other', 'sealed', sealed);
    await following?.refresh();
    await leading?.store({ n: 2 }, 0);
    await eventually(() => expect(found).toEqual([{ n: 1 }, { n: 2 }]));
  });
});
