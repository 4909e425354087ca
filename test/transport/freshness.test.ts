import { describe, expect, it } from 'vitest';
import { defaults, readConfig } from '../../src/config/config.ts';
import { createCacheEntries } from '../../src/state/cache-entries.ts';
import { answerAs, answerPlainly } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { createVersions } from '../support/api/versions.ts';
import { SCRIPT, SCRIPTS, WHOLE_SCRIPT } from '../support/clients/reads.ts';
import { createManualClock, settle } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import type { TestGateway } from '../support/gateways/gateway.ts';
import { arrival, closing, eventually, expectCalls } from '../support/vitest/waiting.ts';

const clock = createManualClock();
const FRESH_MS = 1_000;
const STALE_MS = 60_000;
const transport = { clock, random: () => 0, freshMs: FRESH_MS, staleMs: STALE_MS };

describe('a time of freshness of their own', () => {
  const result = readConfig({
    FRESH_MS: '1s',
    STALE_MS: '0',
    CACHE_TTL: 'sessions=5s, executions=0',
  });
  const { freshMs, freshMsFor, staleMs } = 'config' in result ? result.config : defaults;
  const fixture = useRecorder({ transport: { clock, random: () => 0, freshMs, freshMsFor, staleMs } });

  it('have copies of what an operator says, and the others have that of all', async () => {
    const { answer } = createVersions();
    fixture.respond = answer;
    const callsAfter = async (ms: number) => {
      await clock.advance(ms);
      fixture.recorder.calls.length = 0;
      await fixture.gateway.execute(WHOLE_SCRIPT, { id: 'a' });
      return fixture.recorder.calls.map(({ line }) => line.replace(/\?.*/, '')).sort();
    };
    const script = 'GET /scripts/a';
    expect(await callsAfter(0)).toHaveLength(4);
    expect(await callsAfter(0)).toEqual(['GET /scripts/a/executions']);
    expect(await callsAfter(1_000)).toEqual([script, `${script}/executions`]);
  });
});

const unavailable: Respond = (_recorded, response) => void response.writeHead(503).end();
const readOf = (gateway: TestGateway, id = 'a', token = 'key-a') =>
  gateway.execute(SCRIPT, { id }, { token });

describe('a copy', () => {
  const fixture = useRecorder({ transport });
  const read = (id?: string, token?: string) => readOf(fixture.gateway, id, token);

  it('is served without a call for as long as it is fresh, and says nothing of it', async () => {
    fixture.respond = answerPlainly;
    await read();
    await clock.advance(FRESH_MS - 1);
    const { data, extensions } = await read();
    expect(data?.script?.name).toBe('name of a');
    expect(extensions).toBeUndefined();
    await expectCalls(fixture.recorder, 1);
    await clock.advance(1);
    await read();
    await expectCalls(fixture.recorder, 2);
  });

  it('is kept of each of the four reads of a script', async () => {
    const { answer } = createVersions();
    fixture.respond = answer;
    const first = await fixture.gateway.execute(WHOLE_SCRIPT, { id: 'a' });
    const second = await fixture.gateway.execute(WHOLE_SCRIPT, { id: 'a' });
    expect(second.data).toEqual(first.data);
    await expectCalls(fixture.recorder, 4);
  });

  it('is as old as its request, not as its answer', async () => {
    let release = () => {};
    fixture.respond = (recorded, response) => {
      release = () => answerPlainly(recorded, response);
    };
    const answer = read();
    await arrival(fixture.recorder, 0);
    await clock.advance(FRESH_MS - 1);
    release();
    await answer;
    await read();
    await clock.advance(1);
    fixture.respond = answerPlainly;
    await read();
    await expectCalls(fixture.recorder, 2);
  });

  it('is of one key only', async () => {
    fixture.respond = (recorded, response) =>
      answerAs(`seen with ${recorded.headers.token}`, recorded, response);
    for (const token of ['key-a', 'key-b', 'key-a', 'key-b']) {
      expect((await read('a', token)).data?.script?.name).toBe(`seen with ${token}`);
    }
    await expectCalls(fixture.recorder, 2);
  });

  it.each<[string, Respond]>([
    ['a refusal', (_recorded, response) => json(response, REFUSAL)],
    ['an answer that cannot be used', (_recorded, response) => void response.end('<html>')],
    ['an answer that ends early', ({ socket }) => void socket.destroy()],
  ])('is never made of %s', async (_title, respond) => {
    fixture.respond = respond;
    expect((await read()).errors).toHaveLength(1);
    fixture.respond = answerPlainly;
    expect((await read()).data?.script?.name).toBe('name of a');
  });

  it('that is no longer fresh is not served while a call can start and the API is well', async () => {
    fixture.respond = answerPlainly;
    await read();
    await clock.advance(FRESH_MS);
    fixture.respond = (recorded, response) => answerAs('news', recorded, response);
    const { data, extensions } = await read();
    expect(data?.script?.name).toBe('news');
    expect(extensions).toBeUndefined();
  });
});

