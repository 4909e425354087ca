import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../../src/features/metrics/metrics.ts';
import { createLiveApi } from '../../support/api/live-api.ts';
import { wireScript } from '../../support/api/plain-api.ts';
import { json, type Respond } from '../../support/api/recorder.ts';
import { next, snapshot, subscribe } from '../../support/clients/live-events.ts';
import { createManualClock } from '../../support/clocks/clock.ts';
import { useOpened } from '../../support/gateways/fixture.ts';
import type { TestGatewayOptions } from '../../support/gateways/gateway.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const { open, record } = useOpened();

const MINUTE_MS = 60_000;
/** So long a sample waits for a second poll, where a page may be cut. */
const SURE_MS = 4_000;
const HISTORY = `query ($id: ID! = "s") { script(id: $id) { onlineHistory { periodMs sessions } } }`;

interface History {
  readonly script: { readonly onlineHistory: { readonly sessions: readonly (number | null)[] } | null };
}

/** A gateway that samples the script `s`, and an API that has it. */
async function openSampled(api = createLiveApi(), options: Partial<TestGatewayOptions> = {}) {
  const clock = createManualClock();
  const metrics = createMetrics();
  const failures: string[] = [];
  let pollsEnded = 0;
  const respond: Respond = (recorded, response) => {
    const { line } = recorded;
    if (api.trouble) return api.trouble(recorded, response);
    if (/^GET \/scripts\/\w+$/.test(line)) return json(response, { success: true, script: wireScript('s') });
    return api.respond(recorded, response);
  };
  const recorder = await record(respond);
  const { gateway } = await open({
    upstream: recorder.url,
    transport: { clock, random: () => 0 },
    credentials: { heldKey: 'sandbox-key' },
    liveLimits: { rate: 0 },
    liveObserver: {
      polled() {
        pollsEnded += 1;
      },
    },
    metricsScripts: ['s'],
    onlineObserver: {
      ...metrics.online,
      failed: (scriptId, reason) => failures.push(`${scriptId}: ${reason}`),
    },
    ...options,
  });
  const polls = () => recorder.lines().filter((line) => line === 'POST /scripts/s/sessions').length;
  return {
    api,
    clock,
    gateway,
    failures,
    /** Lets the second poll of a sample begin. */
    async poll() {
      await eventually(() => expect(pollsEnded).toBe(1));
      await clock.advance(2_000);
    },
    polls,
    /** Lets time pass until the next sample has begun, and waits for its first poll. */
    async nextSample() {
      const before = pollsEnded;
      let pending: number;
      // A sample sets further timers.
      do {
        pending = clock.pending;
        await clock.advance(clock.nextAt - clock.now());
      } while (clock.pending <= pending);
      await eventually(() => expect(pollsEnded).toBe(before + 1));
    },
    lines: recorder.lines,
    expectSeries: (...series: readonly string[]) =>
      eventually(async () => {
        const lines = (await metrics.text()).split('\n');
        expect(lines.filter((line) => line.startsWith('luaauth_script_')).sort()).toEqual(series);
      }),
  };
}

const sessions = (count: number) => `luaauth_script_sessions{script="s"} ${count}`;

function liveApi(...ids: readonly string[]) {
  const api = createLiveApi();
  api.connect('s', ...ids);
  return api;
}

