import { expect, it, vi } from 'vitest';
import type { Clock } from '../../src/base/clock.ts';
import { endOfTurn } from '../../src/base/clock.ts';
import { openStateInRedis } from '../../src/features/redis/open.ts';
import type { Access } from '../../src/luaauth/api.ts';
import { getScript, removeScript } from '../../src/luaauth/scripts.ts';
import { createCacheEntries } from '../../src/state/cache-entries.ts';
import { createStateInMemory } from '../../src/state/memory.ts';
import type { Generation } from '../../src/state/port.ts';
import type { Call } from '../../src/transport/call.ts';
import { Unavailable } from '../../src/transport/errors.ts';
import { createKnownAccounts } from '../../src/transport/known-accounts.ts';
import { createScheduler, type Scheduler } from '../../src/transport/scheduler/scheduler.ts';
import { Turn } from '../../src/transport/scheduler/turn.ts';
import type { Send } from '../../src/transport/step.ts';
import { CircuitBreaker } from '../../src/transport/steps/circuit-breaker.ts';
import { invalidation } from '../../src/transport/steps/invalidation.ts';
import { Usage } from '../../src/transport/usage.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { collectGarbage } from '../support/processes/live-memory.ts';

vi.setConfig({ testTimeout: 180_000 });

const MEGABYTE = 1024 * 1024;
/** The bytes of a key and its slot in a table, with nothing else. */
const SMALLEST_ENTRY_BYTES = 32;

function heapInMegabytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / MEGABYTE;
}

/**
 * Memory is bounded where doing a thing twice as often takes no more of it: far less than the smallest entry for each time.
 * The first round is larger than all that is ever kept.
 */
async function expectBounded(times: number, mostMegabytes: number, act: (index: number) => unknown) {
  const before = heapInMegabytes();
  for (let index = 0; index < times; index += 1) await act(index);
  const once = heapInMegabytes();
  for (let index = times; index < 2 * times; index += 1) await act(index);
  expect(once - before).toBeLessThan(mostMegabytes);
  expect(heapInMegabytes() - once).toBeLessThan((times * SMALLEST_ENTRY_BYTES) / MEGABYTE);
}

/** A clock without timers that a loop moves on. */
function createTicks() {
  const clock = { ms: 0, now: () => clock.ms, after: () => () => undefined };
  return clock;
}

/** The call that an endpoint makes. */
function callOf(
  kind: 'read' | 'write',
  id: string,
  account = 'account',
  clock: Clock = createTicks(),
): Call<unknown> {
  const calls: Call<unknown>[] = [];
  const access: Access = {
    ask(call) {
      calls.push(call);
      return new Promise(() => undefined);
    },
    clock,
    origin: { key: account, account, caller: '' },
    usage: new Usage(),
    signal: undefined,
    timeouts: { read: 10_000, write: 10_000 },
    deadline: Number.MAX_SAFE_INTEGER,
  };
  if (kind === 'read') void getScript(access, { script_id: id });
  else void removeScript(access, { script_id: id });
  return calls[0] as Call<unknown>;
}

const answerAtOnce: Send = async (call, usage) => {
  usage.sent(call);
  return { value: undefined as never, bytes: 300, sentAt: 0, source: 'call', ageMs: 0 };
};

it('copies of any number of reads take bounded memory, and the latest ones are kept', async () => {
  const copies = createCacheEntries(createTicks().now);
  const nameOf = (index: number) => `account 0 GET /scripts/script-number-${index}`;
  const times = 75_000;
  await expectBounded(times, 100, (index) =>
    copies.set(nameOf(index), { generation: 0, value: { id: `${index}` }, bytes: 300, ageMs: 0 }, 60_000),
  );
  const all = 2 * times;
  expect(copies.get(nameOf(all - 1))?.value).toEqual({ id: `${all - 1}` });
  expect(copies.get(nameOf(all - 50_001))).toBeUndefined();
});

it('copies of large answers are bounded by their size', () => {
  const copies = createCacheEntries(createTicks().now);
  const nameOf = (index: number) => `account 0 GET /scripts/large-${index}`;
  const count = 200;
  for (let index = 0; index < count; index += 1) {
    copies.set(nameOf(index), { generation: 0, value: index, bytes: MEGABYTE, ageMs: 0 }, 60_000);
  }
  const kept = Array.from({ length: count }, (_one, index) => copies.get(nameOf(index))).filter(Boolean);
  expect(kept.length).toBeGreaterThan(5);
  expect(kept.length * MEGABYTE).toBeLessThanOrEqual(64 * MEGABYTE);
});

it('any number of writes takes bounded memory, and none that is forgotten makes an older read good again', async () => {
  const { generations } = createStateInMemory(createTicks());
  const write = invalidation(generations, createTicks())(answerAtOnce);
  const { read } = generations.snapshot('account');
  const lastChange = (id: string) =>
    Math.max(
      ...callOf('read', id).resources.map((resource) => Number((read(resource) as Generation).number)),
    );
  const times = 120_000;
  await expectBounded(times, 100, (index) => write(callOf('write', `written-${index}`), new Usage()));
  expect(lastChange(`written-${2 * times - 1}`)).toBe(2 * times);
  // Its own number is forgotten: any later one will do, but none from before the write.
  for (const index of [0, 1, times]) {
    expect(lastChange(`written-${index}`)).toBeGreaterThanOrEqual(index + 1);
  }
});

