import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { startProxy } from '../../../../test/support/network/proxy.ts';
import { createApollo } from '../../src/apollo.ts';
import { openByApollo } from '../../src/live/apollo.ts';
import { follow, type OpenStream, type StreamError } from '../../src/live/follow.ts';
import { createSocketClient, openBySocket } from '../../src/live/graphql-ws.ts';
import { openByUrql } from '../../src/live/urql.ts';
import { NOTHING_KNOWN } from '../../src/live/who-is-on.ts';
import { createUrql } from '../../src/urql.ts';
import { sandboxKeys, seeded, useShortStreams } from '../support/fixture.ts';
import { join } from '../support/visitors.ts';

/** The gateway completes a stream after two seconds. */
const fixture = useShortStreams(2_000);
const { idleScriptId: scriptId } = seeded;

const clients: readonly [string, (url: string, key: string) => OpenStream][] = [
  ['urql, by server-sent events', (url, key) => openByUrql(createUrql(url, key))],
  ['Apollo Client, by multipart', (url, key) => openByApollo(createApollo(url, key))],
  ['graphql-ws', (url, key) => openBySocket(() => createSocketClient(url, key, WebSocket))],
];

describe.each(clients)('%s', (_name, openBy) => {
  function watch({ url = fixture.url, key = sandboxKeys.full as string, silenceMs = 60_000 } = {}) {
    /** The cursor that each stream was opened with, and the events that it gave. */
    const streams: { readonly after: string | undefined; readonly events: string[] }[] = [];
    const refusals: StreamError[] = [];
    const open = openBy(url, key);
    const recorded: OpenStream = (variables, listener) => {
      const events: string[] = [];
      streams.push({ after: variables.after, events });
      return open(variables, {
        ...listener,
        onEvent(event) {
          events.push(event.__typename);
          listener.onEvent(event);
        },
      });
    };
    let known = NOTHING_KNOWN;
    const stop = follow(recorded, scriptId, {
      onKnown: (now) => {
        known = now;
      },
      onRefused: (error) => refusals.push(error),
      silenceMs,
    });
    onTestFinished(stop);
    const expectOn = (...robloxIds: number[]) =>
      expect
        .poll(() => known.cursor && [...known.sessions.values()].map(({ robloxId }) => robloxId))
        .toEqual(robloxIds.map(String));
    return { streams, refusals, expectOn, stop };
  }

  it('shows who comes and goes, and goes on from its cursor when the gateway completes the stream', async () => {
    const { streams, refusals, expectOn, stop } = watch();
    await expectOn();
    const leave = join(fixture.sandbox, scriptId, 101);
    await expectOn(101);
    await expect.poll(() => streams.length).toBeGreaterThanOrEqual(3);
    join(fixture.sandbox, scriptId, 102);
    leave();
    await expectOn(102);
    await expect.poll(() => streams.filter(({ events }) => events.length > 0).length).toBeGreaterThan(3);
    stop();
    const [first, ...others] = streams.filter(({ events }) => events.length > 0);
    expect([first?.after, first?.events[0]]).toEqual([undefined, 'SessionsSnapshot']);
    for (const { after } of others) expect(after).toEqual(expect.any(String));
    // An empty change if the same users are connected as at the cursor, else a snapshot.
    const begins = others.map(({ events }) => events[0]);
    expect(['SessionsChange', 'SessionsSnapshot']).toEqual(expect.arrayContaining(begins));
    expect(refusals).toEqual([]);
  });

  it('goes on when the connection breaks, and when it is dead without breaking', async () => {
    const proxy = await startProxy(fixture.url);
    onTestFinished(() => proxy.close());
    const url = `${proxy.url.replace('redis', 'http')}/graphql`;
    const { streams, refusals, expectOn } = watch({ url, silenceMs: 4_000 });
    await expectOn();
    proxy.cut();
    const opened = streams.length;
    join(fixture.sandbox, scriptId, 103);
    await expect.poll(() => streams.length).toBeGreaterThan(opened);
    proxy.mend();
    await expectOn(103);
    expect(streams.at(-1)?.after).toEqual(expect.any(String));
    expect(refusals).toEqual([]);
  });

  // Before the stream begins, and in its place.
  it.each([
    ['', 'UNAUTHENTICATED'],
    ['nobody', 'UNAUTHENTICATED'],
  ])('ends with what the gateway refuses to the key "%s"', async (key, code) => {
    const { streams, refusals } = watch({ key });
    await expect.poll(() => refusals.map(({ extensions }) => extensions?.code)).toEqual([code]);
    expect(streams.flatMap(({ events }) => events)).toEqual([]);
  });
});
