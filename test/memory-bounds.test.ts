import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, vi } from 'vitest';
import type { Call, Send } from '../src/transport/call.ts';
import { createChanges } from '../src/transport/changes.ts';
import { createCopies } from '../src/transport/copies.ts';
import { createPace } from '../src/transport/pace.ts';
import { createTally } from '../src/transport/tally.ts';

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
    origin: { id: 0, key: account, account, tally: createTally() },
    params: { script_id: id },
    payload: undefined,
    path,
    body: undefined,
    resource: `GET ${path}`,
    touches: kind === 'read' ? [] : [`GET ${path}`],
    deadline: Number.MAX_SAFE_INTEGER,
    timeoutMs: 10_000,
    signal: undefined,
    interpret: () => id,
    renewal: undefined,
    isProbe: false,
    onServed: undefined,
    onTurn: undefined,
    course: undefined,
  };
}

const answerAtOnce: Send = async (call) => ({
  value: call.interpret({ status: 200, headers: {}, text: '' }, call),
  bytes: 300,
  sentAt: 0,
});

it('copies of a million reads take bounded memory, and the latest ones are kept', () => {
  const before = heapInMegabytes();
  const copies = createCopies();
  const nameOf = (index: number) => `account 0 GET /scripts/script-number-${index}`;
  for (let index = 0; index < MILLION; index += 1) {
    copies.set(nameOf(index), { value: { id: `${index}` }, bytes: 300, sentAt: 0 }, 60_000);
  }
  expect(heapInMegabytes() - before).toBeLessThan(100);
  expect(copies.get(nameOf(MILLION - 1))?.value).toEqual({ id: `${MILLION - 1}` });
  expect(copies.get(nameOf(MILLION - 50_001))).toBeUndefined();
});

it('copies of large answers are bounded by their size', () => {
  const copies = createCopies();
  const nameOf = (index: number) => `account 0 GET /scripts/large-${index}`;
  const count = 200;
  for (let index = 0; index < count; index += 1) {
    copies.set(nameOf(index), { value: index, bytes: MEGABYTE, sentAt: 0 }, 60_000);
  }
  const kept = Array.from({ length: count }, (_one, index) => copies.get(nameOf(index))).filter(Boolean);
  expect(kept.length).toBeGreaterThan(5);
  expect(kept.length * MEGABYTE).toBeLessThanOrEqual(64 * MEGABYTE);
});

it('a million writes take bounded memory, and none that is forgotten makes an older read good again', async () => {
  const before = heapInMegabytes();
  const changes = createChanges(createTicks());
  const write = changes.step(answerAtOnce);
  for (let index = 0; index < MILLION; index += 1) await write(callOf('write', `written-${index}`));
  expect(heapInMegabytes() - before).toBeLessThan(100);
  expect(changes.lastChange(`GET /scripts/written-${MILLION - 1}`)).toBe(MILLION);
  // Its own number is forgotten: any later one will do, but none from before the write.
  for (const index of [0, 1, 500_000]) {
    expect(changes.lastChange(`GET /scripts/written-${index}`)).toBeGreaterThanOrEqual(index + 1);
  }
});

it('a million keys, each for one call, take bounded memory', async () => {
  const before = heapInMegabytes();
  const clock = createTicks();
  const send = createPace({ rate: 50, clock }).step(answerAtOnce);
  for (let index = 0; index < MILLION; index += 1) {
    clock.ms += 1;
    await send(callOf('read', 'a', `key-${index}`));
  }
  expect(heapInMegabytes() - before).toBeLessThan(100);
});
