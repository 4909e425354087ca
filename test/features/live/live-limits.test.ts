import { describe, expect, it } from 'vitest';
import { createKeyRing } from '../../../src/callers/key-ring.ts';
import type { Observer } from '../../../src/transport/observer.ts';
import { createLiveApi, wireUser } from '../../support/api/live-api.ts';
import { answerPlainly } from '../../support/api/plain-api.ts';
import { json, type Respond } from '../../support/api/recorder.ts';
import { bearer, entriesOf, ringOf } from '../../support/clients/keys.ts';
import {
  change,
  delay,
  EVENTS,
  type Events,
  next,
  refusalOf,
  snapshot,
  subscribe,
} from '../../support/clients/live-events.ts';
import { openRaw, postText } from '../../support/clients/raw-http.ts';
import { SCRIPTS } from '../../support/clients/reads.ts';
import { createManualClock } from '../../support/clocks/clock.ts';
import { useRecorder } from '../../support/gateways/fixture.ts';
import { POLL_MS, useLive } from '../../support/gateways/live-fixture.ts';
import { quiet } from '../../support/network/network.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const clock = createManualClock();
const transport = { clock, random: () => 0 };

describe('a lifetime that is longer than a timer of Node takes', () => {
  const fixture = useRecorder({ liveLimits: { rate: 0, maxLifetimeMs: 2 ** 31 } });

  it('does not end a stream', async () => {
    const api = createLiveApi();
    fixture.respond = (recorded, response) => api.respond(recorded, response);
    api.connect('s', 'a');
    const events = await subscribe(fixture.gateway);
    expect((await next(events)).event).toEqual(snapshot('a'));
    api.leave('s', 'a');
    await fixture.gateway.execute('mutation { disconnectSession(input: { id: "a" }) { __typename } }');
    expect((await next(events)).event).toEqual(change([], ['a']));
    events.leave();
  });
});

describe('with limits, a caller', () => {
  const fixture = useRecorder({
    transport,
    liveLimits: { rate: 0, maxStreams: 6, maxScripts: 4, maxLifetimeMs: 3_000 },
  });
  const useApi = () => {
    const api = createLiveApi();
    fixture.respond = (recorded, response) => api.respond(recorded, response);
    return api;
  };

  it('has half of the streams, and another one again when one has ended', async () => {
    useApi();
    const three = await Promise.all([1, 2, 3].map(() => subscribe(fixture.gateway)));
    for (const events of three) await next(events);
    const fourth = await refusalOf(await subscribe(fixture.gateway));
    const byOtherHeader = await refusalOf(await subscribe(fixture.gateway, {}, bearer('sandbox-key')));
    const tooMany = [
      [
        expect.toBeError('TOO_MANY_STREAMS', {
          found: 3,
          limit: 3,
          coordinate: 'Subscription.scriptSessions',
        }),
      ],
    ];
    expect([fourth, byOtherHeader]).toMatchObject([tooMany, tooMany]);
    const other = await subscribe(fixture.gateway, {}, { token: 'another-key' });
    expect((await next(other)).event).toEqual(snapshot());
    three[0]?.leave();
    await eventually(async () => {
      const again = await subscribe(fixture.gateway);
      expect((await next(again)).event).toEqual(snapshot());
      again.leave();
    });
    for (const events of [...three, other]) events.leave();
  });

  it('follows half of the scripts', async () => {
    useApi();
    const two = await Promise.all(['a', 'b'].map((id) => subscribe(fixture.gateway, { id })));
    for (const events of two) await next(events);
    expect(await refusalOf(await subscribe(fixture.gateway, { id: 'c' }))).toMatchObject([
      [expect.toBeError('TOO_MANY_LIVE_SCRIPTS', { found: 2, limit: 2 })],
    ]);
    const another = await subscribe(fixture.gateway, { id: 'a' });
    expect((await next(another)).event).toEqual(snapshot());
    for (const events of [...two, another]) events.leave();
  });

  it('is told that a stream is complete when its time is up', async () => {
    const api = useApi();
    api.connect('s', 'a');
    const events = await subscribe(fixture.gateway);
    await next(events);
    await clock.advance(1_900);
    await clock.advance(1_100);
    expect(await events.rest()).toEqual([]);
  });
});

