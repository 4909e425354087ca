import { beforeEach, describe, expect, it } from 'vitest';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import type { Sandbox } from '../../../src/features/sandbox/server.ts';
import { field, ok, refused, unknownSession, useStandIn } from '../../support/api/stand-in.ts';
import { createManualClock } from '../../support/clocks/clock.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const { scriptId, freeForAllScriptId, sessionId, userKey } = seeded;

const seededSession = {
  id: sessionId,
  user_key: userKey,
  script_id: scriptId,
  roblox_id: 10234711811,
  place_id: 606849621,
  job_id: '3f9a2c1e-7b40-4d6a-a1c8-5e2d90b7f314',
  created_at: 1770624500000,
};

let time: number = seeded.createdAt;
const fixture = useStandIn({ now: () => time });
const { answer, ask, start } = fixture;

beforeEach(() => {
  time = seeded.createdAt;
});

const sessionsOf = (script: string, on = fixture.sandbox) =>
  [...on.sessions.values()].filter(({ script_id }) => script_id === script);

const disconnectOne = `POST /sessions/${sessionId}/disconnect`;
const disconnectMany = 'POST /sessions/disconnect';
const message = `POST /sessions/${sessionId}/message`;
const list = `POST /scripts/${scriptId}/sessions`;
const filter = `GET /scripts/${scriptId}/sessions/filter?key=${userKey}`;

it('GET /sessions/:session_id answers the session', async () => {
  expect(await answer(`GET /sessions/${sessionId}`)).toEqual(ok({ session: seededSession }));
  expect(await answer('GET /sessions/none')).toEqual(unknownSession);
});

describe('POST /sessions/:session_id/disconnect', () => {
  it('leaves the session in all answers for 5 s, and no longer', async () => {
    expect(await answer(disconnectOne)).toEqual(ok());
    time += 4_999;
    expect(await answer(`GET /sessions/${sessionId}`)).toEqual(ok({ session: seededSession }));
    expect((await answer(list))[1].sessions[0]).toEqual(seededSession);
    expect(await answer(filter)).toEqual(ok({ sessions: [seededSession] }));
    time += 1;
    expect(await answer(`GET /sessions/${sessionId}`)).toEqual(unknownSession);
    expect((await answer(list))[1].sessions).toEqual(sessionsOf(scriptId).slice(0, 100));
    expect(await answer(filter)).toEqual(ok({ sessions: [] }));
    expect([sessionsOf(scriptId).length, fixture.sandbox.disconnected.size]).toEqual([179, 0]);
  });

  it('succeeds again while the session appears, without adding to its time', async () => {
    expect(await answer(disconnectOne)).toEqual(ok());
    time += 3_000;
    expect(await answer(disconnectOne)).toEqual(ok());
    time += 2_000;
    expect(await answer(disconnectOne)).toEqual(unknownSession);
  });

  it.each([
    [90_000, true],
    [0, false],
  ])('leaves the session for `disconnectMs`: %i', async (disconnectMs, appears) => {
    const on = await start({ now: () => time, disconnectMs });
    expect(await answer(disconnectOne, { on })).toEqual(ok());
    expect(on.sessions.has(sessionId)).toBe(appears);
    time += disconnectMs;
    expect(await answer(`GET /sessions/${sessionId}`, { on })).toEqual(unknownSession);
  });

  it('is undone by a reset', async () => {
    await answer(disconnectOne);
    fixture.sandbox.reset();
    time += 5_000;
    expect(await answer(`GET /sessions/${sessionId}`)).toEqual(ok({ session: seededSession }));
  });
});

