import { describe, expect, it } from 'vitest';
import { defaults, readConfig } from '../../src/config/config.ts';
import { createCacheEntries } from '../../src/state/cache-entries.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import { createVersions } from '../support/api/versions.ts';
import { SCRIPT, SCRIPTS, WHOLE_SCRIPT } from '../support/clients/reads.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { expectCalls } from '../support/vitest/waiting.ts';
import { createTransportScene, type Fate } from './transport-scene.ts';

const FRESH_MS = 1_000;
const STALE_MS = 60_000;
const WINDOW_MS = 1_002;
const cached = { freshMs: FRESH_MS, staleMs: STALE_MS };

const REFUSED = { success: false, error: { code: -1, message: 'unauthorized or invalid request' } };
const SERVER_ERROR = { success: false, error: { code: -1, message: 'internal server error' } };
const RATE_LIMITED = { success: false, error: { code: -1, message: 'ratelimited' } };
const PAGE = 200;

describe('a kept answer', () => {
  it('is served without a call for as long as it is fresh', async () => {
    const scene = createTransportScene(cached);
    expect(await scene.read()).toBe('v1');
    await scene.pass(FRESH_MS - 1);
    expect(await scene.read()).toBe('v1 fresh');
    await scene.pass(1);
    expect(await scene.read()).toBe('v1');
    expect(scene.take()).toEqual(['GET /scripts/a', 'GET /scripts/a']);
  });

  it('is as old as its request, not as its answer', async () => {
    const scene = createTransportScene(cached);
    scene.hold();
    const first = scene.read();
    await scene.pass(FRESH_MS - 1);
    await scene.release();
    expect([await first, await scene.read()]).toEqual(['v1', 'v1 fresh']);
    await scene.pass(1);
    expect(await scene.read()).toBe('v1');
  });

  it('is of one key only', async () => {
    const scene = createTransportScene(cached);
    for (const key of ['one', 'other']) expect(await scene.read('a', { key })).toBe('v1');
    for (const key of ['one', 'other']) expect(await scene.read('a', { key })).toBe('v1 fresh');
  });

  it.each<[string, Fate, string]>([
    ['a refusal', REFUSED, 'Refused'],
    ['an answer that cannot be used', PAGE, 'BadResponse'],
    ['an answer that ends early', 'half', 'BadResponse'],
  ])('is never made of %s', async (_title, fate, told) => {
    const scene = createTransportScene(cached);
    scene.answer = () => fate;
    expect(await scene.read()).toBe(told);
    scene.answer = scene.answerPlainly;
    expect(await scene.read()).toBe('v1');
  });

  it('is not made at all where FRESH_MS and STALE_MS are 0', async () => {
    const scene = createTransportScene();
    expect([await scene.read(), await scene.read()]).toEqual(['v1', 'v1']);
  });
});

describe('when the API fails, a kept answer', () => {
  it.each<[string, Fate]>([
    ['is unavailable', 503],
    ['breaks the connection', 'broken'],
    ['has an internal error', SERVER_ERROR],
    ['sends half an answer', 'half'],
  ])('that is no longer fresh is served in place of the failure of an API that %s', async (_title, fate) => {
    const scene = createTransportScene(cached);
    await scene.read();
    await scene.pass(FRESH_MS + 500);
    scene.answer = () => fate;
    expect(await scene.read()).toBe('v1 stale 1500');
    // The call and its two retries.
    expect(scene.take()).toHaveLength(4);
  });

  it('is served when the call has timed out', async () => {
    const scene = createTransportScene({ freshMs: 0, staleMs: STALE_MS });
    expect([await scene.read(), await scene.read()]).toEqual(['v1', 'v1']);
    scene.answer = () => 'silent';
    const read = scene.read();
    await scene.pass(5_000);
    expect(await read).toBe('v1 stale 5000');
  });

  it.each<[string, Fate, string]>([
    ['a refusal', REFUSED, 'Refused'],
    ['an answer that cannot be used', PAGE, 'BadResponse'],
  ])('does not replace %s', async (_title, fate, told) => {
    const scene = createTransportScene(cached);
    await scene.read();
    await scene.pass(FRESH_MS);
    scene.answer = () => fate;
    expect(await scene.read()).toBe(told);
  });

  it('is served without a call while the breaker is open', async () => {
    const scene = createTransportScene(cached);
    await scene.read();
    await scene.pass(FRESH_MS);
    scene.answer = () => 503;
    for (const id of ['v', 'w', 'x', 'y', 'z']) await scene.read(id);
    scene.take();
    expect([await scene.read(), await scene.read('z')]).toEqual(['v1 stale 1000', 'Unavailable']);
    expect(scene.take()).toEqual([]);
  });

  it('is served until it is too old', async () => {
    const scene = createTransportScene(cached);
    await scene.read();
    await scene.pass(STALE_MS - 1);
    scene.answer = () => 503;
    expect(await scene.read()).toBe('v1 stale 59999');
    await scene.pass(1);
    expect(await scene.read()).toBe('Unavailable');
  });

  it('is not served once it has grown too old while its call was tried', async () => {
    const scene = createTransportScene(cached);
    await scene.read();
    await scene.pass(STALE_MS - 1_000);
    scene.answer = () => 'silent';
    const read = scene.read();
    await scene.pass(5_000);
    expect(await read).toBe('TimedOut');
  });
});

