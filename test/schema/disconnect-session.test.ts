import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { json } from '../support/api/recorder.ts';
import {
  DELETE,
  DISCONNECT,
  DISCONNECT_MANY,
  EDIT,
  MESSAGE,
  TOGGLE,
  UPDATE,
} from '../support/clients/mutations.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder, useSandbox } from '../support/gateways/fixture.ts';
import type { TestGateway } from '../support/gateways/gateway.ts';

const { scriptId, freeForAllScriptId, sessionId } = seeded;

const BULK = 'POST /sessions/disconnect';

describe('disconnectSession', () => {
  const fixture = useSandbox();

  it('makes one call without a body', async () => {
    const { data, errors } = await fixture.gateway.execute(DISCONNECT, { input: { id: sessionId } });
    expect(errors).toBeUndefined();
    expect(data?.disconnectSession).toEqual({
      __typename: 'DisconnectSessionSuccess',
      disconnectedSessionId: sessionId,
    });
    expect(fixture.sandbox.calls.map(({ method, path, text }) => [method, path, text])).toEqual([
      ['POST', `/sessions/${sessionId}/disconnect`, ''],
    ]);
    expect(fixture.sandbox.disconnected.has(sessionId)).toBe(true);
  });

  it('is NotPermitted for an unknown session', async () => {
    const { data, errors } = await fixture.gateway.execute(DISCONNECT, { input: { id: 'none' } });
    expect(errors).toBeUndefined();
    expect(data?.disconnectSession).toEqual({
      __typename: 'NotPermitted',
      message: 'unauthorized or invalid request',
      reasons: ['session does not exist or is not yours'],
    });
  });

  it('sends nothing for what is no id', async () => {
    const { errors } = await fixture.gateway.execute(DISCONNECT, { input: { id: '../disconnect' } });
    expect(errors).toMatchObject([expect.toBeError('BAD_USER_INPUT', { argument: 'input.id' })]);
    expect(fixture.lines()).toEqual([]);
  });
});

describe('disconnectSessions', () => {
  const fixture = useSandbox();

  it('ends a hundred sessions with one call', async () => {
    const ids = [...fixture.sandbox.sessions.keys()].slice(0, 100);
    const { data, errors } = await fixture.gateway.execute(DISCONNECT_MANY, { input: { ids } });
    expect(errors).toBeUndefined();
    expect(data?.disconnectSessions).toEqual({
      __typename: 'DisconnectSessionsSuccess',
      disconnectedSessionIds: ids,
    });
    expect(fixture.sandbox.calls.map(({ text }) => text)).toEqual([JSON.stringify({ session_ids: ids })]);
    expect([...fixture.sandbox.disconnected.keys()]).toEqual(ids);
  });

  it('sends an id that is repeated once', async () => {
    const [a, b] = [...fixture.sandbox.sessions.keys()] as [string, string];
    const { data } = await fixture.gateway.execute(DISCONNECT_MANY, { input: { ids: [b, a, b] } });
    expect(data?.disconnectSessions).toMatchObject({ disconnectedSessionIds: [b, a] });
    expect(fixture.sandbox.calls.map(({ body }) => body)).toEqual([{ session_ids: [b, a] }]);
  });

  it.each([
    ['no id', [], 'input.ids'],
    ['101 ids', Array.from({ length: 101 }, (_, index) => `session-${index}`), 'input.ids'],
    ['what is no id', ['a', '..'], 'input.ids[1]'],
  ])('sends nothing for %s', async (_what, ids, argument) => {
    const { errors } = await fixture.gateway.execute(DISCONNECT_MANY, { input: { ids } });
    expect(errors).toMatchObject([expect.toBeError('BAD_USER_INPUT', { argument })]);
    expect(fixture.lines()).toEqual([]);
  });

  it('is NotPermitted when LuaAuth refuses the list', async () => {
    const { data } = await fixture.gateway.execute(DISCONNECT_MANY, { input: { ids: [sessionId, 'none'] } });
    expect(data?.disconnectSessions).toMatchObject({
      __typename: 'NotPermitted',
      reasons: ['session does not exist or is not yours: none'],
    });
    expect(fixture.sandbox.disconnected.size).toBe(0);
  });
});

describe('POST /sessions/disconnect', () => {
  const fixture = useSandbox({ sandbox: { messageDelayMs: 0, messageTimeoutMs: 1 } });

  it('is sent nothing but session_ids, and by disconnectSessions alone', async () => {
    const { gateway, sandbox } = fixture;
    // Among them ids that look like the end of another endpoint's path.
    for (const id of [sessionId, 'disconnect', 'none']) {
      await gateway.execute(DISCONNECT, { input: { id } });
      await gateway.execute(MESSAGE, { input: { id, handler: 'ping', data: { session_ids: [sessionId] } } });
      await gateway.execute(MESSAGE, { input: { id, handler: 'session_ids', data: [sessionId] } });
    }
    for (const id of [scriptId, 'disconnect']) {
      await gateway.execute(EDIT, { input: { id, name: 'x' } });
      await gateway.execute(UPDATE, { input: { id, source: 'return 1' } });
      await gateway.execute(TOGGLE, { input: { id, enabled: true } });
      await gateway.execute(DELETE, { input: { id } });
    }
    expect(fixture.lines()).not.toContain(BULK);
    expect(sandbox.calls).toHaveLength(3 * 3 + 2 * 4);
    await gateway.execute(DISCONNECT_MANY, { input: { ids: [sessionId, 'disconnect'] } });
    const bulk = sandbox.calls.filter(({ path }) => path === '/sessions/disconnect');
    expect(bulk.map(({ text }) => text)).toEqual([
      JSON.stringify({ session_ids: [sessionId, 'disconnect'] }),
    ]);
  });

  it('sends no member that a client adds to the input', async () => {
    const input = { ids: [sessionId], key: 'ping', data: 1 };
    const { errors } = await fixture.gateway.execute(DISCONNECT_MANY, { input });
    expect(errors).toMatchObject([expect.toBeError('BAD_USER_INPUT'), {}]);
    expect(fixture.lines()).toEqual([]);
  });
});

