import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  changesSince,
  isLater,
  type LiveChange,
  type LiveRecord,
  NOTHING_KNOWN,
  readParts,
  wholeOf,
  withChanges,
} from '../../src/features/live/live-record.ts';
import { propertyRuns, propertySeed } from '../support/random/property-runs.ts';
import { sessionOf } from '../support/redis/entry-follower.ts';

const numRuns = propertyRuns(100);
const seed = propertySeed(43);

/** A poll: the sessions that it finds, and which process makes it. */
const poll = fc.record({
  ids: fc.uniqueArray(fc.integer({ min: 0, max: 8 }), { maxLength: 8 }),
  epoch: fc.constantFrom('a', 'b'),
});

const idsOf = ({ sessions }: Pick<LiveRecord, 'sessions'>) => [...sessions.keys()].sort();

function polled(before: LiveRecord, ids: readonly string[], epoch: string): [LiveRecord, LiveChange] {
  const since = before.head.cursor;
  const cursor = `${epoch}.${Number(since.split('.')[1]) + 1}`;
  const appeared = ids.filter((id) => !before.sessions.has(id)).map((id) => sessionOf(id));
  const disappeared = [...before.sessions.values()].filter(({ id = '' }) => !ids.includes(id));
  const change = { since, cursor, appeared, disappeared };
  const head = { ...before.head, cursor };
  return [
    { ...withChanges(before, [change]), head, readAt: before.readAt + 1, readBy: before.readBy + 1 },
    change,
  ];
}

/** All records of a history, and the changes between them. */
function historyOf(polls: readonly { readonly ids: readonly number[]; readonly epoch: string }[]) {
  const records: LiveRecord[] = [{ ...NOTHING_KNOWN, readAt: 0, readBy: 0 }];
  const changes: LiveChange[] = [];
  for (const { ids, epoch } of polls) {
    const [record, change] = polled(records.at(-1) as LiveRecord, ids.map(String), epoch);
    records.push(record);
    changes.push(change);
  }
  return { records, changes };
}

const asJson = <T>(value: T): T => (value === undefined ? value : JSON.parse(JSON.stringify(value)));

