import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { MaybePromise } from '../../../src/base/maybe-promise.ts';
import { loadClient } from '../../../src/features/redis/driver.ts';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import type { Permit } from '../../../src/state/port.ts';
import { DriftingClock, processClock, processRandom } from '../../simulation/clocks.ts';
import { Kernel, Owner } from '../../simulation/kernel.ts';
import { createLink, cutLink } from '../../simulation/network.ts';
import { Store } from '../../simulation/store.ts';
import { createSeeded } from '../../support/random/seeded.ts';

const RATE = 50;
const LONG_MS = 60_000;

/** Processes that share a Redis of the simulation. */
async function createProcesses() {
  // An import takes real time.
  await loadClient();
  const kernel = new Kernel();
  const store = new Store(kernel, 'processes', 0, undefined);
  const pass = (ms: number) => kernel.run(kernel.now + ms);
  /** Lets time pass until an answer is there. */
  const settle = async <T>(answer: MaybePromise<T>): Promise<T> => {
    const promise = Promise.resolve(answer);
    let isSettled = false;
    const over = () => {
      isSettled = true;
    };
    promise.then(over, over);
    // Time passes only in events, which a promise may begin later in this turn.
    await setImmediate();
    await kernel.run(kernel.now + LONG_MS, () => isSettled);
    return promise;
  };
  const open = async (name: string, { instances }: { readonly instances?: number } = {}) => {
    const owner = new Owner(name);
    const link = createLink(1, 0, 0);
    const clock = processClock(kernel, owner, new DriftingClock(kernel, 0, 0), createSeeded('timers', name));
    const surroundings = {
      clock,
      random: processRandom(name),
      createClient: store.clientOf(owner, link),
    };
    let isLost = false;
    const options = {
      url: 'redis://store',
      longestTtlMs: 10_000,
      instances,
      onChange(reason: Error | undefined) {
        isLost = reason !== undefined;
      },
    };
    const state = await settle(openStateInRedis(options, surroundings));
    return {
      state,
      owner,
      link,
      isLost: () => isLost,
      /** Cuts the network to Redis for so long. */
      cut: (ms: number) => cutLink(kernel, link, 0.5, ms),
      openQuota: () => state.quotas.open('account', undefined, RATE, () => undefined),
      read: (account: string) => settle(state.generations.snapshot(account).read('script')),
      write: (account: string) => settle(state.generations.snapshot(account).wrote(['script'])),
    };
  };
  return { kernel, store, pass, settle, open };
}

it('permits that return while Redis is lost are given back, even if no call follows', async () => {
  const { store, pass, settle, open } = await createProcesses();
  const { isLost, cut, openQuota } = await open('one');
  const quota = openQuota();
  await pass(2_500);
  const permit = (await settle(quota.take(false))) as Permit;
  permit.sent();
  cut(1_000);
  permit.answered();
  await pass(700);
  expect(isLost()).toBe(true);
  await pass(3_600);
  expect([isLost(), quota.isIdle()]).toEqual([false, true]);
  const left = store.model.keys
    .filter((key) => key.endsWith(':quota'))
    .flatMap((key) => store.model.zall(key));
  expect(left).toEqual([]);
});

it('a process whose connection ends just before it uses Redis again is back later', async () => {
  const lose = async () => {
    const processes = await createProcesses();
    const lost = await processes.open('lost');
    lost.cut(500);
    await lost.read('account');
    await processes.pass(500);
    expect(lost.isLost()).toBe(true);
    return { ...processes, lost };
  };
  const first = await lose();
  while (first.lost.isLost()) await first.pass(1);
  for (const beforeMs of [5, 10, 15, 20]) {
    const { kernel, store, pass, lost } = await lose();
    await pass(first.kernel.now - beforeMs - kernel.now);
    store.restart(0, store.model.snapshot());
    await pass(30_000);
    expect([beforeMs, lost.isLost(), (await lost.read('account')).isLost]).toEqual([beforeMs, false, false]);
  }
});

it('after writes of more than 1,000 accounts without Redis, no process uses what it read before', async () => {
  const { pass, open } = await createProcesses();
  const [writer, reader] = [await open('writer'), await open('reader')];
  await pass(2_000);
  const before = await reader.read('account 0');
  writer.cut(5_000);
  await writer.read('account 0');
  expect(writer.isLost()).toBe(true);
  for (let index = 0; index <= 1_000; index += 1) expect(await writer.write(`account ${index}`)).toBe(false);
  expect((await reader.read('account 0')).number).toBe(before.number);
  await pass(20_000);
  expect(writer.isLost()).toBe(false);
  expect((await reader.read('account 0')).number).not.toBe(before.number);
});
