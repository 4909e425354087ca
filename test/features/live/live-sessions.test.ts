import { describe, expect, it } from 'vitest';
import { createLiveApi, refuse, wireUser } from '../../support/api/live-api.ts';
import { json } from '../../support/api/recorder.ts';
import { subscribeBySse } from '../../support/clients/event-stream.ts';
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
import { createManualClock, settle } from '../../support/clocks/clock.ts';
import { useRecorder } from '../../support/gateways/fixture.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const POLL_MS = 2_000;

const clock = createManualClock();
let pollsEnded = 0;
let streams = 0;
const transport = { clock, random: () => 0 };
const liveObserver = {
  counted(counts: { readonly streams: number }) {
    streams = counts.streams;
  },
  polled() {
    pollsEnded += 1;
  },
};
const fixture = useRecorder({ transport, liveLimits: { rate: 0 }, liveObserver });

/** The API that a test's gateway asks. */
function useApi(options?: Parameters<typeof createLiveApi>[0]) {
  const api = createLiveApi(options);
  fixture.respond = (recorded, response) => api.respond(recorded, response);
  return api;
}

const polls = () => fixture.recorder.lines().filter((line) => line.startsWith('POST /scripts/')).length;
/** Lets the next poll begin, and waits until it has ended. */
async function poll(ms = POLL_MS): Promise<void> {
  const before = pollsEnded;
  await clock.advance(ms);
  await eventually(() => expect(pollsEnded).toBeGreaterThan(before));
}

/** Waits until the gateway knows that the others have left. */
const onlySoManyAreLeft = (count: number) => eventually(() => expect(streams).toBe(count));

