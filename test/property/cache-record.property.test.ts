import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type CacheRecord,
  fill,
  keptMs,
  leaseOf,
  lookUp,
  textOfLease,
} from '../../src/features/redis/cache-record.ts';
import { holdsLease, type Registry } from '../../src/features/redis/registry.ts';
import type { Lookup } from '../../src/state/port.ts';
import { propertyRuns, propertySeed } from '../support/random/property-runs.ts';

const NOW = 1_800_000_000_000;
const answer = { value: 'v', bytes: 1, askedAt: NOW - 1_000, keptUntil: NOW + 60_000, by: 'b.0.1' };
const NONE: CacheRecord = { answer: undefined, lease: undefined, storedAt: NOW };
const leased = (turn: Lookup['turn']): CacheRecord => ({ ...NONE, answer, lease: { holder: 'b.0.2', turn } });
const look = (
  record: CacheRecord | undefined,
  lookup: Partial<Lookup> & { readonly holder?: string; readonly isHeld?: () => boolean } = {},
  now = NOW,
) =>
  lookUp(
    record,
    now,
    { freshMs: 500, since: undefined, turn: 'usual', ...lookup },
    lookup.holder ?? 'a.0.1',
    lookup.isHeld ?? (() => true),
  );

it.each<[string, CacheRecord | undefined, Parameters<typeof look>[1], boolean, boolean]>([
  ['nothing', undefined, {}, false, true],
  ['a young answer', { ...NONE, answer }, { freshMs: 1_001 }, true, false],
  ['a young answer with a lease', leased('usual'), { freshMs: 1_001 }, true, false],
  ['an old answer', { ...NONE, answer }, {}, false, true],
  ['an answer that was seen before', { ...NONE, answer }, { since: 'b.0.1' }, false, true],
  ['an old answer, filled while the process waits', { ...NONE, answer }, { since: '' }, true, false],
  [
    'an answer from the future',
    { ...NONE, answer: { ...answer, askedAt: NOW + 51 } },
    { since: '' },
    false,
    true,
  ],
  [
    'an answer from the future by the error of an estimate',
    { ...NONE, answer: { ...answer, askedAt: NOW + 50 } },
    {},
    true,
    false,
  ],
  ['a lease', leased('usual'), {}, false, false],
  ['a lease that is over', leased('usual'), { isHeld: () => false }, false, true],
  ['a lease of a limited call', leased('limited'), {}, false, true],
  ['a lease of a call behind all others', leased('last'), { turn: 'limited' }, false, true],
  ['a lease of a call behind all others, like its own', leased('last'), { turn: 'last' }, false, false],
])('a process finds %s', (_name, record, lookup, isFreshEnough, hasLease) => {
  const { record: after, result } = look(record, lookup);
  expect(result).toMatchObject({ isFreshEnough, hasLease });
  if (hasLease) expect(after.lease?.holder).toBe('a.0.1');
  else expect(after).toBe(record);
});

it('a record is kept for its lease and its answer, and no longer', () => {
  expect(keptMs(NONE, NOW)).toBe(1);
  expect(keptMs({ ...NONE, answer }, NOW)).toBe(60_000);
  expect(keptMs(leased('last'), NOW)).toBe(200_000);
});

it('a lease is read as it was written', () => {
  expect(leaseOf(textOfLease(leased('last').lease))).toEqual(leased('last').lease);
  for (const text of ['', 'b.0.2', 'b.0.2 never', ' usual']) expect(leaseOf(text)).toBeUndefined();
});

const view = (session: number, lastBeat?: number): Registry => ({
  members: new Map([['b', { session, isDegraded: false, share: undefined, joinedAt: 0 }]]),
  late: new Map(lastBeat === undefined ? [] : [[`b.${session}`, lastBeat]]),
});
const EMPTY: Registry = { members: new Map(), late: new Map() };

it.each<[string, Registry, number, boolean]>([
  ['has beaten', view(0), NOW - 9_000, true],
  ['has not beaten for 3 s', view(0, NOW - 3_000), NOW - 9_000, true],
  ['has not beaten for longer than 3 s', view(0, NOW - 3_001), NOW - 9_000, false],
  ['has another session', view(1), NOW - 9_000, false],
  ['has another session, in which it may have taken the lease since', view(1), NOW + 1, true],
  ['is not known', EMPTY, NOW, false],
  ['may have joined since', EMPTY, NOW + 3_000, true],
  ['joined before the clock of the store was set back', EMPTY, NOW + 3_001, false],
])('the holder of a lease %s', (_name, registry, takenAt, isHeld) => {
  expect(holdsLease(registry, 'b.0.2', NOW, takenAt)).toBe(isHeld);
});

it('only one of several processes has the lease, and the newest answer stays', () => {
  const step = fc.record({ process: fc.nat(3), ends: fc.boolean(), ageMs: fc.nat(100), waitMs: fc.nat(50) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let record: CacheRecord | undefined;
      let now = NOW;
      let newest = 0;
      const holders = new Map<number, string>();
      for (const [index, { process, ends, ageMs, waitMs }] of steps.entries()) {
        now += waitMs;
        const holder = holders.get(process);
        if (holder === undefined) {
          const taken = look(record, { freshMs: 0, holder: `p${process}.0.${index}` }, now);
          record = taken.record;
          if (taken.result.hasLease) holders.set(process, `p${process}.0.${index}`);
        } else {
          holders.delete(process);
          const filled = ends ? undefined : { value: now - ageMs, bytes: 1, ageMs, ttlMs: 1_000 };
          record = fill(record, now, holder, filled);
          if (filled) newest = Math.max(newest, now - ageMs);
        }
        expect(holders.size).toBeLessThanOrEqual(1);
        expect(record?.lease?.holder).toBe([...holders.values()][0]);
        expect(record?.answer?.askedAt ?? 0).toBe(newest);
      }
    }),
    { numRuns: propertyRuns(200), seed: propertySeed(1) },
  );
});