describe('of the streams and scripts of an account', () => {
  const keyRing = ringOf(['first', 'second', 'third'].map((name) => ({ name, scopes: ['sessions:read'] })));
  const fixture = useRecorder({
    transport,
    liveLimits: { rate: 0, maxStreams: 16, maxScripts: 8 },
    credentials: { heldKey: 'held', keyRing },
  });

  it('the last eighth is left to callers that have none', async () => {
    const api = createLiveApi();
    fixture.respond = (recorded, response) => api.respond(recorded, response);
    const follow = (key: string, id: string) => subscribe(fixture.gateway, { id }, bearer(key));
    const streams: Events[] = [];
    for (const [key, ids] of [
      ['first', ['a', 'b', 'c', 'd']],
      ['second', ['e', 'f', 'g']],
    ] as const)
      for (const id of ids) streams.push(await follow(key, id), await follow(key, id));
    for (const events of streams) await next(events);
    const refused = [await follow('first', 'h'), await follow('second', 'h'), await follow('second', 'a')];
    expect(await Promise.all(refused.map(refusalOf))).toMatchObject([
      [[expect.toBeError('TOO_MANY_LIVE_SCRIPTS', { found: 4, limit: 4 })]],
      [[expect.toBeError('TOO_MANY_LIVE_SCRIPTS', { found: 7, limit: 7 })]],
      [[expect.toBeError('TOO_MANY_STREAMS', { found: 14, limit: 14 })]],
    ]);
    const third = await follow('third', 'h');
    expect((await next(third)).event).toEqual(snapshot());
    for (const events of [...streams, third]) events.leave();
  });
});

describe('a stream whose time is up while its client does not read', () => {
  const live = useLive({ liveLimits: { maxLifetimeMs: 15_000 } });
  /** So large that the system takes a few of them alone. */
  const large = (round: number) =>
    Array.from({ length: 90 }, (_, index) => wireUser(`${round}-${index}-${'x'.repeat(20_000)}`));

  const refusePolls: Respond = (_recorded, response) => void response.writeHead(503).end();

  it.each([
    ['a change', undefined, POLL_MS],
    ['a delay', refusePolls, 1_000],
  ])('leads to the state that it tells, where %s comes last', async (_last, trouble, untilNextMs) => {
    const api = live.useApi();
    const slow = await openRaw(live.gateway.url);
    slow.socket.write(
      postText(JSON.stringify({ query: EVENTS, variables: { id: 's' } }), {
        accept: 'text/event-stream',
        token: 'sandbox-key',
      }),
    );
    await slow.until('event: next');
    slow.socket.pause();
    for (const round of [0, 1]) {
      api.users.set('s', large(round));
      await live.poll();
    }
    // It lasts longer.
    const other = await subscribe(live.gateway);
    await next(other);
    for (const round of [2, 3, 4, 5, 6]) {
      if (round === 6) api.trouble = trouble;
      api.users.set('s', large(round));
      await live.poll();
      // A state is old after two intervals.
      if (api.trouble) await live.clock.advance(POLL_MS);
      await next(other);
    }
    api.trouble = undefined;
    api.users.set('s', [wireUser('late')]);
    await live.poll(untilNextMs);
    await next(other);
    slow.socket.resume();
    const told = await slow.until('event: complete');
    const after = /.*"cursor":"([^"]+)"/s.exec(told)?.[1];
    other.leave();
    const resumed = await subscribe(live.gateway, { after });
    const { event } = await next(resumed);
    expect(told.includes('"late"')).not.toBe(event.appeared?.includes('late'));
    resumed.leave();
  });
});