describe('a stream of connected users', () => {
  it('begins with all of them, and tells what changes', async () => {
    const api = useApi();
    api.connect('s', 'a', 'b');
    const events = await subscribe(fixture.gateway);
    const first = await next(events);
    expect(first).toMatchObject({ event: snapshot('a', 'b'), sequence: 1, nextPollMs: POLL_MS });
    api.connect('s', 'c');
    api.leave('s', 'a');
    await poll();
    const second = await next(events);
    expect(second).toMatchObject({ event: change(['c'], ['a']), sequence: 2 });
    expect(second.cursor).not.toBe(first.cursor);
    events.leave();
  });

  it('is silent while nothing changes, and polls ever less often until something does', async () => {
    const api = useApi();
    api.connect('s', 'a');
    const events = await subscribe(fixture.gateway);
    await next(events);
    // As `x-upstream: plan` says; then the end of the list is looked for, once.
    expect(polls()).toBe(1);
    for (const [ms, calls] of [
      [2_000, 2],
      [3_000, 1],
      [4_500, 1],
      [6_750, 1],
      [10_125, 1],
    ] as const) {
      const before = polls();
      await clock.advance(ms - 2);
      await settle();
      expect(polls()).toBe(before);
      await poll(2);
      expect(polls()).toBe(before + calls);
    }
    api.connect('s', 'b');
    await poll(15_188);
    expect(await next(events)).toMatchObject({ event: change(['b']), sequence: 2, nextPollMs: POLL_MS });
    events.leave();
  });

  it('shares its polls with all others of the script, whatever their filters', async () => {
    const api = useApi();
    api.users.set('s', [wireUser('a', { place_id: 1 }), wireUser('b', { place_id: 2 }), wireUser('c')]);
    const [first, ...others] = await Promise.all(
      Array.from({ length: 30 }, () => subscribe(fixture.gateway)),
    );
    const all = [first as Events, ...others];
    expect(await Promise.all(all.map(async (events) => (await next(events)).event))).toEqual(
      all.map(() => snapshot('a', 'b', 'c')),
    );
    const before = fixture.recorder.calls.length;
    const ofPlace = await subscribe(fixture.gateway, { filter: { placeId: '1' } });
    const ofKey = await subscribe(fixture.gateway, { filter: { userKey: 'key of c', placeId: '2' } });
    expect((await next(ofPlace)).event).toEqual(snapshot('a'));
    expect((await next(ofKey)).event).toEqual(snapshot('c'));
    expect(fixture.recorder.calls.length).toBe(before);
    api.leave('s', 'a', 'c');
    api.connect('s', 'd');
    await poll();
    expect((await next(ofPlace)).event).toEqual(change([], ['a']));
    expect((await next(ofKey)).event).toEqual(change([], ['c']));
    for (const events of all) expect((await next(events)).event).toEqual(change(['d'], ['a', 'c']));
    for (const events of [...all, ofPlace, ofKey]) events.leave();
  });

  it('ends the polls when the last one has left, and forgets what was known', async () => {
    const api = useApi();
    api.connect('s', 'a');
    const [one, other] = [await subscribe(fixture.gateway), await subscribe(fixture.gateway)];
    await next(one);
    const { cursor } = await next(other);
    one.leave();
    await poll();
    other.leave();
    await eventually(() => expect(clock.pending).toBe(0));
    api.connect('s', 'b');
    // Until then, the answer of the last poll is as good as a new one.
    await clock.advance(POLL_MS);
    const again = await subscribe(fixture.gateway, { after: cursor });
    expect((await next(again)).event).toEqual(snapshot('a', 'b'));
    again.leave();
  });

  it('goes on from the cursor of the state that is known, else begins with a snapshot', async () => {
    const api = useApi();
    api.connect('s', 'a', 'b');
    const staying = await subscribe(fixture.gateway);
    const { cursor } = await next(staying);
    api.leave('s', 'a');
    await poll();
    const { cursor: newest } = await next(staying);
    const before = fixture.recorder.calls.length;
    const upToDate = await subscribe(fixture.gateway, { after: newest });
    expect(await next(upToDate)).toMatchObject({ event: change([]), sequence: 1, cursor: newest });
    const streams = [staying, upToDate];
    for (const after of [cursor, 'nobody-knows.1']) {
      const behind = await subscribe(fixture.gateway, { after });
      expect((await next(behind)).event).toEqual(snapshot('b'));
      streams.push(behind);
    }
    expect(fixture.recorder.calls.length).toBe(before);
    for (const events of streams) events.leave();
  });

  it('sends a snapshot once a minute, which repairs a lost event', async () => {
    const api = useApi();
    api.connect('s', 'a');
    const events = await subscribe(fixture.gateway);
    await next(events);
    for (const ms of [2_000, 3_000, 4_500, 6_750, 10_125, 15_188, 22_782]) await poll(ms);
    expect(await next(events)).toMatchObject({ event: snapshot('a'), sequence: 2 });
    events.leave();
  });

  it('is polled at once when one of its sessions is ended through the gateway', async () => {
    const api = useApi();
    api.connect('s', 'a', 'b');
    const events = await subscribe(fixture.gateway);
    await next(events);
    api.leave('s', 'a');
    const before = polls();
    const { data } = await fixture.gateway.execute<{ disconnectSession: object }, object>(
      'mutation { disconnectSession(input: { id: "a" }) { __typename } }',
    );
    expect(data?.disconnectSession).toEqual({ __typename: 'DisconnectSessionSuccess' });
    expect((await next(events)).event).toEqual(change([], ['a']));
    expect(polls()).toBe(before + 1);
    events.leave();
  });
});

describe('a poll that is under way when a session is ended through the gateway', () => {
  it('is followed by another one at once, as it may have read that session', async () => {
    const api = useApi();
    api.connect('s', 'a', 'b');
    const events = await subscribe(fixture.gateway);
    await next(events);
    const users = api.users.get('s');
    let answer: (() => void) | undefined;
    fixture.respond = (recorded, response) => {
      if (!recorded.line.startsWith('POST /scripts/') || answer) return api.respond(recorded, response);
      answer = () => json(response, { success: true, sessions: users });
    };
    await clock.advance(POLL_MS);
    await eventually(() => expect(answer).toBeDefined());
    api.leave('s', 'a');
    await fixture.gateway.execute('mutation { disconnectSession(input: { id: "a" }) { __typename } }');
    answer?.();
    await poll(0);
    await poll(0);
    expect((await next(events)).event).toEqual(change([], ['a']));
    events.leave();
  });
});