describe('POST /sessions/disconnect', () => {
  it('ends all of the sessions', async () => {
    const session_ids = sessionsOf(scriptId).map(({ id }) => id);
    expect(await answer(disconnectMany, { body: { session_ids } })).toEqual(ok());
    time += 5_000;
    expect(await answer(list)).toEqual(ok({ sessions: [] }));
    expect(sessionsOf(freeForAllScriptId)).toHaveLength(96);
  });

  it('accepts a list without ids and one that repeats them', async () => {
    expect(await answer(disconnectMany, { body: { session_ids: [] } })).toEqual(ok());
    expect(await answer(disconnectMany, { body: { session_ids: [sessionId, sessionId] } })).toEqual(ok());
    expect([...fixture.sandbox.disconnected.keys()]).toEqual([sessionId]);
  });

  it('ends none when one is unknown', async () => {
    const body = { session_ids: [sessionId, 'gone'] };
    expect(await answer(disconnectMany, { body })).toEqual(
      refused('session does not exist or is not yours: gone'),
    );
    expect(fixture.sandbox.disconnected.size).toBe(0);
  });

  it.each([
    [{}, field('session_ids', 'is required')],
    [{ session_ids: 'a' }, field('session_ids', 'must be a list of strings')],
    [
      { session_ids: ['a', 1, null] },
      field('session_ids', {
        message: 'has invalid items',
        errors: ['item 1 must be a string', 'item 2 must be a string'],
      }),
    ],
  ])('refuses %j', async (body, failure) => {
    expect(await answer(disconnectMany, { body })).toEqual(refused(failure));
  });

  it.each([
    [{ session_ids: [sessionId], key: 'ping', data: [] }, ok()],
    [{ session_ids: [sessionId], data: null }, ok()],
    [{ key: 'ping' }, refused(field('session_ids', 'is required'))],
  ])(
    'disconnects all the same, and marks the call, when a message went astray: %j',
    async (body, expected) => {
      expect(await answer(disconnectMany, { body })).toEqual(expected);
      expect(fixture.sandbox.disconnected.has(sessionId)).toBe('session_ids' in body);
      expect(fixture.sandbox.calls.map(({ misdirected }) => misdirected)).toEqual([true]);
      const [, { calls }] = await answer('GET /_sandbox/calls');
      expect(calls[0].misdirected).toBe(true);
    },
  );

  it('marks neither a proper call nor a message that went where it belongs', async () => {
    await answer(message, { body: { key: 'ping', data: [] } });
    await answer(disconnectMany, { text: '[' });
    await answer(disconnectMany, { body: { session_ids: [sessionId] } });
    expect(fixture.sandbox.calls.map(({ misdirected }) => misdirected)).toEqual([false, false, false]);
  });
});