const clock = createManualClock();
const KEPT_MS = 60_000;

describe('after a disconnect', () => {
  const fixture = useSandbox({
    sandbox: { disconnectMs: 0 },
    gateway: { transport: { clock, freshMs: KEPT_MS } },
  });
  const list = (id: string) => `POST /scripts/${id}/sessions`;
  const one = `GET /sessions/${sessionId}`;

  const read = async (gateway: TestGateway, token = 'sandbox-key') => {
    const before = fixture.sandbox.calls.length;
    const document = `{
      session(id: "${sessionId}") { id }
      a: script(id: "${scriptId}") {
        sessions(first: 1) { nodes { id } }
        filtered: sessions(first: 2, filter: { placeId: "${seeded.placeId}" }) { nodes { id } }
      }
      b: script(id: "${freeForAllScriptId}") { sessions(first: 1) { nodes { id } } }
    }`;
    const { data } = await gateway.execute<Record<string, unknown>, undefined>(document, undefined, {
      token,
    });
    return { data, lines: fixture.lines().slice(before).sort() };
  };

  const filtered = `GET /scripts/${scriptId}/sessions/filter?from=0&limit=3&place_id=${seeded.placeId}`;
  const anew = [one, list(scriptId), list(freeForAllScriptId), filtered].sort();

  it.each([
    ['one session', DISCONNECT, { id: sessionId }],
    ['a list', DISCONNECT_MANY, { ids: [sessionId] }],
  ])('of %s the session and every list of sessions are read anew, scripts are not', async (_what, ...of) => {
    const [document, input] = of as [typeof DISCONNECT, { id: string }];
    const first = await read(fixture.gateway);
    expect(first.data).toMatchObject({ session: { id: sessionId } });
    expect((await read(fixture.gateway)).lines).toEqual([]);
    await fixture.gateway.execute(document, { input });
    const after = await read(fixture.gateway);
    expect(after.lines).toEqual(anew);
    expect(after.data).toMatchObject({ session: null });
    expect(JSON.stringify(after.data)).not.toContain(sessionId);
  });

  it('what another key has read stays as it is', async () => {
    await read(fixture.gateway, 'sandbox-basic');
    await fixture.gateway.execute(DISCONNECT, { input: { id: seeded.sessionId } });
    const { lines } = await read(fixture.gateway, 'sandbox-basic');
    expect(lines.filter((line) => line.includes('/scripts/'))).toEqual([]);
  });

  it('in the same operation too', async () => {
    const { data } = await fixture.gateway.execute<Record<string, unknown>, undefined>(`mutation {
      a: disconnectSession(input: { id: "${sessionId}" }) { __typename }
      b: toggleScript(input: { id: "${scriptId}", enabled: true }) {
        ... on ToggleScriptSuccess { script { sessions(first: 1) { nodes { id } } } }
      }
    }`);
    expect(JSON.stringify(data)).not.toContain(sessionId);
  });
});

describe('a disconnect of unknown outcome', () => {
  const fixture = useRecorder({ transport: { clock, freshMs: KEPT_MS, random: () => 0 } });

  it('is not repeated, and says so', async () => {
    fixture.respond = ({ socket }) => void socket.destroy();
    for (const [document, input] of [
      [DISCONNECT, { id: 'a' }],
      [DISCONNECT_MANY, { ids: ['a', 'b'] }],
    ]) {
      const { errors } = await fixture.gateway.execute(document as typeof DISCONNECT, {
        input: input as { id: string },
      });
      expect(errors).toMatchObject([
        expect.toBeError('UPSTREAM_UNAVAILABLE', {
          message: expect.stringContaining('read the session before you try again'),
          outcome: 'UNKNOWN',
        }),
      ]);
    }
    expect(fixture.recorder.lines()).toEqual(['POST /sessions/a/disconnect', BULK]);
  });

  it('is an UnknownRefusal, or names the input field, as LuaAuth says', async () => {
    const failed = [{ field: 'session_ids', errors: ['too many'] }];
    fixture.respond = (_recorded, response) =>
      json(response, {
        success: false,
        error: { code: -1, message: 'unauthorized or invalid request', failed },
      });
    const { data } = await fixture.gateway.execute(DISCONNECT_MANY, { input: { ids: ['a'] } });
    expect(data?.disconnectSessions).toMatchObject({
      __typename: 'InvalidFields',
      fields: [{ path: ['input', 'ids'], messages: ['too many'] }],
    });
    fixture.respond = (_recorded, response) =>
      json(response, { success: false, error: { code: 7, message: 'no' } });
    const unknown = await fixture.gateway.execute(DISCONNECT, { input: { id: 'a' } });
    expect(unknown.data?.disconnectSession).toEqual({ __typename: 'UnknownRefusal', message: 'no', code: 7 });
  });
});