describe('with a TTL that is longer than the time between two polls', () => {
  const cached = useRecorder({
    transport: { ...transport, freshMs: 60_000 },
    liveLimits: { rate: 0 },
    liveObserver,
  });

  it('each poll asks LuaAuth all the same', async () => {
    const api = createLiveApi();
    cached.respond = (recorded, response) => api.respond(recorded, response);
    api.connect('s', 'a');
    const events = await subscribe(cached.gateway);
    await next(events);
    api.connect('s', 'b');
    await poll();
    expect((await next(events)).event).toEqual(change(['b']));
    events.leave();
  });
});

describe('a list of several pages', () => {
  const ids = (count: number, prefix = 'u') =>
    Array.from({ length: count }, (_, index) => `${prefix}${index}`);

  /** The first poll is one call, and shows one page; the second shows all. */
  async function nextWhole(events: Events) {
    expect((await next(events)).event).toEqual(snapshot(...ids(3)));
    await poll();
    return next(events);
  }

  it('is shown as a whole by the second poll, and reports no session that was there before', async () => {
    const api = useApi({ cap: 3 });
    api.connect('s', ...ids(7));
    const events = await subscribe(fixture.gateway);
    expect((await nextWhole(events)).event).toEqual(snapshot(...ids(7)));
    events.leave();
  });

  it('is read to its end, and shows who is on two of its pages once', async () => {
    const api = useApi({ cap: 3 });
    api.connect('s', ...ids(7));
    // Somebody connects before the others: the last of the first page is the first of the second.
    api.beforePage = (from) => {
      if (from !== 3) return;
      api.users.set('s', [wireUser('new', { script_id: 's' }), ...(api.users.get('s') ?? [])]);
      api.beforePage = () => undefined;
    };
    const events = await subscribe(fixture.gateway);
    const { event } = await nextWhole(events);
    expect(event.sessions).toEqual(ids(7));
    await poll();
    expect((await next(events)).event).toEqual(change(['new']));
    events.leave();
  });

  it('counts a disappearance that several pages show once it is shown twice, and polls again soon', async () => {
    const api = useApi({ cap: 3 });
    api.connect('s', ...ids(9));
    const events = await subscribe(fixture.gateway);
    await nextWhole(events);
    api.leave('s', 'u0', 'u2');
    await poll();
    await poll();
    expect((await next(events)).event).toEqual(change([], ['u0', 'u2']));
    events.leave();
  });

  it('does not take one for gone that a shifted page has missed', async () => {
    const api = useApi({ cap: 3 });
    api.connect('s', ...ids(7));
    const events = await subscribe(fixture.gateway);
    await nextWhole(events);
    // The first leaves while the second page is waited for: the fourth moves onto the page that is read already.
    api.beforePage = (from) => {
      if (from !== 3) return;
      api.leave('s', 'u0');
      api.beforePage = () => undefined;
    };
    await poll();
    await poll();
    await poll();
    expect((await next(events)).event).toEqual(change([], ['u0']));
    events.leave();
  });

  it.each([
    ['just longer than a page', 3, ids(4)],
    ['as long as a page that was asked for', 100, ids(100)],
  ])('that is %s does not lose a session that moves onto the first page', async (_length, cap, all) => {
    const api = useApi({ cap });
    api.connect('s', ...all);
    const events = await subscribe(fixture.gateway);
    const { event } = cap === 3 ? await nextWhole(events) : await next(events);
    expect(event).toEqual(snapshot(...all));
    if (cap === 100) api.users.set('s', [wireUser('new'), ...(api.users.get('s') ?? [])]);
    // The first user leaves before the second page, which is then empty. The last user moves onto the first page.
    api.beforePage = (from) => {
      if (from !== cap) return;
      api.leave('s', 'u0');
      api.beforePage = () => undefined;
    };
    await poll();
    if (cap === 100) expect((await next(events)).event).toEqual(change(['new']));
    await poll();
    await poll();
    expect((await next(events)).event).toEqual(change([], ['u0']));
    events.leave();
  });

  it('is not asked for again and again when each of its pages is the same', async () => {
    const api = useApi();
    fixture.respond = (recorded, response) => api.respond({ ...recorded, body: '{}' }, response);
    api.connect('s', ...ids(3));
    const events = await subscribe(fixture.gateway);
    expect((await next(events)).event).toEqual(snapshot(...ids(3)));
    api.connect('s', 'new');
    const before = polls();
    await poll();
    expect((await next(events)).event).toEqual(snapshot(...ids(3), 'new'));
    expect(polls()).toBe(before + 2);
    api.leave('s', 'u1');
    await poll();
    expect((await next(events)).event).toEqual(change([], ['u1']));
    events.leave();
  });

  it('is followed up to 2,000 sessions', async () => {
    const api = useApi({ cap: 100 });
    api.connect('s', ...ids(2_001));
    const events = await subscribe(fixture.gateway);
    const { event } = await next(events);
    expect([event.complete, event.sessions?.length]).toEqual([false, 2_000]);
    events.leave();
  });
});