describe('POST /sessions/:session_id/message', () => {
  const unprocessed = (reason: string) => ({ processed: false, reason });

  it.each([
    [{ key: 'ping' }, { processed: true, response: { pong: true } }],
    [{ key: 'echo' }, { processed: true, response: { data: [] } }],
    [
      { key: 'echo', data: { a: [1, null] } },
      { processed: true, response: { data: { a: [1, null] } } },
    ],
    [
      { key: 'echo', data: null },
      { processed: true, response: { data: null } },
    ],
    [{ key: 'whereami' }, { processed: true, response: { place_id: seeded.placeId, job_id: seeded.jobId } }],
    [{ key: 'nothing' }, { processed: true }],
    [
      { key: 'wait', data: 0 },
      { processed: true, response: { waited: 0 } },
    ],
    [{ key: 'wait' }, unprocessed('function errored, message: wait takes a number')],
    [{ key: 'broken' }, unprocessed('function errored, message: attempt to index nil with "Health"')],
    [{ key: 'invalid' }, unprocessed('invalid return data')],
    [{ key: 'silent' }, unprocessed('client never responded')],
    [{ key: 'constructor' }, unprocessed('function doesnt exist')],
    [{ key: '' }, unprocessed('function doesnt exist')],
  ])('%j answers what the client made of it', async (body, outcome) => {
    const on = await start({ messageDelayMs: 0, messageTimeoutMs: 1 });
    expect(await answer(message, { body, on })).toEqual(ok(outcome));
  });

  it('writes ids beyond 2^53 of a response with all their digits', async () => {
    fixture.sandbox.sessions.set(sessionId, { ...seededSession, place_id: 9007199254740993n });
    expect(await (await ask(message, { body: { key: 'whereami' } })).text()).toContain(
      '"place_id":9007199254740993,',
    );
  });

  it.each([
    ['none', { key: 'ping' }, unknownSession],
    [sessionId, undefined, refused(field('key', 'is required'))],
    [sessionId, { key: 1 }, refused(field('key', 'must be a string'))],
  ])('refuses session %s, body %j at once', async (id, body, expected) => {
    const clock = createManualClock();
    const on = await start({ now: clock.now, after: clock.after });
    expect(await answer(`POST /sessions/${id}/message`, { body, on })).toEqual(expected);
  });

  describe('waits for the client', () => {
    /** When the answer comes, and what it is. */
    const timed = async (body: object, ms: number, prepare?: (on: Sandbox) => Promise<unknown>) => {
      const clock = createManualClock();
      const on = await start({ now: clock.now, after: clock.after });
      await prepare?.(on);
      const pending = answer(message, { body, on });
      await eventually(() => expect(clock.pending).toBe(1));
      await clock.advance(ms - 1);
      expect(clock.pending).toBe(1);
      await clock.advance(1);
      expect(clock.pending).toBe(0);
      return pending;
    };

    it.each([
      [{ key: 'ping' }, 50, { processed: true, response: { pong: true } }],
      [{ key: 'nothing' }, 50, { processed: true }],
      [{ key: 'broken' }, 50, { processed: false, reason: expect.stringContaining('function errored') }],
      [{ key: 'no such' }, 50, unprocessed('function doesnt exist')],
      [{ key: 'wait', data: 7_000 }, 7_000, { processed: true, response: { waited: 7_000 } }],
      [{ key: 'wait', data: 60_000 }, 60_000, { processed: true, response: { waited: 60_000 } }],
      [{ key: 'wait', data: 60_001 }, 60_000, unprocessed('client never responded')],
      [{ key: 'silent' }, 60_000, unprocessed('client never responded')],
    ])('%j is answered after %i ms', async (body, ms, outcome) => {
      expect(await timed(body, ms)).toEqual(ok(outcome));
    });

    it('in vain once the session was disconnected, although it still appears', async () => {
      const disconnect = (on: Sandbox) => answer(disconnectOne, { on });
      expect(await timed({ key: 'ping' }, 60_000, disconnect)).toEqual(
        ok(unprocessed('client never responded')),
      );
    });

    it('no longer than the caller does', async () => {
      const clock = createManualClock();
      const on = await start({ now: clock.now, after: clock.after });
      const caller = new AbortController();
      const pending = ask(message, { body: { key: 'silent' }, on, signal: caller.signal });
      await eventually(() => expect(clock.pending).toBe(1));
      caller.abort();
      await expect(pending).rejects.toThrow('aborted');
      await eventually(() => expect(clock.pending).toBe(0));
    });
  });
});

describe('guests', () => {
  const { visitedScriptId } = seeded;
  const EVERY_MS = 4_000;
  /** Beside the sessions of the seed, whose users have keys. */
  const guestsOf = async (on: Sandbox): Promise<string[]> => {
    const [, { sessions }] = await answer(`POST /scripts/${visitedScriptId}/sessions`, { on });
    const guests = (sessions as { id: string; user_key: unknown }[]).filter(({ user_key }) => !user_key);
    return guests.map(({ id }) => id);
  };
  const open = (options = {}) =>
    start({ rate: 0, now: () => time, guestEveryMs: EVERY_MS, disconnectMs: 5_000, ...options });

  it('are five at a time, of whom one leaves as another comes', async () => {
    const on = await open();
    const before = await guestsOf(on);
    expect(before).toHaveLength(5);
    time += EVERY_MS;
    const after = await guestsOf(on);
    expect(after.slice(0, 4)).toEqual(before.slice(1));
    expect(after).toHaveLength(5);
  });

  it('have left, however long nobody has looked', async () => {
    const on = await open();
    const before = await guestsOf(on);
    time += 600_000;
    const after = await guestsOf(on);
    expect(after).toHaveLength(5);
    expect(after.filter((id) => before.includes(id))).toEqual([]);
  });

  it.each([5_000, 0])(
    'do not come again once they were disconnected, and gone after %i ms',
    async (disconnectMs) => {
      const on = await open({ disconnectMs });
      const [, , third = '', , last = ''] = await guestsOf(on);
      await answer(`POST /sessions/${last}/disconnect`, { on });
      time += disconnectMs;
      const after = await guestsOf(on);
      expect(after).not.toContain(last);
      expect(after).toContain(third);
    },
  );
});
