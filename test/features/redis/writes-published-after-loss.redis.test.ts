import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import type { State } from '../../../src/state/port.ts';
import { PATIENT_MS } from '../../support/gateways/several-gateways.ts';
import { startProxy } from '../../support/network/proxy.ts';
import { describeWithRedis, useRedis } from '../../support/redis/redis.ts';
import { eventually } from '../../support/vitest/waiting.ts';

/** More than are remembered one by one. */
const MANY = 4_100;
const MANY_ACCOUNTS = 1_050;

describeWithRedis('the writes of a process that has lost Redis', { timeout: 240_000 }, () => {
  const redis = useRedis();
  let proxy: Awaited<ReturnType<typeof startProxy>>;
  let apart: State;
  let other: State;

  beforeEach(async () => {
    proxy = await startProxy(redis.server.url);
    apart = await open(proxy.url);
    other = await open(redis.server.url);
    // An account that was only read is forgotten after 10 s.
    for (const account of ['account', 'another']) await write(account, 'written before', 'done', other);
  });
  afterEach(async () => {
    for (const state of [apart, other]) await state.close?.();
    await proxy.close();
  });

  /** A busy machine takes long to publish thousands of writes. */
  const open = (url: string) =>
    openStateInRedis({ url, rate: 50, longestTtlMs: 1_000, commandTimeoutMs: PATIENT_MS });
  const isLost = () => (apart.coordination?.partition ?? 0) > 0;
  const read = async (account: string, resource: string) => {
    const { number, isInDoubt } = await other.generations.snapshot(account).read(resource);
    return { number, isInDoubt };
  };
  const write = async (
    account: string,
    resource: string,
    outcome: 'done' | 'unknown' = 'done',
    state = apart,
  ) => {
    const begun = await state.generations.snapshot(account).write([resource], 1_000);
    await begun.end(outcome, 600_000);
  };
  async function lose(): Promise<void> {
    proxy.sever();
    await write('account', 'first');
    await eventually(() => expect(isLost()).toBe(true));
  }
  async function find(): Promise<void> {
    proxy.mend();
    // Thousands of writes are published before, one after the other.
    while (isLost()) await delay(25);
  }

  it('are published one by one while they are few', async () => {
    const [before, untouched] = [await read('account', 'a'), await read('account', 'b')];
    await lose();
    await write('account', 'a', 'unknown');
    await find();
    expect(await read('account', 'a')).toMatchObject({ isInDoubt: true });
    expect((await read('account', 'a')).number).not.toBe(before.number);
    expect(await read('account', 'b')).toEqual(untouched);
  });

  it('count for all of their account when they are many', async () => {
    const before = await read('account', 'never written');
    const elsewhere = await read('another', 'never written');
    await lose();
    await write('account', 'a', 'unknown');
    for (let count = 0; count < MANY; count += 1) await write('account', `r${count}`);
    await find();
    const after = await read('account', 'never written');
    expect([after.number === before.number, after.isInDoubt]).toEqual([false, true]);
    expect(await read('another', 'never written')).toEqual(elsewhere);
    expect((await read('account', `r${MANY - 1}`)).number).not.toBe(after.number);
  });

  it('count for everything when they are of many accounts', async () => {
    const before = await read('another', 'never written');
    await lose();
    for (let count = 0; count < MANY_ACCOUNTS; count += 1) await write(`account ${count}`, 'a');
    for (let count = 0; count < MANY; count += 1) await write('account', `r${count}`);
    await find();
    const after = await read('another', 'never written');
    expect(after.number).not.toBe(before.number);
  });

  it('show at itself as well, however shortly before the return of Redis they have ended', async () => {
    const { number: neverWritten } = await read('account', 'never written');
    await lose();
    proxy.mend();
    for (let count = 0; isLost(); count += 1) {
      await write('account', `r${count}`);
      await delay(1);
      const { number } = await apart.generations.snapshot('account').read(`r${count}`);
      expect(number).not.toBe(neverWritten);
    }
  });

  it('are noted in bounded memory, and none that is forgotten makes an older read good again', async () => {
    await lose();
    const snapshot = apart.generations.snapshot('account');
    await write('account', 'a', 'unknown');
    const numbers = new Set([(await snapshot.read('a')).number]);
    for (let count = 0; count < 110_000; count += 1) {
      await write('account', `r${count}`);
      if (count > 100_000 && count % 4_000 === 0) numbers.add((await snapshot.read('a')).number);
    }
    expect(numbers.size).toBe(3);
    expect((await snapshot.read('a')).isInDoubt).toBe(true);
  });
});