describe('polls', () => {
  /** When calls began, on the clock, and how many are under way. */
  const begun: number[] = [];
  let inFlight = 0;
  const observer: Observer = {
    requested() {
      begun.push(clock.now());
      inFlight += 1;
      return () => {
        inFlight -= 1;
      };
    },
  };
  const fixture = useRecorder({ transport: { ...transport, rate: 50, observer }, liveLimits: { rate: 10 } });

  it('of all scripts together keep to LIVE_RATE, in turns', async () => {
    const api = createLiveApi();
    fixture.respond = (recorded, response) => api.respond(recorded, response);
    const ids = Array.from({ length: 30 }, (_, index) => `script-${index}`);
    for (const id of ids) api.connect(id, `user of ${id}`);
    const streams = await Promise.all(ids.map((id) => subscribe(fixture.gateway, { id })));
    for (let passed = 0; passed < 5_000; passed += 25) {
      await eventually(() => expect(inFlight).toBe(0));
      await clock.advance(25);
    }
    const inSecond = (from: number) => begun.filter((at) => at >= from && at < from + 1_000).length;
    expect(Math.max(...begun.map(inSecond))).toBe(10);
    expect(begun.length).toBeGreaterThanOrEqual(45);
    // Each has had a turn before any had three: a second call looks for the end of its list.
    const asked = fixture.recorder.lines().slice(0, 45);
    expect(new Set(asked).size).toBeGreaterThan(20);
    for (const events of streams) events.leave();
  });

  const patient = useRecorder({
    transport: { ...transport, rate: 50 },
    liveLimits: { rate: 10 },
    timeouts: { read: 10_000, write: 10_000 },
  });

  it('go on every 10 s while reads use the whole quota, for a twentieth of it at most', async () => {
    const api = createLiveApi();
    const polls: number[] = [];
    patient.respond = (recorded, response) => {
      if (recorded.line.startsWith('GET')) return answerPlainly(recorded, response);
      polls.push(clock.now());
      // Polls of a script that changes are not far apart.
      api.connect('s', `user ${polls.length}`);
      return api.respond(recorded, response);
    };
    const events = await subscribe(patient.gateway, { id: 's' });
    const client = new AbortController();
    const scripts = Array.from({ length: 250 }, (_one, index) => `read-${index}`);
    const readOn = async (reader: number) => {
      for (let count = 0; !client.signal.aborted; count += 1) {
        const ids = scripts.map((id) => `${id}-${reader}-${count}`);
        const { errors } = await patient.gateway.execute(SCRIPTS, { ids }, undefined, client.signal);
        // The quota has no room for three such operations. A refused client asks again later.
        if (errors) await new Promise<void>((resolve) => clock.after(1_000, resolve));
      }
    };
    const readers = [1, 2, 3].map((reader) => readOn(reader).catch(() => undefined));
    const startedAt = clock.now();
    while (clock.now() - startedAt < 60_000) {
      await quiet();
      await clock.advance(50);
    }
    client.abort();
    await clock.advance(1_000);
    await Promise.all(readers);
    const times = [...polls.filter((at) => at > startedAt), clock.now()];
    const gaps = times.map((at, index) => at - (times[index - 1] ?? startedAt));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(10_000);
    expect(polls.length).toBeLessThanOrEqual((60 * 50) / 20);
    events.leave();
  });

  const slow = useRecorder({ transport: { ...transport, rate: 50, observer }, liveLimits: { rate: 1 } });

  it('that LIVE_RATE leaves no place for are told of, and go on', async () => {
    const api = createLiveApi();
    slow.respond = (recorded, response) => api.respond(recorded, response);
    const ids = Array.from({ length: 14 }, (_, index) => `script-${index}`);
    for (const id of ids) api.connect(id, `user of ${id}`);
    const streams = await Promise.all(ids.map((id) => subscribe(slow.gateway, { id })));
    const until = async <T>(told: Promise<T>): Promise<T> => {
      let isOver = false;
      void told.finally(() => {
        isOver = true;
      });
      while (!isOver) {
        await eventually(() => expect(inFlight).toBe(0));
        await clock.advance(100);
      }
      return told;
    };
    const first = await until(Promise.all(streams.map(async (events) => (await next(events)).event)));
    const late = streams.filter((_events, index) => first[index]?.__typename === 'SessionsDelay');
    expect([late.length > 0, late.length < streams.length]).toEqual([true, true]);
    for (const [index, event] of first.entries())
      expect([snapshot(`user of script-${index}`), delay('QUOTA')]).toContainEqual(event);
    const then = await until(Promise.all(late.map(async (events) => (await next(events)).event.__typename)));
    expect(new Set(then)).toEqual(new Set(['SessionsSnapshot']));
    for (const events of streams) events.leave();
  });
});