describe('the record of a live script', () => {
  const history = fc.array(poll, { minLength: 1, maxLength: 30 });
  const share = fc.double({ min: 0, max: 1, noNaN: true });

  it('is the same for a process that reads the changes it misses, or the whole state and the later changes', () => {
    const property = fc.property(history, share, share, (polls, one, other) => {
      const { records, changes } = historyOf(polls);
      const last = records.at(-1) as LiveRecord;
      const [from, to] = [one, other].map((at) => Math.round(at * polls.length)) as [number, number];
      const whole = asJson(wholeOf(records[to] as LiveRecord));
      for (const [known, parts] of [
        [records[from] as LiveRecord, { whole: undefined, changes: changes.slice(from) }],
        // A process knows another state already, and some changes are older than the whole state.
        [records[from] as LiveRecord, { whole, changes: changes.slice(Math.max(0, to - 1)) }],
      ] as const) {
        const found = readParts(known, asJson({ head: last.head, ageMs: 0, ...parts }), 1_000);
        expect(found && idsOf(found)).toEqual(idsOf(last));
        expect(found?.changes.at(-1)).toEqual(last.changes.at(-1));
      }
    });
    fc.assert(property, { numRuns, seed });
  });

  it('gives a subscriber the changes from each cursor that it knows, and none from another cursor', () => {
    const property = fc.property(history, share, (polls, at) => {
      const { records } = historyOf(polls);
      const last = records.at(-1) as LiveRecord;
      const before = records[Math.round(at * polls.length)] as LiveRecord;
      const known = new Set(idsOf(before));
      for (const { appeared, disappeared } of changesSince(last, before.head.cursor) ?? []) {
        for (const { id = '' } of disappeared) expect(known.delete(id)).toBe(true);
        for (const { id = '' } of appeared) {
          expect(known.has(id)).toBe(false);
          known.add(id);
        }
      }
      expect([...known].sort()).toEqual(idsOf(last));
      expect(changesSince(last, 'another.1')).toBeUndefined();
    });
    fc.assert(property, { numRuns, seed });
  });

  it('does not take changes that do not lead to its state', () => {
    const { records, changes } = historyOf([1, 2, 3].map((id) => ({ ids: [id], epoch: 'a' })));
    const { head } = records[3] as LiveRecord;
    const missed = { head, whole: undefined, changes: changes.slice(2), ageMs: 0 };
    expect(readParts(records[1] as LiveRecord, missed, 0)).toBeUndefined();
    expect(readParts(records[2] as LiveRecord, missed, 0)).toBeDefined();
  });

  it('does not take parts of another form', () => {
    const { records, changes } = historyOf([1, 2].map((id) => ({ ids: [id], epoch: 'a' })));
    const known = records[1] as LiveRecord;
    const last = records[2] as LiveRecord;
    const parts = { head: last.head, whole: wholeOf(last), changes: changes.slice(1), ageMs: 0 };
    expect(readParts(known, parts, 0)).toBeDefined();
    const change = { ...changes[1], appeared: {} };
    const refusal = { code: 0, message: '', fields: [], authorization: [] };
    const about = { endpoint: 'GET /scripts', kind: 'read' } as const;
    const refused: LiveRecord['head'] = { ...last.head, refusal: [about, 'account expired', refusal] };
    expect(readParts(known, { ...parts, head: refused }, 0)).toBeDefined();
    for (const other of [
      { head: {} },
      { head: { ...last.head, asOf: '1' } },
      { whole: {} },
      { whole: { ...parts.whole, sessions: {} } },
      { whole: { ...parts.whole, changes: undefined } },
      { whole: { ...parts.whole, changes: [change] } },
      { changes: [change] },
      { changes: [null] },
      { changes: [{ ...changes[1], disappeared: [null] }] },
      { whole: { ...parts.whole, sessions: [null] } },
      { head: { ...last.head, delay: 'OTHER' } },
      ...[
        {},
        [],
        [{}, 'other', refusal],
        [{}, 'account expired', {}],
        [null, 'account expired', refusal],
      ].map((other) => ({ head: { ...last.head, refusal: other } })),
    ])
      expect(readParts(known, { ...parts, ...other } as never, 0), JSON.stringify(other)).toBeUndefined();
  });

  it('is replaced by a state that continues it, or was read later, and by no other state', () => {
    const { records } = historyOf([1, 2, 3].map((id) => ({ ids: [id], epoch: 'a' })));
    const [, one, two] = records as [LiveRecord, LiveRecord, LiveRecord];
    const alone = { ...polled(one, ['9'], 'b')[0], readAt: 3, readBy: 5 };
    expect(isLater(one, two)).toBe(false);
    expect(isLater({ ...one, readBy: 9 }, two)).toBe(false);
    expect(isLater(two, one)).toBe(true);
    expect([isLater(alone, two), isLater(alone, { ...two, readAt: 6 })]).toEqual([true, false]);
    expect(isLater(NOTHING_KNOWN, one)).toBe(false);
  });

  it('knows 256 changes at most, and 5,000 sessions in them', () => {
    const { records } = historyOf(Array.from({ length: 300 }, (_, at) => ({ ids: [at % 2], epoch: 'a' })));
    const last = records.at(-1) as LiveRecord;
    expect(last.changes).toHaveLength(256);
    const many = Array.from({ length: 2_000 }, (_, id) => String(id));
    let record = last;
    for (let count = 0; count < 4; count += 1) [record] = polled(record, count % 2 === 0 ? many : [], 'a');
    expect(record.changes).toHaveLength(2);
    expect(changesSince(record, last.head.cursor)).toBeUndefined();
  });
});