describe('a list that was longer than the followed part for a while', () => {
  const short = useRecorder({ transport, liveLimits: { rate: 0, maxSessions: 2 }, liveObserver });

  it('is shown as a whole to who resumes from before', async () => {
    const api = createLiveApi();
    short.respond = (recorded, response) => api.respond(recorded, response);
    api.connect('s', 'a');
    const staying = await subscribe(short.gateway);
    const { cursor } = await next(staying);
    api.connect('s', 'b');
    await poll();
    expect((await next(staying)).event).toEqual(change(['b']));
    api.connect('s', 'c');
    await poll();
    expect((await next(staying)).event).toEqual({ ...snapshot('a', 'b'), complete: false });
    api.leave('s', 'a');
    await poll(3_000);
    expect((await next(staying)).event).toEqual(snapshot('b', 'c'));
    api.leave('s', 'b');
    await poll();
    expect((await next(staying)).event).toEqual(change([], ['b']));
    const resumed = await subscribe(short.gateway, { after: cursor });
    expect((await next(resumed)).event).toEqual(snapshot('c'));
    for (const events of [staying, resumed]) events.leave();
  });
});

describe('trouble', () => {
  /** A state is old after two intervals. */
  const untilOld = async () => {
    await poll();
    await clock.advance(POLL_MS);
  };

  it('changes nothing, and is told once for each time that it begins', async () => {
    const api = useApi();
    api.connect('s', 'a');
    const events = await subscribe(fixture.gateway);
    await next(events);
    api.trouble = (_recorded, response) => void response.writeHead(503).end();
    await untilOld();
    const told = await next(events);
    expect(told).toMatchObject({ event: delay('API_UNAVAILABLE'), sequence: 2 });
    await poll(1_000);
    api.trouble = undefined;
    api.connect('s', 'b');
    await poll(4_500);
    expect(await next(events)).toMatchObject({ event: change(['b']), sequence: 3 });
    api.trouble = (_recorded, response) => void response.writeHead(503).end();
    await untilOld();
    expect(await next(events)).toMatchObject({ event: delay('API_UNAVAILABLE'), sequence: 4 });
    events.leave();
  });

  it('before the first answer is told as well, and to who comes later', async () => {
    const api = useApi();
    api.trouble = (_recorded, response) => void response.writeHead(503).end();
    const events = await subscribe(fixture.gateway);
    await settle();
    await poll(3_000);
    await clock.advance(1_000);
    expect((await next(events)).event).toEqual(delay('API_UNAVAILABLE'));
    const other = await subscribe(fixture.gateway);
    expect((await next(other)).event).toEqual(delay('API_UNAVAILABLE'));
    api.trouble = undefined;
    api.connect('s', 'a');
    await poll(3_500);
    expect((await next(events)).event).toEqual(snapshot('a'));
    expect((await next(other)).event).toEqual(snapshot('a'));
    for (const one of [events, other]) one.leave();
  });

  it('that no stream has seen is not sent to a later stream', async () => {
    const api = useApi();
    api.connect('s', 'a');
    const events = await subscribe(fixture.gateway);
    await next(events);
    api.trouble = (_recorded, response) => void response.writeHead(503).end();
    await untilOld();
    expect((await next(events)).event).toEqual(delay('API_UNAVAILABLE'));
    events.leave();
    await onlySoManyAreLeft(0);
    api.trouble = undefined;
    await clock.advance(9_000);
    const again = await subscribe(fixture.gateway);
    expect((await next(again)).event).toEqual(snapshot('a'));
    again.leave();
  });

  it('names the state that the subscriber was told, not a later one', async () => {
    const api = useApi();
    api.connect('s', 'a');
    const [one, other] = [await subscribe(fixture.gateway), await subscribe(fixture.gateway)];
    const { cursor } = await next(one);
    await next(other);
    one.leave();
    await onlySoManyAreLeft(1);
    api.connect('s', 'b');
    await poll();
    expect((await next(other)).event).toEqual(change(['b']));
    other.leave();
    await onlySoManyAreLeft(0);
    await clock.advance(POLL_MS);
    api.trouble = (_recorded, response) => void response.writeHead(503).end();
    const [again, anew] = [
      await subscribe(fixture.gateway, { after: cursor }),
      await subscribe(fixture.gateway),
    ];
    await settle();
    await poll(3_000);
    await clock.advance(1_000);
    expect(await next(again)).toMatchObject({ event: delay('API_UNAVAILABLE'), cursor });
    const told = await next(anew);
    expect(told.event).toEqual(delay('API_UNAVAILABLE'));
    for (const events of [again, anew]) events.leave();
    await onlySoManyAreLeft(0);
    const resumed = await subscribe(fixture.gateway, { after: told.cursor });
    await settle();
    await poll(3_000);
    await clock.advance(1_000);
    expect((await next(resumed)).event).toEqual(delay('API_UNAVAILABLE'));
    api.trouble = undefined;
    await poll(3_500);
    expect((await next(resumed)).event).toEqual(snapshot('a', 'b'));
    resumed.leave();
  });

  it('is an error, and the end, if LuaAuth refuses to say more', async () => {
    const api = useApi();
    api.connect('s', 'a');
    const [one, other] = [await subscribe(fixture.gateway), await subscribe(fixture.gateway)];
    await next(one);
    await next(other);
    api.trouble = refuse;
    await poll();
    for (const events of [one, other]) {
      const [told, ...more] = await events.rest();
      expect(told?.errors).toMatchObject([
        expect.toBeError('FORBIDDEN', { endpoint: 'POST /scripts/:script_id/sessions' }),
      ]);
      expect(more).toEqual([]);
    }
    const before = polls();
    await clock.advance(60_000);
    expect(polls()).toBe(before);
  });
});

