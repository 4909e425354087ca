import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { loadClient } from '../../../src/features/redis/driver.ts';
import { openStateInRedis } from '../../../src/features/redis/open.ts';
import { getScript } from '../../../src/luaauth/scripts.ts';
import type { MaybePromise } from '../../../src/state/maybe-promise.ts';
import type { Permit } from '../../../src/state/port.ts';
import { RateLimited } from '../../../src/transport/errors.ts';
import { SimulatedApi } from '../../simulation/api.ts';
import { DriftingClock, processClock, processRandom } from '../../simulation/clocks.ts';
import { SimulatedGateway } from '../../simulation/gateway.ts';
import { Kernel, Owner } from '../../simulation/kernel.ts';
import { createLink, type Link } from '../../simulation/network.ts';
import { Store } from '../../simulation/store.ts';
import { Visitors } from '../../simulation/visitors.ts';
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
      cut: (ms: number) => cut(kernel, link, ms),
      openQuota: () => state.quotas.open('account', undefined, RATE, () => undefined),
      read: (account: string) => settle(state.generations.snapshot(account).read('script')),
      write: (account: string) => settle(state.generations.snapshot(account).wrote(['script'])),
    };
  };
  return { kernel, store, pass, settle, open };
}

function cut(kernel: Kernel, { there, back }: Link, ms: number): void {
  for (const way of [there, back]) Object.assign(way, { cutFrom: kernel.now, cutUntil: kernel.now + ms });
}

it('permits that return while Redis is lost are given back, even if no call follows', async () => {
  const { store, pass, settle, open } = await createProcesses();
  const { isLost, cut, openQuota } = await open('one');
  const quota = openQuota();
  await pass(2_000);
  const permit = (await settle(quota.take(1, false))) as Permit;
  permit.sent();
  cut(500);
  permit.answered();
  await pass(400);
  expect(isLost()).toBe(true);
  await pass(3_600);
  expect([isLost(), quota.isIdle()]).toEqual([false, true]);
  const left = store.model.keys
    .filter((key) => key.endsWith(':quota'))
    .flatMap((key) => store.model.zall(key));
  expect(left).toEqual([]);
});

it.each([0, 50, 100, 150, 200])(
  'a process that ends %i ms after it has started leaves its slot at once',
  async (ms) => {
    const { kernel, pass, settle, open } = await createProcesses();
    const { state, link } = await open('first', { instances: 1 });
    for (const way of [link.there, link.back]) way.latencyMs = 60;
    await pass(ms);
    const endsAt = kernel.now;
    await settle(state.close?.());
    await open('next', { instances: 1 });
    expect(kernel.now - endsAt).toBeLessThan(500);
  },
);

it('a process that stood still and ends leaves the slot of its successor alone', async () => {
  const { kernel, open } = await createProcesses();
  const stalled = await open('stalled', { instances: 1 });
  stalled.owner.pausedUntil = kernel.now + 8_000;
  let closed: Promise<void> | undefined;
  kernel.after(8_000, () => (closed = stalled.state.close?.()), stalled.owner);
  await open('successor', { instances: 1 });
  expect(closed).toBeUndefined();
  await expect(open('third', { instances: 1 })).rejects.toThrow('All 1 slots are taken');
  await closed;
});

it('a process that waits until it uses Redis again keeps its slot', async () => {
  const { pass, open } = await createProcesses();
  const waiting = await open('waiting', { instances: 1 });
  // After each loss it waits twice as long.
  for (let losses = 0; losses < 4; losses += 1) {
    while (waiting.isLost()) await pass(100);
    waiting.cut(500);
    await pass(1_000);
  }
  expect(waiting.isLost()).toBe(true);
  await expect(open('next', { instances: 1 })).rejects.toThrow('All 1 slots are taken');
});

it('a process whose connection ends just before it uses Redis again is back later', async () => {
  const lose = async () => {
    const processes = await createProcesses();
    const lost = await processes.open('lost');
    lost.cut(500);
    await processes.pass(1_000);
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
    expect([beforeMs, lost.isLost(), (await lost.read('account')).isAlone]).toEqual([beforeMs, false, false]);
  }
});

it('a process whose slot another process has lets calls wait until it has a place, and drops idle accounts', async () => {
  const { kernel, store, pass, settle } = await createProcesses();
  const ignore = () => undefined;
  const visitors = new Visitors(kernel);
  const shared = { kernel, store, seed: 'replaced', rate: 10, instances: 1, drift: 0 };
  const api = new SimulatedApi({
    ...shared,
    visitors,
    onSending: ignore,
    onArrival: ignore,
    onWrite: ignore,
  });
  const [replaced, successor] = ['replaced', 'successor'].map((name, index) => {
    const links = { toStore: createLink(1, 0, 0), toApi: createLink(10, 0, 0) };
    return new SimulatedGateway({ ...shared, ...links, api, name, startsAt: 1_000 * index });
  }) as [SimulatedGateway, SimulatedGateway];
  const read = () => settle(getScript(replaced.open('key', 'caller'), { script_id: 'script' }));
  await pass(1_500);
  cut(kernel, replaced.toStore, 6_000);
  await pass(18_500);
  expect(successor.isRunning).toBe(true);
  await expect(read()).rejects.toThrow(RateLimited);
  const quota = replaced.state?.quotas.open('account', undefined, RATE, ignore);
  expect([await quota?.take(1, false), quota?.isIdle()]).toEqual([expect.any(Number), true]);
  void successor.stop(LONG_MS);
  await pass(20_000);
  expect(await read()).toMatchObject({ id: 'script' });
});

it('after writes of more than 1,000 accounts without Redis, no process uses what it read before', async () => {
  const { pass, open } = await createProcesses();
  const [writer, reader] = [await open('writer'), await open('reader')];
  await pass(2_000);
  const before = await reader.read('account 0');
  writer.cut(5_000);
  await pass(1_000);
  expect(writer.isLost()).toBe(true);
  for (let index = 0; index <= 1_000; index += 1) expect(await writer.write(`account ${index}`)).toBe(false);
  expect((await reader.read('account 0')).number).toBe(before.number);
  await pass(20_000);
  expect(writer.isLost()).toBe(false);
  expect((await reader.read('account 0')).number).not.toBe(before.number);
});
