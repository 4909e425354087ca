import { setImmediate as nextTick } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { Turns } from '../../src/gate/turns.ts';
import { requestFrom } from '../support/clients/client-request.ts';

const KB = 1024;

function spin(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

function openTurns(memoryBytes = 64 * 1024 * KB) {
  const turns = new Turns(({ address }) => address, memoryBytes);
  const log: string[] = [];
  const enter = (client: string, what = client, isEvent = false) =>
    turns
      .run(requestFrom(client), () => void log.push(what), isEvent)
      .catch(({ extensions }) => void log.push(`${what} ${extensions.code} ${extensions.outcome}`));
  return { turns, log, enter };
}

/** Turns whose slice is used up, so that all further work of this tick waits. */
function openBusyTurns() {
  const opened = openTurns();
  void opened.turns.run(requestFrom('busy'), () => spin(25));
  return opened;
}

/** Counts the ticks of the event loop. */
function countTicks() {
  const counter = { tick: 0, isOver: false };
  const count = () => {
    counter.tick += 1;
    if (!counter.isOver) setImmediate(count);
  };
  count();
  return counter;
}

it('begins work at once where no work waits', async () => {
  const { turns } = openTurns();
  let hasBegun = false;
  const result = turns.run(requestFrom('a'), async () => {
    hasBegun = true;
    return 'result';
  });
  expect(hasBegun).toBe(true);
  expect(await result).toBe('result');
});

it('lets clients take turns', async () => {
  const { log, enter } = openBusyTurns();
  const all = ['a', 'a', 'a', 'b', 'b', 'c'].map((client) => enter(client));
  expect(log).toEqual([]);
  await Promise.all(all);
  expect(log).toEqual(['a', 'b', 'c', 'a', 'b', 'a']);
});

it('takes the microtasks of work as a part of its slice, and leaves ticks to others after it', async () => {
  const { turns } = openBusyTurns();
  const counter = countTicks();
  const ticks: number[] = [];
  const all = Array.from({ length: 10 }, () =>
    turns.run(requestFrom('a'), async () => {
      await undefined;
      ticks.push(counter.tick);
      spin(25);
    }),
  );
  await Promise.all(all);
  counter.isOver = true;
  const between = ticks.slice(1).map((tick, index) => tick - (ticks[index] as number));
  expect(Math.min(...between)).toBeGreaterThanOrEqual(8);
});

it('gives no turn to work that waits for something else', async () => {
  const { turns, log, enter } = openBusyTurns();
  let answer = () => {};
  const waits = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const waiting = turns.run(requestFrom('a'), () => waits);
  await enter('a', 'next');
  expect(log).toEqual(['next']);
  answer();
  await waiting;
});

it('refuses further work of a client of which two thousand wait, and no event', async () => {
  const { log, enter } = openBusyTurns();
  const all = Array.from({ length: 2_000 }, (_one, index) => enter('many', `many ${index}`));
  all.push(enter('many', 'further'), enter('many', 'event', true), enter('one'));
  await all[2_000];
  expect(log).toEqual(['further OVERLOADED NOT_EXECUTED']);
  await Promise.all(all);
  expect(log.slice(1, 4)).toEqual(['many 0', 'one', 'many 1']);
  expect(log.at(-1)).toBe('event');
  expect(log).toHaveLength(2_003);
});

it('lets a client have half of the places, and an eighth if it had to wait', async () => {
  // No slice is ever used up, however slow the machine is.
  vi.spyOn(performance, 'now').mockReturnValue(1);
  onTestFinished(() => void vi.restoreAllMocks());
  // Sixteen places.
  const { turns } = openTurns(128 * KB);
  let underWay: string[] = [];
  const answers = new Map<string, () => void>();
  const begin = (what: string) =>
    turns.run(requestFrom(what.charAt(0)), () => {
      underWay.push(what);
      return new Promise<void>((resolve) => {
        answers.set(what, resolve);
      }).then(() => {
        underWay = underWay.filter((other) => other !== what);
      });
    });
  const settled = async () => {
    for (let ticks = 0; ticks < 10; ticks += 1) await nextTick();
  };
  const many = Array.from({ length: 12 }, (_one, index) => `a${index}`);
  const all = [...many, ...'bcdef'].map(begin);
  await settled();
  expect(underWay).toEqual([...many.slice(0, 8), 'a8', 'b', 'c', 'd', 'e', 'f', 'a9']);
  answers.get('a0')?.();
  answers.get('a8')?.();
  await settled();
  expect(underWay).toEqual([...many.slice(1, 8), 'b', 'c', 'd', 'e', 'f', 'a9', 'a10']);
  answers.get('a10')?.();
  await settled();
  expect(underWay.at(-1)).toBe('a11');
  for (const answer of answers.values()) answer();
  await Promise.all(all);
  // All places are free again.
  expect(Array.from({ length: 8 }, () => turns.begin()).every(Boolean)).toBe(true);
  expect(turns.begin()).toBeUndefined();
});
