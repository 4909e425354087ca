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
import { useSandbox } from '../support/gateways/fixture.ts';

const { scriptId, sessionId } = seeded;

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
