import { describe, expect, it } from 'vitest';
import {
  NOTHING_KNOWN,
  resumed,
  type SessionsEvent,
  type WhoIsOn,
  whoIsOn,
} from '../../src/live/who-is-on.ts';

const visitor = (id: string) => ({
  id,
  robloxId: `1${id}`,
  placeId: '2',
  createdAt: '2026-02-09T08:08:20.000Z',
});
const snapshot = (sequence: number, ids: string[], cursor = `s${sequence}`): SessionsEvent => ({
  __typename: 'SessionsSnapshot',
  ...{ sequence, cursor, complete: true, sessions: ids.map(visitor) },
});
const change = (sequence: number, appeared: string[], disappearedIds: string[]): SessionsEvent => ({
  __typename: 'SessionsChange',
  ...{ sequence, cursor: `c${sequence}`, appeared: appeared.map(visitor), disappearedIds },
});
const delay = (sequence: number): SessionsEvent => ({
  __typename: 'SessionsDelay',
  ...{ sequence, cursor: `d${sequence}`, reason: 'API_UNAVAILABLE' },
});
const after = (events: readonly SessionsEvent[], known = NOTHING_KNOWN) => events.reduce(whoIsOn, known);
const ids = ({ sessions }: WhoIsOn) => [...sessions.keys()];

describe('who is on', () => {
  it('is what a snapshot says, whatever was known', () => {
    const known = after([snapshot(1, ['a', 'b']), snapshot(2, ['c'])]);
    expect(ids(known)).toEqual(['c']);
    expect(known).toMatchObject({ cursor: 's2', sequence: 2, complete: true });
  });

  it('is who appeared without who disappeared, and leaves what was known as it is', () => {
    const before = after([snapshot(1, ['a', 'b'])]);
    const known = whoIsOn(before, change(2, ['c'], ['a']));
    expect([ids(before), ids(known), known.cursor]).toEqual([['a', 'b'], ['b', 'c'], 'c2']);
  });

  it('is old in a delay, which leaves the cursor where it is, until the next change or snapshot', () => {
    const late = after([snapshot(1, ['a']), delay(2)]);
    expect([ids(late), late.delay, late.cursor]).toEqual([['a'], 'API_UNAVAILABLE', 's1']);
    expect(whoIsOn(late, change(3, [], [])).delay).toBeUndefined();
    expect(whoIsOn(late, snapshot(3, [])).delay).toBeUndefined();
    // A stream may begin with one: nothing is known yet.
    expect(after([delay(1)])).toMatchObject({ cursor: undefined, hasGap: false });
  });

  it('has a gap after a lost event, and takes nothing more until it is resumed or told the whole', () => {
    const lost = after([snapshot(1, ['a']), change(3, ['b'], []), change(4, ['c'], [])]);
    expect([ids(lost), lost.hasGap, lost.cursor]).toEqual([['a'], true, 's1']);
    expect(after([snapshot(5, ['z'])], lost)).toMatchObject({ hasGap: false, cursor: 's5', sequence: 5 });
    const again = after([change(1, ['b', 'c'], ['a'])], resumed(lost));
    expect([ids(again), again.hasGap]).toEqual([['b', 'c'], false]);
    // A stream that was opened again without our knowing begins anew.
    expect(after([change(1, ['b'], [])], after([snapshot(1, ['a'])])).hasGap).toBe(true);
    expect(after([delay(3)], after([snapshot(1, ['a'])])).hasGap).toBe(true);
  });
});
