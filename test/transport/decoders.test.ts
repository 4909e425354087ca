import { describe, expect, it } from 'vitest';
import { usable } from '../../src/luaauth/decoders.ts';
import { decodeSessions, type Session } from '../../src/luaauth/sessions.ts';
import { BadResponse } from '../../src/transport/errors.ts';

const about = { endpoint: 'POST /scripts/:script_id/sessions', kind: 'read' } as const;

/** Rows that count how often anybody looks into them. */
function countedRows(count: number) {
  const looks = { count: 0 };
  const row = new Proxy(
    {},
    {
      get() {
        looks.count += 1;
      },
    },
  );
  return { rows: Array.from({ length: count }, () => row), looks };
}

describe('a page of sessions', () => {
  it('of objects without anything in them is plain data, and says what is missing when somebody asks', () => {
    const [row] = decodeSessions(about, [{}], 1) as [Session];
    expect(JSON.parse(JSON.stringify(row))).toEqual({ user_key: null, object: 'session', from: about });
    expect(usable(row, 'user_key')).toBeNull();
    const stored = JSON.parse(JSON.stringify(row)) as Session;
    for (const read of [row, stored]) {
      expect(() => usable(read, 'job_id')).toThrow(
        new BadResponse(about, 'its session has no usable "job_id"'),
      );
    }
  });

  it('with more rows than were asked for is refused before anybody looks into one', () => {
    const { rows, looks } = countedRows(700_000);
    expect(() => decodeSessions(about, rows, 101)).toThrow(/it has more sessions than were asked for/);
    expect(looks.count).toBe(0);
    decodeSessions(about, rows.slice(0, 101), 101);
    expect(looks.count).toBe(101 * 7);
  });
});
