import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, vi } from 'vitest';
import { createStateInMemory } from '../src/state/memory.ts';
import type { CacheEntry, Generation } from '../src/state/port.ts';
import type { Call, Send } from '../src/transport/call.ts';
import { Unavailable } from '../src/transport/errors.ts';
import { createCircuitBreaker } from '../src/transport/interceptors/circuit-breaker.ts';
import { invalidation } from '../src/transport/interceptors/invalidation.ts';
import { NO_PROGRESS } from '../src/transport/progress.ts';
import { createRateLimiter, limitRate } from '../src/transport/rate-limit/rate-limiter.ts';

vi.setConfig({ testTimeout: 180_000 });

const MILLION = 1_000_000;
const MEGABYTE = 1024 * 1024;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapInMegabytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / MEGABYTE;
}

/** A clock without timers that a loop moves on. */
function createTicks() {
  const clock = { ms: 0, now: () => clock.ms, after: () => () => undefined };
  return clock;
}

function callOf(kind: 'read' | 'write', id: string, account = 'account'): Call<string> {
  const path = `/scripts/${id}`;
  return {
    endpoint: kind === 'read' ? 'GET /scripts/:script_id' : 'POST /scripts/:script_id/edit',
    kind,
    method: kind === 'read' ? 'GET' : 'POST',
    origin: { key: account, account, caller: '' },
    params: { script_id: id },
    payload: undefined,
    path,
    body: undefined,
    resource: `GET ${path}`,
    widerResource: undefined,
    waitsForOthers: false,
    invalidates: kind === 'read' ? [] : [`GET ${path}`],
    deadline: Number.MAX_SAFE_INTEGER,
    timeoutMs: 10_000,
    signal: undefined,
    decode: () => id,
    key: '',
    isInDoubt: false,
    loss: 0,
    revalidation: undefined,
  };
}

const answerAtOnce: Send = async (call, progress) => {
  progress.sent();
  progress.ended(undefined);
  const value = call.decode({ status: 200, headers: {}, text: '' }, call);
  return { value, bytes: 300, sentAt: 0, source: 'call', ageMs: 0 };
};

it('copies of a million reads take bounded memory, and the latest ones are kept', () => {
  const before = heapInMegabytes();
  const { cache: copies } = createStateInMemory(createTicks());
  const get = (key: string) => copies.get(key) as CacheEntry | undefined;
  const nameOf = (index: number) => `account 0 GET /scripts/script-number-${index}`;
  for (let index = 0; index < MILLION; index += 1) {
    void copies.set(nameOf(index), { value: { id: `${index}` }, bytes: 300, ageMs: 0 }, 60_000);
  }
  expect(heapInMegabytes() - before).toBeLessThan(100);
  expect(get(nameOf(MILLION - 1))?.value).toEqual({ id: `${MILLION - 1}` });
  expect(get(nameOf(MILLION - 50_001))).toBeUndefined();
});

it('copies of large answers are bounded by their size', () => {
  const { cache: copies } = createStateInMemory(createTicks());
  const nameOf = (index: number) => `account 0 GET /scripts/large-${index}`;
  const count = 200;
  for (let index = 0; index < count; index += 1) {
    void copies.set(nameOf(index), { value: index, bytes: MEGABYTE, ageMs: 0 }, 60_000);
  }
  const kept = Array.from({ length: count }, (_one, index) => copies.get(nameOf(index))).filter(Boolean);
  expect(kept.length).toBeGreaterThan(5);
  expect(kept.length * MEGABYTE).toBeLessThanOrEqual(64 * MEGABYTE);
});

it('a million writes take bounded memory, and none that is forgotten makes an older read good again', async () => {
  const before = heapInMegabytes();
  const { generations } = createStateInMemory(createTicks());
  const write = invalidation(generations, createTicks())(answerAtOnce);
  const { read } = generations.fence('account');
  const lastChange = (resource: string) => (read(resource) as Generation).number;
  for (let index = 0; index < MILLION; index += 1) {
    await write(callOf('write', `written-${index}`), NO_PROGRESS);
  }
  expect(heapInMegabytes() - before).toBeLessThan(100);
  expect(lastChange(`GET /scripts/written-${MILLION - 1}`)).toBe(MILLION);
  // Its own number is forgotten: any later one will do, but none from before the write.
  for (const index of [0, 1, 500_000]) {
    expect(lastChange(`GET /scripts/written-${index}`)).toBeGreaterThanOrEqual(index + 1);
  }
});

it('a million keys, each for one call, take bounded memory', async () => {
  const before = heapInMegabytes();
  const clock = createTicks();
  const { quotas } = createStateInMemory(clock);
  const send = limitRate(createRateLimiter({ rate: 50, clock, today: () => 0, quotas }))(answerAtOnce);
  for (let index = 0; index < MILLION; index += 1) {
    clock.ms += 1;
    await send(callOf('read', 'a', `key-${index}`), NO_PROGRESS);
  }
  expect(heapInMegabytes() - before).toBeLessThan(100);
});

it('100,000 keys, of each of which a call fails, take bounded memory', async () => {
  const before = heapInMegabytes();
  const clock = createTicks();
  const { step } = createCircuitBreaker({ clock, rejectQueued() {} });
  const send = step((call) => Promise.reject(new Unavailable(call, 'unknown')));
  for (let index = 0; index < MILLION / 10; index += 1) {
    clock.ms += 1;
    await send(callOf('read', 'a', `key-${index}`), NO_PROGRESS).catch(() => undefined);
  }
  expect(heapInMegabytes() - before).toBeLessThan(30);
});