/** The turn of a call that has to be there at once. */
function turnAtOnce(scheduler: Scheduler, call: Call<unknown>): Turn {
  const turn = scheduler.turn(call);
  if (turn instanceof Turn) return turn;
  return expect.unreachable('The call waits.');
}

it('any number of keys, each for one call, takes bounded memory', async () => {
  const clock = createTicks();
  const { quotas } = createStateInMemory(clock);
  const known = createKnownAccounts();
  const scheduler = createScheduler({ connections: 8, rate: 50, totalRate: 0, clock, quotas, known });
  await expectBounded(50_000, 100, (index) => {
    clock.ms += 2;
    // The deadline of a call is a time of the same clock. With an overdue one it would not start.
    const call = callOf('read', 'a', `key-${index}`, clock);
    const turn = turnAtOnce(scheduler, call);
    turn.sent();
    turn.end(undefined);
  });
});

it('any number of keys, each for one call, takes bounded memory while Redis is lost', async () => {
  const clock = createManualClock();
  const createClient = () => Promise.reject(new Error('there is no Redis'));
  const options = { url: 'redis://none', longestTtlMs: 1_000, instances: 1 };
  let isOpen = false;
  const opening = openStateInRedis(options, { clock, createClient }).finally(() => {
    isOpen = true;
  });
  while (!isOpen) await clock.advance(100);
  const { quotas } = await opening;
  await clock.advance(5_000);
  const known = createKnownAccounts();
  const scheduler = createScheduler({ connections: 8, rate: 50, totalRate: 0, clock, quotas, known });
  await expectBounded(50_000, 100, async (index) => {
    if (index % 10 === 0) await clock.advance(20);
    const call = callOf('read', 'a', `key-${index}`, clock);
    const turn = turnAtOnce(scheduler, call);
    turn.sent();
    turn.answered();
    turn.end(undefined);
  });
});

it('any number of operations, of which some always wait for a connection, takes bounded memory', async () => {
  const clock = createTicks();
  const { quotas } = createStateInMemory(clock);
  const known = createKnownAccounts();
  const scheduler = createScheduler({ connections: 2, rate: 0, totalRate: 0, clock, quotas, known });
  const underWay: Turn[] = [];
  const sent: number[] = [];
  const begin = async (index: number) => {
    clock.ms += 1;
    // An operation of its own: of one account, and one caller.
    const call = callOf('read', `${index}`, 'account', clock);
    underWay.push(await scheduler.turn({ ...call, origin: { ...call.origin } }));
    sent.push(index);
  };
  for (const index of [-3, -2, -1]) void begin(index);
  await endOfTurn(clock);
  /** Always one is under way, the oldest, and the others wait. */
  const otherwise: number[] = [];
  await expectBounded(30_000, 30, async (index) => {
    void begin(index);
    underWay.shift()?.end(undefined);
    await endOfTurn(clock);
    if (underWay.length !== 1 || sent.splice(0).at(-1) !== index - 2) otherwise.push(index);
  });
  expect(otherwise).toEqual([]);
});

it('any number of keys, of each of which a call fails, takes bounded memory', async () => {
  const clock = createTicks();
  const { step } = new CircuitBreaker({ clock, today: clock.now, rejectQueued() {} });
  const send = step((call) => Promise.reject(new Unavailable(call, 'unknown')));
  await expectBounded(25_000, 30, (index) => {
    clock.ms += 2;
    return send(callOf('read', 'a', `key-${index}`), new Usage()).catch(() => undefined);
  });
});

it('an open circuit is kept while 10,000 other keys call', async () => {
  const clock = createTicks();
  const breaker = new CircuitBreaker({ clock, today: clock.now, rejectQueued() {} });
  const { step } = breaker;
  const status = (account: string) => breaker.status(account);
  const send = (key: string, failure?: Error) =>
    step(() => (failure ? Promise.reject(failure) : new Promise(() => {})))(
      callOf('read', 'a', key),
      new Usage(),
    );
  const call = callOf('read', 'a', 'failing');
  for (let failures = 0; failures < 5; failures += 1)
    await send('failing', new Unavailable(call, 'unknown')).catch(() => undefined);
  const before = status('failing');
  expect(before.upstream).toBe('UNAVAILABLE');
  for (let index = 0; index <= 10_000; index += 1) void send(`key-${index}`);
  expect(status('failing')).toEqual(before);
  await expect(send('failing')).rejects.toThrow(Unavailable);
});

it('of 10,001 accepted keys, the keys in use are remembered', () => {
  const known = createKnownAccounts();
  for (let index = 0; index <= 10_000; index += 1) {
    known.add(`account ${index}`);
    expect(known.has('account 0')).toBe(true);
  }
  expect(known.has('account 1')).toBe(false);
});
