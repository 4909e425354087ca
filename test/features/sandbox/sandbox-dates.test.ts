import { beforeEach, describe, expect, it } from 'vitest';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import type { WireSession } from '../../../src/luaauth/wire.ts';
import { useStandIn } from '../../support/api/stand-in.ts';

const { scriptId, sessionId, expiredUserKey, expiringUserKey, createdAt } = seeded;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const START = Date.UTC(2031, 0, 1, 0, 5);

let time = START;
const fixture = useStandIn({ now: () => time, dates: 'recent' });
const { answer, start } = fixture;

beforeEach(async () => {
  time = START;
  fixture.sandbox.reset();
});

const bodyOf = async (endpoint: string, asked = {}) => (await answer(endpoint, asked))[1];
const createdAtOf = async (on = fixture.sandbox): Promise<number> =>
  (await bodyOf(`GET /sessions/${sessionId}`, { on })).session.created_at;

describe('recent dates', () => {
  it('has sessions of the last hours, the newest of minutes ago and none of the future', async () => {
    const pages = await Promise.all(
      [0, 100].map((from) => bodyOf(`POST /scripts/${scriptId}/sessions`, { body: { from } })),
    );
    const times = pages.flatMap(({ sessions }) => sessions.map(({ created_at }: WireSession) => created_at));
    expect(times).toHaveLength(180);
    expect(Math.min(...times)).toBeGreaterThan(time - 180 * MINUTE_MS);
    expect(Math.max(...times)).toBeGreaterThan(time - 10 * MINUTE_MS);
    for (const { created_at } of fixture.sandbox.sessions.values()) expect(created_at).toBeLessThan(time);
  });

  it('has executions of fourteen days up to yesterday', async () => {
    const { executions } = await bodyOf(`GET /scripts/${scriptId}/executions`);
    expect(Object.keys(executions)).toEqual(
      '12/18 12/19 12/20 12/21 12/22 12/23 12/24 12/25 12/26 12/27 12/28 12/29 12/30 12/31'.split(' '),
    );
  });

  it('has a key that expires next week, and an expired key', async () => {
    const expiring = (await bodyOf(`GET /users/${expiringUserKey}`)).user.key_expires - time;
    expect([expiring > 6 * DAY_MS, expiring < 8 * DAY_MS]).toEqual([true, true]);
    expect((await bodyOf(`GET /users/${expiredUserKey}`)).user.key_expires).toBeLessThan(time);
  });

  it('moves with the clock at a reset, and not before', async () => {
    const before = await createdAtOf();
    time += 30 * DAY_MS;
    expect(await createdAtOf()).toBe(before);
    await bodyOf('POST /_sandbox/reset');
    expect(await createdAtOf()).toBe(before + 30 * DAY_MS);
  });

  it('changes no id, no name and no total of the fixed data', async () => {
    const fixed = await start({ now: () => time });
    const ids = ({ sessions, users }: typeof fixed) => [...sessions.keys(), ...users.keys()];
    expect(ids(fixture.sandbox)).toEqual(ids(fixed));
    expect([...fixture.sandbox.scripts]).toEqual([...fixed.scripts]);
    expect([...fixture.sandbox.projects]).toEqual([...fixed.projects]);
  });
});

it('has fixed dates unless it is told otherwise, whatever the clock says', async () => {
  const fixed = await start({ now: () => time });
  expect(await createdAtOf(fixed)).toBe(createdAt);
  time += DAY_MS;
  fixed.reset();
  expect(await createdAtOf(fixed)).toBe(createdAt);
  expect((await bodyOf(`GET /users/${expiringUserKey}`, { on: fixed })).user.key_expires).toBe(
    createdAt + 7 * DAY_MS,
  );
});
