import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  emptyQuota,
  type Fact,
  isQuota,
  leaveTurns,
  pause,
  type QuotaRecord,
  quotaOfEpoch,
  settle,
  slowDown,
  statusAt,
  storedQuota,
  take,
} from '../../src/features/redis/quota-record.ts';
import { createSlidingWindows, WINDOW_MS } from '../../src/state/sliding-window-log.ts';
import { propertyRuns, propertySeed } from '../support/random/property-runs.ts';

const RULES = { rate: 10, reserved: 0, recoveryPerSecond: 0.02 };
const mayHold = () => true;
const WISH = {
  ...RULES,
  wanted: 1,
  name: 'new.',
  kept: 0,
  gainedMs: 0,
  callers: [['caller', 1]] as const,
  mayHold,
};
/** As many requests as the rate that arrived so many ms ago. */
const allArrived = (agoMs: number) =>
  Array.from({ length: RULES.rate }, (_one, at): Fact => [`${at}`, agoMs]);

/** Each step happens some ms after the step before, in one of three processes. */
const step = fc.record({
  afterMs: fc.nat({ max: 120 }),
  process: fc.nat({ max: 2 }),
  action: fc.oneof(
    fc.record({
      kind: fc.constant('take' as const),
      calls: fc.integer({ min: 1, max: 12 }),
      kept: fc.constantFrom(0, 0.2),
    }),
    fc.record({ kind: fc.constant('send' as const), wayMs: fc.nat({ max: 60 }) }),
    fc.record({ kind: fc.constant('release' as const) }),
    fc.record({ kind: fc.constant('settle' as const) }),
    fc.record({ kind: fc.constant('leave' as const) }),
  ),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Plays a history. Gives all arrivals, and the record and the time at its end with all permits settled. */
function play(steps: readonly Step[]) {
  let now = 1_000_000;
  let quota: QuotaRecord = emptyQuota('epoch');
  let names = 0;
  const arrivals: number[] = [];
  const processes = Array.from({ length: 3 }, (_one, index) => ({
    caller: `caller ${index}`,
    held: [] as string[],
    sent: [] as { id: string; arrivesAt: number }[],
  }));
  const store = (record: QuotaRecord) => {
    // A record goes through the store as text.
    quota = storedQuota(JSON.parse(JSON.stringify(record)) as QuotaRecord, now);
  };
  const factsOf = (sent: readonly { id: string; arrivesAt: number }[]): Fact[] =>
    sent.map(({ id, arrivesAt }) => [id, now - arrivesAt]);
  const settleArrived = (of: (typeof processes)[number]) => {
    const arrived = of.sent.filter(({ arrivesAt }) => arrivesAt <= now);
    of.sent = of.sent.filter(({ arrivesAt }) => arrivesAt > now);
    store(settle(quota, now, factsOf(arrived)));
  };

  for (const { afterMs, process, action } of steps) {
    now += afterMs;
    const of = processes[process] as (typeof processes)[number];
    if (action.kind === 'take') {
      names += 1;
      const callers = [[of.caller, action.calls]] as const;
      const name = `${process}.1.${names}.`;
      const wish = { ...RULES, ...action, wanted: action.calls, callers, name, gainedMs: 0, mayHold };
      const { record, result } = take(quota, now, wish);
      store(record);
      for (let index = 1; index <= result.taken; index += 1) of.held.push(`${name}${index}`);
      if (result.taken > 0) expect(result.used).toBeLessThanOrEqual(RULES.rate);
      else expect(result.askInMs).toBeGreaterThan(0);
      expect(result.askInMs).toBeLessThanOrEqual(2 * WINDOW_MS);
    } else if (action.kind === 'send') {
      const id = of.held.shift();
      if (id === undefined) continue;
      const arrivesAt = now + action.wayMs;
      arrivals.push(arrivesAt);
      of.sent.push({ id, arrivesAt });
    } else if (action.kind === 'release') {
      const id = of.held.shift();
      if (id !== undefined) store(settle(quota, now, [[id, 'not sent']]));
    } else if (action.kind === 'leave') store(leaveTurns(quota, now, [of.caller]));
    else settleArrived(of);
  }
  now += 60;
  for (const of of processes) {
    settleArrived(of);
    store(
      settle(
        quota,
        now,
        of.held.map((id): Fact => [id, 'not sent']),
      ),
    );
  }
  return { arrivals: arrivals.sort((one, other) => one - other), quota, now };
}

it('lets at most as many requests arrive in any second as the rate', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { arrivals } = play(steps);
      for (const [index, at] of arrivals.entries()) {
        const before = arrivals[index - RULES.rate];
        if (before !== undefined) expect(at - before).toBeGreaterThanOrEqual(1_000);
      }
    }),
    { numRuns: propertyRuns(300), seed: propertySeed(1) },
  );
});