describe('when the API fails', () => {
  const fixture = useRecorder({ transport });
  const read = (id?: string) => readOf(fixture.gateway, id);

  it.each<[string, Respond]>([
    ['is unavailable', unavailable],
    ['breaks the connection', ({ socket }) => void socket.resetAndDestroy()],
    ['has an internal error', (_recorded, response) => json(response, SERVER_ERROR)],
    [
      'sends half an answer',
      (_recorded, response) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('{', () => response.destroy());
      },
    ],
  ])('because it %s, an older copy is served, and the answer says so', async (_title, respond) => {
    fixture.respond = answerPlainly;
    await read();
    await clock.advance(FRESH_MS + 500);
    fixture.respond = respond;
    const { data, errors, extensions } = await read();
    expect(errors).toBeUndefined();
    expect(data?.script?.name).toBe('name of a');
    expect(extensions).toEqual({ upstream: { stale: 1, oldestMs: FRESH_MS + 500 } });
    await expectCalls(fixture.recorder, 4);
  });

  it('by not answering in time, an older copy is served', async () => {
    fixture.respond = answerPlainly;
    await read();
    await clock.advance(FRESH_MS);
    fixture.respond = () => undefined;
    const answer = read();
    await arrival(fixture.recorder, 1);
    await clock.advance(5_000);
    expect(await answer).toMatchObject({
      data: { script: { name: 'name of a' } },
      extensions: { upstream: { stale: 1, oldestMs: FRESH_MS + 5_000 } },
    });
  });

  it('an older copy is no answer to a refusal or to an answer that cannot be used', async () => {
    fixture.respond = answerPlainly;
    await read();
    await clock.advance(FRESH_MS);
    fixture.respond = (_recorded, response) => json(response, REFUSAL);
    expect((await read()).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    fixture.respond = (_recorded, response) => void response.end('<html>');
    expect((await read()).errors?.[0]?.extensions.code).toBe('UPSTREAM_BAD_RESPONSE');
  });

  it('and the breaker is open, older copies are served without a call', async () => {
    fixture.respond = answerPlainly;
    await fixture.gateway.execute(SCRIPTS, { ids: ['a', 'b'] }, { token: 'key-a' });
    await clock.advance(FRESH_MS);
    fixture.respond = unavailable;
    for (const id of ['v', 'w', 'x', 'y', 'z']) await read(id);
    await expectCalls(fixture.recorder, 17);
    const { data, errors, extensions } = await fixture.gateway.execute(
      SCRIPTS,
      { ids: ['a', 'b', 'z'] },
      { token: 'key-a' },
    );
    expect(data?.scripts).toMatchObject([{ name: 'name of a' }, { name: 'name of b' }, null]);
    expect(errors).toMatchObject([expect.toBeError('UPSTREAM_UNAVAILABLE', { path: ['scripts', 2] })]);
    expect(extensions).toEqual({ upstream: { stale: 2, oldestMs: FRESH_MS } });
    await expectCalls(fixture.recorder, 17);
  });

  it('a copy that is too old is served no more', async () => {
    fixture.respond = answerPlainly;
    await read();
    await clock.advance(STALE_MS - 1);
    fixture.respond = unavailable;
    expect((await read()).extensions).toEqual({ upstream: { stale: 1, oldestMs: STALE_MS - 1 } });
    await clock.advance(1);
    const { errors, extensions } = await read();
    expect(errors?.[0]?.extensions.code).toBe('UPSTREAM_UNAVAILABLE');
    expect(extensions).toBeUndefined();
  });

  it('a copy that grows too old while its call is tried is served no more', async () => {
    fixture.respond = answerPlainly;
    await read();
    await clock.advance(STALE_MS - 1_000);
    fixture.respond = () => undefined;
    const answer = read();
    await arrival(fixture.recorder, 1);
    await clock.advance(5_000);
    expect((await answer).errors?.[0]?.extensions.code).toBe('UPSTREAM_TIMEOUT');
  });
});