describe('a stream for a gateway key', () => {
  const keys = entriesOf([
    { name: 'reader', scopes: ['sessions:read'] },
    { name: 'writer', scopes: ['scripts:write'] },
    { name: 'listed', scopes: ['sessions:read'], scripts: ['t'] },
    { name: 'of-project', scopes: ['sessions:read'], projects: ['p'] },
  ]);
  const keyRing = createKeyRing(keys);
  /** The outcomes of polls. */
  const found: string[] = [];
  const fixture = useRecorder({
    transport,
    liveLimits: { rate: 0 },
    liveObserver: { polled: (outcome) => void found.push(outcome) },
    credentials: { heldKey: 'held', keyRing },
  });
  const useApi = () => {
    const api = createLiveApi();
    fixture.respond = (recorded, response) => {
      const [, id] = /^GET \/scripts\/(\w+)$/.exec(recorded.line) ?? [];
      if (id === undefined) return api.respond(recorded, response);
      return json(response, { success: true, script: { id, project_id: id === 's' ? 'p' : 'q' } });
    };
    return api;
  };
  const asks = (key: string, id = 's') => subscribe(fixture.gateway, { id }, bearer(key));

  it('needs its scope, and a script that the key reaches', async () => {
    const api = useApi();
    api.connect('s', 'a');
    for (const [key, id] of [
      ['writer', 's'],
      ['listed', 's'],
      ['of-project', 't'],
    ] as const)
      expect(await refusalOf(await asks(key, id))).toMatchObject([[expect.toBeError('FORBIDDEN')]]);
    expect(fixture.recorder.lines()).toEqual(['GET /scripts/t']);
    const allowed = [await asks('reader'), await asks('listed', 't'), await asks('of-project')];
    expect(await Promise.all(allowed.map(async (events) => (await next(events)).event))).toEqual([
      snapshot('a'),
      snapshot(),
      snapshot('a'),
    ]);
    for (const events of allowed) events.leave();
  });

  it('goes on while the key is good, and ends with an error when it is not any more', async () => {
    const api = useApi();
    api.connect('s', 'a');
    const [kept, lost] = [await asks('reader'), await asks('of-project')];
    await next(kept);
    await next(lost);
    keyRing.replace(entriesOf([{ name: 'reader', scopes: ['sessions:read'] }]));
    api.connect('s', 'b');
    await clock.advance(2_000);
    expect((await next(kept)).event).toEqual(change(['b']));
    expect(await refusalOf(lost)).toMatchObject([[expect.toBeError('UNAUTHENTICATED')]]);
    kept.leave();
  });

  it('ends within ten seconds of the end of its key, also while nothing changes', async () => {
    keyRing.replace(keys);
    useApi();
    const events = await asks('of-project');
    await next(events);
    keyRing.replace([]);
    for (const ms of [2_000, 3_000, 4_500]) {
      const before = found.length;
      await clock.advance(ms);
      await eventually(() => expect(found.slice(before)).toEqual(['same']));
    }
    await clock.advance(500);
    expect(await refusalOf(events)).toMatchObject([[expect.toBeError('UNAUTHENTICATED')]]);
  });
});

describe('a gateway that is to end', () => {
  const fixture = useRecorder({ transport, liveLimits: { rate: 0 } });

  it('completes its streams, the last change told', async () => {
    const api = createLiveApi();
    fixture.respond = (recorded, response) => api.respond(recorded, response);
    api.connect('s', 'a');
    const before = clock.pending;
    const events = await subscribe(fixture.gateway);
    await next(events);
    expect(clock.pending).toBeGreaterThan(before);
    fixture.gateway.endStreams();
    expect(await events.rest()).toEqual([]);
    expect(clock.pending).toBe(before);
  });
});

describe('a stream that begins while the gateway ends', () => {
  const keyRing = ringOf([{ name: 'of-project', scopes: ['sessions:read'], projects: ['p'] }]);
  const fixture = useRecorder({
    transport,
    liveLimits: { rate: 0 },
    credentials: { heldKey: 'held', keyRing },
  });

  it('is complete at once, and delays no other stream', async () => {
    let answer: (() => void) | undefined;
    fixture.respond = (_recorded, response) => {
      answer = () => json(response, { success: true, script: { id: 's', project_id: 'p' } });
    };
    const before = clock.pending;
    const subscribing = subscribe(fixture.gateway, {}, bearer('of-project'));
    await eventually(() => expect(answer).toBeDefined());
    fixture.gateway.endStreams();
    answer?.();
    expect(await (await subscribing).rest()).toEqual([]);
    await eventually(() => expect(clock.pending).toBe(before));
  });
});