it('gives all permits back once everything is settled and a window is over', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const { quota, now } = play(steps);
      expect(statusAt(quota, now + WINDOW_MS, RULES, mayHold)).toMatchObject({ limit: 10, used: 0 });
    }),
    { numRuns: propertyRuns(300), seed: propertySeed(1) },
  );
});

it('decides like the log in memory where one process takes permits and each request arrives at once', () => {
  const takeOrWait = fc.record({ afterMs: fc.nat({ max: 300 }), isBackground: fc.boolean() });
  fc.assert(
    fc.property(fc.array(takeOrWait, { maxLength: 80 }), (steps) => {
      let now = 1_000_000;
      let quota = emptyQuota('epoch');
      const limits = { rate: RULES.rate, backoff: 0.5, recoveryPerSecond: RULES.recoveryPerSecond };
      const log = createSlidingWindows(() => now).open('account', undefined, limits, () => undefined);
      const none = { size: 1, byCaller: () => [] };
      for (const { afterMs, isBackground } of steps) {
        now += afterMs;
        const kept = isBackground ? 0.2 : 0;
        const wish = {
          ...RULES,
          wanted: 1,
          name: `${now}.`,
          kept,
          gainedMs: 0,
          callers: [['caller', 1]] as const,
          mayHold,
        };
        const { record, result } = take(quota, now, wish);
        const permit = log.take(none, isBackground);
        expect(result.taken === 1).toBe(typeof permit !== 'number');
        const facts: Fact[] = result.taken === 1 ? [[`${now}.1`, 0]] : [];
        quota = storedQuota(settle(record, now, facts), now);
        if (permit instanceof Promise || typeof permit === 'number') continue;
        permit.sent();
        permit.answered();
        now += 1;
      }
    }),
    { numRuns: propertyRuns(300), seed: propertySeed(1) },
  );
});

it('says when a request stops counting whose arrival is told in the same change', () => {
  const quota = settle(emptyQuota('epoch'), 1_000_000, allArrived(400));
  expect(take(quota, 1_000_000, WISH).result).toMatchObject({ taken: 0, askInMs: WINDOW_MS - 400 });
});

it('keeps the turn of a caller whose process is some ms ahead with the time of the store', () => {
  const full = storedQuota(settle(emptyQuota('epoch'), 1_000_000, allArrived(0)), 1_000_000);
  const { record } = take(full, 1_000_000, { ...WISH, callers: [['ahead', 1]] });
  const later = take(record, 999_990, { ...WISH, callers: [['behind', 1]] });
  expect(Object.keys(later.record.callers)).toEqual(['ahead', 'behind']);
});

it('keeps what the API has asked for in a new epoch, and nothing else', () => {
  const slowed = slowDown(emptyQuota('before'), 1_000_000, { ...RULES, backoff: 0.5 });
  const full = pause(settle(slowed, 1_000_000, allArrived(0)), 1_000_000, 60_000);
  const quota = quotaOfEpoch('after', full);
  expect(statusAt(quota, 1_000_000, RULES, mayHold)).toMatchObject({ limit: 5, used: 0, pausedMs: 60_000 });
  expect(quotaOfEpoch('after', undefined)).toEqual(emptyQuota('after'));
});

it('takes each record that it makes for a quota, and no other value', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      expect(isQuota(play(steps).quota)).toBe(true);
    }),
    { numRuns: propertyRuns(100), seed: propertySeed(1) },
  );
  const slowed = slowDown(emptyQuota('epoch'), 1_000_000, { ...RULES, backoff: 0.5 });
  expect(isQuota(slowed)).toBe(true);
  const others = [
    { sent: [null] },
    { sent: [[1]] },
    { justSent: ['1'] },
    { held: [] },
    { held: { permit: null } },
    { callers: { caller: [1, 2] } },
    { slowed: null },
    { pausedUntil: '1' },
  ];
  for (const other of others) expect(isQuota({ ...slowed, ...other })).toBe(false);
});

it.each([
  [3, 100],
  [2, 100],
  [1, 300],
])('with a limit of %i, asks again when enough of three requests count no more', (rate, askInMs) => {
  const now = 1_000_000;
  const sent = [
    [now + 100, 2],
    [now + 300, 1],
  ] as const;
  const callers = [['caller', 1]] as const;
  const wish = { ...RULES, rate, wanted: 1, name: '0.1.1.', kept: 0, gainedMs: 0, callers, mayHold };
  expect(take({ ...emptyQuota('epoch'), sent }, now, wish).result).toMatchObject({ taken: 0, askInMs });
});