describe('when the quota has no room', () => {
  const fixture = useRecorder({
    transport: { ...transport, rate: 2 },
    timeouts: { read: 10_000, write: 10_000 },
  });
  const read = (id?: string) => readOf(fixture.gateway, id);

  /** A copy of `a` that is no longer fresh, and a quota that is used up. */
  async function useUpTheQuota() {
    const versions = createVersions();
    fixture.respond = versions.answer;
    await read();
    await clock.advance(1_002);
    await fixture.gateway.execute(SCRIPTS, { ids: ['b', 'c'] }, { token: 'key-a' });
    return versions;
  }

  it('an older copy is served at once, and renewed once in the background', async () => {
    await useUpTheQuota();
    for (let index = 0; index < 5; index += 1) {
      const { data, extensions } = await read();
      expect(data?.script?.name).toBe('v1');
      expect(extensions).toEqual({ upstream: { stale: 1, oldestMs: 1_002 } });
    }
    await expectCalls(fixture.recorder, 3);
    await clock.advance(1_002);
    await expectCalls(fixture.recorder, 4);
    const { data, extensions } = await read();
    expect(data?.script?.name).toBe('v1');
    expect(extensions).toBeUndefined();
    await clock.advance(5_000);
    await expectCalls(fixture.recorder, 4);
  });

  it('the renewal waits for all other calls', async () => {
    await useUpTheQuota();
    expect((await read()).extensions).toMatchObject({ upstream: { stale: 1 } });
    const others = fixture.gateway.execute(SCRIPTS, { ids: ['d', 'e', 'f'] }, { token: 'key-a' });
    await settle();
    await clock.advance(1_002);
    await expectCalls(fixture.recorder, 5);
    await clock.advance(1_002);
    await others;
    await expectCalls(fixture.recorder, 7);
    expect(fixture.recorder.lines().slice(3)).toEqual([
      'GET /scripts/d',
      'GET /scripts/e',
      'GET /scripts/f',
      'GET /scripts/a',
    ]);
  });

  it('a renewal that fails is not reported, and the next read tries again', async () => {
    await useUpTheQuota();
    await read();
    fixture.respond = (_recorded, response) => void response.end('<html>');
    await clock.advance(1_002);
    await expectCalls(fixture.recorder, 4);
    expect(fixture.gateway.logged).toEqual([]);
    fixture.respond = answerPlainly;
    expect((await read()).data?.script?.name).toBe('name of a');
    await expectCalls(fixture.recorder, 5);
  });

  it('a renewal that is not answered is given up as soon as a read would be', async () => {
    await useUpTheQuota();
    await read();
    fixture.respond = () => undefined;
    await clock.advance(1_002);
    const { socket } = await arrival(fixture.recorder, 3);
    const closed = closing(socket);
    await clock.advance(9_000);
    expect(socket.destroyed).toBe(false);
    await clock.advance(1_000);
    await closed;
    fixture.respond = answerPlainly;
    expect((await read()).data?.script?.name).toBe('name of a');
  });

  it('a copy that is too old is not served: the read waits', async () => {
    const versions = createVersions();
    fixture.respond = versions.answer;
    await read();
    await clock.advance(STALE_MS);
    await fixture.gateway.execute(SCRIPTS, { ids: ['b', 'c'] }, { token: 'key-a' });
    const answer = read();
    await eventually(() => expect(clock.pending).toBeGreaterThan(0));
    await clock.advance(1_002);
    expect((await answer).extensions).toBeUndefined();
    await expectCalls(fixture.recorder, 4);
  });

  it('an older copy is served at once while the API has its endpoint paused', async () => {
    const { answer } = await useUpTheQuota();
    await clock.advance(1_002);
    fixture.respond = (_recorded, response) => {
      fixture.respond = answer;
      response.setHeader('retry-after', '5');
      json(response, { success: false, error: { code: -1, message: 'ratelimited' } });
    };
    const other = read('other');
    await expectCalls(fixture.recorder, 4);
    const { data, extensions } = await read();
    expect(data?.script?.name).toBe('v1');
    expect(extensions).toEqual({ upstream: { stale: 1, oldestMs: 2_004 } });
    await expectCalls(fixture.recorder, 4);
    await clock.advance(6_000);
    expect((await other).errors).toBeUndefined();
  });
});