describe('a script in METRICS_SCRIPTS', () => {
  it('shares its poll with two subscriptions', async () => {
    const { gateway, clock, polls, expectSeries } = await openSampled(liveApi('a', 'b'));
    const both = [await subscribe(gateway), await subscribe(gateway)];
    for (const events of both) expect((await next(events)).event).toEqual(snapshot('a', 'b'));
    expect(polls()).toBe(1);
    await clock.advance(SURE_MS);
    await expectSeries(sessions(2));
    for (const events of both) events.leave();
  });

  it('is sampled once a minute, with one call while the list is shorter than a page has been', async () => {
    const users = Array.from({ length: 30 }, (_, index) => `u${index}`);
    const { api, clock, poll, polls, nextSample, expectSeries, gateway } = await openSampled(
      liveApi(...users),
    );
    await eventually(() => expect(polls()).toBe(1));
    // The second poll makes sure that no page follows.
    await poll();
    await eventually(() => expect(polls()).toBe(3));
    await clock.advance(SURE_MS);
    await expectSeries(sessions(30));
    api.leave('s', ...users.slice(4));
    for (const minute of [1, 2]) {
      await nextSample();
      await expectSeries(sessions(4));
      expect(polls()).toBe(3 + minute);
    }
    const { data } = await gateway.execute<History, object>(HISTORY);
    const counts = data?.script.onlineHistory?.sessions ?? [];
    expect(counts).toHaveLength(144);
    // The most of each ten minutes; the third sample may be in the next ones.
    expect(counts.filter((count) => count !== null).at(0)).toBe(30);
  });

  it('is counted as a whole where a page has fewer users than was asked for', async () => {
    const api = createLiveApi({ cap: 20 });
    api.connect('s', ...Array.from({ length: 30 }, (_, index) => `u${index}`));
    const { poll, expectSeries } = await openSampled(api);
    await poll();
    await expectSeries(sessions(30));
  });

  it('has no series while LuaAuth refuses it, which is reported once', async () => {
    const api = liveApi('a');
    api.trouble = (_recorded, response) =>
      json(response, {
        success: false,
        error: { code: -1, message: 'unauthorized or invalid request' },
      });
    const { clock, failures, polls, nextSample, expectSeries } = await openSampled(api);
    await eventually(() => expect(failures).toEqual(['s: LuaAuth refused: not permitted']));
    await nextSample();
    // Only the timer of the next sample is left.
    await eventually(() => expect(clock.pending).toBe(1));
    await expectSeries();
    api.trouble = undefined;
    await nextSample();
    expect(polls()).toBe(3);
    await clock.advance(SURE_MS);
    await expectSeries(sessions(1));
    expect(failures).toHaveLength(1);
  });

  it('is sampled beside all allowed subscriptions, without ending any', async () => {
    const api = liveApi('a');
    api.connect('other', 'b');
    const { gateway, clock, failures, expectSeries } = await openSampled(api, {
      liveLimits: { rate: 0, maxStreams: 4, maxScripts: 1 },
    });
    const both = [await subscribe(gateway, { id: 'other' }), await subscribe(gateway, { id: 'other' })];
    for (const events of both) expect((await next(events)).event).toEqual(snapshot('b'));
    await clock.advance(SURE_MS);
    await expectSeries(sessions(1));
    api.connect('other', 'c');
    await clock.advance(2 * MINUTE_MS);
    for (const events of both) {
      // Time passed while polls were under way, so a delay may come first.
      let told = '';
      while (!told.includes('"c"')) told = JSON.stringify(await next(events));
      events.leave();
    }
    expect(failures).toEqual([]);
  });

  it('is no longer sampled when the gateway ends', async () => {
    const { gateway, clock, poll, polls } = await openSampled(liveApi('a'));
    await poll();
    gateway.endStreams();
    const before = polls();
    await clock.advance(10 * MINUTE_MS);
    expect([polls(), clock.pending]).toEqual([before, 0]);
  });
});

it('a script that is not sampled has no history', async () => {
  const { gateway } = await openSampled(liveApi('a'), { metricsScripts: ['other'] });
  const { data } = await gateway.execute(HISTORY);
  expect(data).toEqual({ script: { onlineHistory: null } });
});

it('the numbers of a history count as objects of the answer, under each name', async () => {
  const { gateway, lines } = await openSampled();
  const histories = (count: number) =>
    Array.from({ length: count }, (_, index) => `h${index}: onlineHistory { sessions }`).join(' ');
  const ids = Array.from({ length: 100 }, (_, index) => `s${index}`);
  const ask = (count: number, headers: Record<string, string> = {}) =>
    gateway.execute<unknown, object>(
      `query ($ids: [ID!]!) { scripts(ids: $ids) { ${histories(count)} } }`,
      { ids },
      headers,
    );
  const { extensions } = await ask(1, { 'x-upstream': 'plan' });
  expect(extensions?.upstream).toMatchObject({ objects: 100 * (1 + 1 + 144) });
  expect((await ask(2)).errors).toEqual([
    expect.toBeError('ANSWER_TOO_LARGE', { found: 100 + 2 * 100 * 145, limit: 20_000 }),
  ]);
  expect(lines().filter((line) => /s\d/.test(line))).toEqual([]);
});

it('a gateway without a key of its own samples nothing', async () => {
  await expect(openSampled(createLiveApi(), { credentials: {} })).rejects.toThrow(
    'metricsScripts needs credentials.heldKey, the LuaAuth key for its polls. Give it, or leave metricsScripts out.',
  );
});