it('counts a permit for as long as its process may send the request, and for at least 5 s', () => {
  const at = 1_000_000;
  const { record } = take(emptyQuota('epoch'), at, WISH);
  const usedAfter = (ms: number, mayHold: () => boolean) => statusAt(record, at + ms, RULES, mayHold).used;
  expect([4_999, 60_000].map((ms) => usedAfter(ms, () => true))).toEqual([1, 1]);
  expect([4_999, 5_000].map((ms) => usedAfter(ms, () => false))).toEqual([1, 0]);
  const all = { ...WISH, wanted: 20, callers: [['caller', 20]] as const, name: 'later.' };
  expect(take(record, at + 60_000, all).result.taken).toBe(RULES.rate - 1);
});

it('counts a permit that was taken without the store and is still held', () => {
  const record = settle(emptyQuota('epoch'), 1_000_000, [['own', 'still held']]);
  expect(statusAt(record, 1_000_000, RULES, mayHold).used).toBe(1);
  const settled = settle(record, 1_000_100, [['own', 'not sent']]);
  expect(statusAt(settled, 1_000_100, RULES, mayHold).used).toBe(0);
});

it('counts earlier requests for one more window if the clock of the store was set back', () => {
  const full = storedQuota(settle(emptyQuota('epoch'), 4_600_000, allArrived(0)), 4_600_000);
  const now = 1_000_000;
  expect(statusAt(full, now, RULES, mayHold)).toMatchObject({ used: 10, resetMs: WINDOW_MS });
  const { result } = take(full, now, WISH);
  expect(result).toMatchObject({ taken: 0 });
  expect(result.askInMs).toBeLessThanOrEqual(WINDOW_MS);
  const waiting = take(full, now, { ...WISH, callers: [['new caller', 1]] }).record;
  expect(statusAt(waiting, now + WINDOW_MS, RULES, mayHold).used).toBe(0);
});

it('leaves free permits for callers that wait elsewhere and have had fewer', () => {
  const now = 1_000_000;
  const full = storedQuota(settle(emptyQuota('epoch'), now, allArrived(0)), now);
  const { record } = take(full, now, { ...WISH, callers: [['elsewhere', 5]] });
  const later = now + WINDOW_MS + 1;
  const wish = { ...WISH, wanted: 20, callers: [['caller', 20]] as const };
  // Half of the rate is the most that one of two waiting callers may be ahead.
  expect(take(record, later, wish).result.taken).toBe(5);
  expect(take(emptyQuota('epoch'), later, wish).result.taken).toBe(10);
});

it.each([
  [0, 10],
  [4, 6],
  [9, 1],
  [9.5, 1],
  [10, 0],
])('with %i of ten calls a second reserved, gives %i permits', (reserved, taken) => {
  const wish = { ...WISH, reserved, wanted: 20, callers: [['caller', 20]] as const };
  const { result } = take(emptyQuota('epoch'), 1_000_000, wish);
  expect(result).toMatchObject({ taken, limit: taken });
  if (taken === 0) expect(result.askInMs).toBeGreaterThan(0);
});

it('counts a request for as much longer as the clock of the store may have gained', () => {
  const now = 1_000_000;
  const full = storedQuota(settle(emptyQuota('epoch'), now, allArrived(0)), now);
  const takenAfter = (ms: number) => take(full, now + ms, { ...WISH, gainedMs: 50 }).result;
  expect(takenAfter(WINDOW_MS + 40)).toMatchObject({ taken: 0, askInMs: 10 });
  expect(takenAfter(WINDOW_MS + 50)).toMatchObject({ taken: 1 });
});

it('loses no request of a record with many times, and stays small', () => {
  const now = 1_000_000;
  const facts = Array.from({ length: 900 }, (_one, ago): Fact => [`${ago}`, ago]);
  const record = storedQuota(settle(emptyQuota('epoch'), now, facts), now);
  expect(record.sent.length).toBeLessThanOrEqual(200);
  expect(statusAt(record, now, RULES, mayHold).used).toBe(900);
  // A request never counts for a shorter time, nor for much longer.
  for (let ms = 100; ms < WINDOW_MS; ms += 100) {
    const exact = facts.filter(([, ago]) => Number(ago) + ms < WINDOW_MS).length;
    const { used } = statusAt(record, now + ms, RULES, mayHold);
    expect(used).toBeGreaterThanOrEqual(exact);
    expect(used).toBeLessThanOrEqual(exact + 20);
  }
});