describe('a renewal that waits for a place', () => {
  const fixture = useRecorder({
    transport: { ...transport, rate: 1 },
    timeouts: { read: 10_000, write: 10_000 },
  });
  const read = (id: string) => readOf(fixture.gateway, id);

  it('takes its turn among the reads once somebody waits for it after all', async () => {
    fixture.respond = answerPlainly;
    await read('a');
    await clock.advance(STALE_MS - 1_100);
    await read('x');
    expect((await read('a')).extensions).toMatchObject({ upstream: { stale: 1 } });
    const others = fixture.gateway.execute(SCRIPTS, { ids: ['d', 'e', 'f'] }, { token: 'key-a' });
    await settle();
    await clock.advance(1_100);
    await expectCalls(fixture.recorder, 3);
    // The copy is too old by now.
    const answer = read('a');
    await settle();
    for (const count of [4, 5, 6]) {
      await clock.advance(1_100);
      await expectCalls(fixture.recorder, count);
    }
    expect((await answer).data?.script?.name).toBe('name of a');
    expect((await others).errors).toBeUndefined();
    const order = fixture.recorder.lines().map((line) => line.replace('GET /scripts/', ''));
    // The oldest operation goes first, and the renewal needs no call of its own any more.
    expect(order).toEqual(['a', 'x', 'd', 'e', 'f', 'a']);
  });
});

describe('with FRESH_MS and STALE_MS', () => {
  describe('at 0', () => {
    const fixture = useRecorder({ transport: { ...transport, freshMs: 0, staleMs: 0 } });

    it('nothing is kept', async () => {
      fixture.respond = answerPlainly;
      await readOf(fixture.gateway);
      await readOf(fixture.gateway);
      await expectCalls(fixture.recorder, 2);
      fixture.respond = unavailable;
      expect((await readOf(fixture.gateway)).errors).toHaveLength(1);
    });
  });

  describe('at 0 and above', () => {
    const fixture = useRecorder({ transport: { ...transport, freshMs: 0 } });

    it('a copy is used only when there is no better answer', async () => {
      fixture.respond = answerPlainly;
      await readOf(fixture.gateway);
      await readOf(fixture.gateway);
      await expectCalls(fixture.recorder, 2);
      fixture.respond = unavailable;
      expect((await readOf(fixture.gateway)).extensions).toMatchObject({ upstream: { stale: 1 } });
    });
  });
});

const REFUSAL = { success: false, error: { code: -1, message: 'unauthorized or invalid request' } };
const SERVER_ERROR = { success: false, error: { code: -1, message: 'internal server error' } };

it('an entry is kept for its time, and an older answer never takes the place of a newer one', () => {
  const entries = createCacheEntries(() => 0);
  entries.set('key', { key: 'call', value: 'newer', bytes: 5, ageMs: 10 }, 60_000);
  entries.set('key', { key: 'call', value: 'older', bytes: 5, ageMs: 1_000 }, 60_000);
  expect(entries.get('key')).toMatchObject({ key: 'call', value: 'newer', bytes: 5 });
  entries.set('other', { key: 'call', value: 'over', bytes: 4, ageMs: 0 }, 0);
  expect(entries.get('other')).toBeUndefined();
});