describe('when the quota has no room, a kept answer', () => {
  /** An answer to `a` that is no longer fresh, and a quota of two that is used up. */
  const useUpTheQuota = async (ageMs = WINDOW_MS) => {
    const scene = createTransportScene({ ...cached, rate: 2 });
    await scene.read();
    await scene.pass(ageMs);
    await Promise.all([scene.read('b'), scene.read('c')]);
    scene.take();
    return scene;
  };

  it('is served at once, and renewed once in the background', async () => {
    const scene = await useUpTheQuota();
    for (let index = 0; index < 5; index += 1) expect(await scene.read()).toBe('v1 stale 1002');
    expect(scene.take()).toEqual([]);
    await scene.pass(WINDOW_MS);
    expect(scene.take()).toEqual(['GET /scripts/a']);
    expect(await scene.read()).toBe('v1 fresh');
  });

  it('is renewed after all calls of clients', async () => {
    const scene = await useUpTheQuota();
    await scene.read();
    const others = ['d', 'e', 'f'].map((id) => scene.read(id));
    await scene.pass(2 * WINDOW_MS);
    expect(await Promise.all(others)).toEqual(['v1', 'v1', 'v1']);
    expect(scene.take()).toEqual(['d', 'e', 'f', 'a'].map((id) => `GET /scripts/${id}`));
  });

  it('stays when its renewal fails, and the next read tries again', async () => {
    const scene = await useUpTheQuota();
    await scene.read();
    scene.answer = () => PAGE;
    await scene.pass(WINDOW_MS);
    expect(scene.take()).toEqual(['GET /scripts/a']);
    scene.answer = scene.answerPlainly;
    expect(await scene.read()).toBe('v1');
  });

  it('is renewed within the time that a read would have', async () => {
    const scene = await useUpTheQuota();
    await scene.read();
    scene.answer = () => 'silent';
    await scene.pass(WINDOW_MS);
    scene.answer = scene.answerPlainly;
    const joined = scene.read('a', { timeoutMs: 20_000 });
    await scene.pass(4_999);
    expect(scene.take()).toEqual(['GET /scripts/a']);
    await scene.pass(1);
    expect(await joined).toBe('v1');
    expect(scene.take()).toEqual(['GET /scripts/a']);
  });

  it('is not served if it is too old: the read waits', async () => {
    const scene = await useUpTheQuota(STALE_MS);
    const read = scene.read();
    await scene.pass(WINDOW_MS);
    expect(await read).toBe('v1');
  });

  it('is served at once while its endpoint is paused', async () => {
    const scene = await useUpTheQuota();
    await scene.pass(WINDOW_MS);
    scene.answer = () => RATE_LIMITED;
    const other = scene.read('other');
    await scene.pass(0);
    scene.answer = scene.answerPlainly;
    expect(await scene.read()).toBe('v1 stale 2004');
    await scene.pass(6_000);
    expect(await other).toBe('v1');
  });
});

describe('over HTTP', () => {
  const clock = createManualClock();
  const ttl = readConfig({ FRESH_MS: '1s', STALE_MS: '60s', CACHE_TTL: 'sessions=5s, executions=0' });
  const { freshMs, freshMsFor, staleMs } = 'config' in ttl ? ttl.config : defaults;
  const fixture = useRecorder({ transport: { clock, random: () => 0, freshMs, freshMsFor, staleMs } });

  it('each kind of data has its own time, as the operator says', async () => {
    fixture.respond = createVersions().answer;
    const callsAfter = async (ms: number) => {
      await clock.advance(ms);
      fixture.recorder.calls.length = 0;
      await fixture.gateway.execute(WHOLE_SCRIPT, { id: 'a' });
      return fixture.recorder.calls.map(({ line }) => line.replace(/\?.*/, '')).sort();
    };
    const script = 'GET /scripts/a';
    expect(await callsAfter(0)).toHaveLength(4);
    expect(await callsAfter(0)).toEqual([`${script}/executions`]);
    expect(await callsAfter(1_000)).toEqual([script, `${script}/executions`]);
  });

  it('an answer says that it is older, beside the errors of what could not be read', async () => {
    fixture.respond = answerPlainly;
    const { extensions } = await fixture.gateway.execute(SCRIPT, { id: 'a' });
    expect(extensions).toBeUndefined();
    await clock.advance(FRESH_MS);
    fixture.respond = (_recorded, response) => void response.writeHead(503).end();
    const { data, errors, extensions: later } = await fixture.gateway.execute(SCRIPTS, { ids: ['a', 'z'] });
    expect(data?.scripts).toMatchObject([{ name: 'name of a' }, null]);
    expect(errors).toMatchObject([expect.toBeError('UPSTREAM_UNAVAILABLE', { path: ['scripts', 1] })]);
    expect(later).toEqual({ upstream: { stale: 1, oldestMs: FRESH_MS } });
    await expectCalls(fixture.recorder, 7);
  });
});

it('an entry is kept for its time, and an older answer never takes the place of a newer one', () => {
  const entries = createCacheEntries(() => 0);
  entries.set('name', { generation: 0, value: 'newer', bytes: 5, ageMs: 10 }, 60_000);
  entries.set('name', { generation: 0, value: 'older', bytes: 5, ageMs: 1_000 }, 60_000);
  expect(entries.get('name')).toMatchObject({ generation: 0, value: 'newer', bytes: 5 });
  entries.set('other', { generation: 0, value: 'over', bytes: 4, ageMs: 0 }, 0);
  expect(entries.get('other')).toBeUndefined();
});