describe('who asks for a stream', () => {
  it('needs a key', async () => {
    useApi();
    expect(await refusalOf(await subscribe(fixture.gateway, {}, {}))).toMatchObject([
      [expect.toBeError('UNAUTHENTICATED')],
    ]);
    expect(fixture.recorder.calls).toEqual([]);
  });

  it('is told what is wrong with the arguments', async () => {
    useApi();
    for (const variables of [{ id: '../x' }, { filter: { robloxId: '' } }, { after: 'x'.repeat(101) }])
      expect(await refusalOf(await subscribe(fixture.gateway, variables))).toMatchObject([
        [expect.toBeError('BAD_USER_INPUT')],
      ]);
    expect(fixture.recorder.calls).toEqual([]);
  });

  it('is told the price beforehand, and refused what costs a call for each session', async () => {
    const api = useApi();
    api.connect('s', 'a');
    const plan = await subscribeBySse(
      fixture.gateway,
      EVENTS,
      { id: 's' },
      { token: 'k', 'x-upstream': 'plan' },
    );
    const [planned] = await plan.rest();
    expect(planned?.extensions?.upstream).toMatchObject({ price: 1, objects: 2_001 });
    const dear = await subscribeBySse(
      fixture.gateway,
      'subscription { scriptSessions(scriptId: "s") { ... on SessionsSnapshot { sessions { user { note } } } } }',
    );
    expect(await refusalOf(dear)).toMatchObject([[expect.toBeError('OPERATION_TOO_EXPENSIVE')]]);
    expect(fixture.recorder.calls).toEqual([]);
  });

  it('is answered by a stream alone', async () => {
    useApi();
    const { status, errors } = await fixture.gateway.execute(EVENTS, { id: 's' });
    expect([status, errors?.[0]?.extensions.code]).toEqual([406, 'NOT_ACCEPTABLE']);
    expect(fixture.recorder.calls).toEqual([]);
  });
});
