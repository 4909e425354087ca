import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
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
import { useSandbox } from '../support/gateways/fixture.ts';
import type { TestGateway } from '../support/gateways/gateway.ts';

const { scriptId, freeForAllScriptId, sessionId } = seeded;

const BULK = 'POST /sessions/disconnect';

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
