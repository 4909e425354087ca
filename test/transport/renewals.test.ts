import { beforeEach, describe, expect, it } from 'vitest';
import { createStateInMemory } from '../../src/state/memory.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import { bearer, ringOf } from '../support/clients/keys.ts';
import { TOGGLE } from '../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS } from '../support/clients/reads.ts';
import { createManualClock, settle } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { eventually, expectCalls } from '../support/vitest/waiting.ts';

const clock = createManualClock();
/** A second, and a margin for errors of clocks and timers. */
const WINDOW_MS = 1_002;
const RATE = 10;
/** A fifth of the places is kept for calls that somebody waits for. */
const SPARE = 8;
/** Twice as many copies as a second's quota can renew. */
const ids = Array.from({ length: 2 * RATE }, (_one, index) => `s${index}`);

describe('renewals that wait for the quota', () => {
  const fixture = useRecorder({
    transport: { clock, random: () => 0, rate: RATE, freshMs: 1_000, staleMs: 60_000 },
    timeouts: { read: 10_000, write: 10_000 },
  });
  const read = (id: string) => fixture.gateway.execute(SCRIPT, { id });
  const toggle = (id: string) => fixture.gateway.execute(TOGGLE, { input: { id, enabled: true } });

  /** Copies that are all no longer fresh, read at once: so many are read anew, the others wait to be renewed. */
  async function readAllAgain() {
    fixture.respond = answerPlainly;
    await fixture.gateway.execute(SCRIPTS, { ids: ids.slice(0, RATE) });
    await clock.advance(WINDOW_MS);
    await fixture.gateway.execute(SCRIPTS, { ids: ids.slice(RATE) });
    await clock.advance(WINDOW_MS);
    const before = fixture.recorder.calls.length;
    const { extensions } = await fixture.gateway.execute(SCRIPTS, { ids });
    expect(extensions).toMatchObject({ upstream: { stale: ids.length - SPARE } });
    await expectCalls(fixture.recorder, before + SPARE);
    return before + SPARE;
  }

  it('leave places free: a write and the read after it start at once', async () => {
    const calls = await readAllAgain();
    await toggle('s0');
    const { data } = await read('s0');
    expect(data?.script?.name).toBe('name of s0');
    expect(fixture.recorder.lines().slice(calls)).toEqual(['POST /scripts/s0/toggle', 'GET /scripts/s0']);
  });

  it('come one by one after the first two, so that places come free one by one', async () => {
    const calls = await readAllAgain();
    await clock.advance(WINDOW_MS);
    await expectCalls(fixture.recorder, calls + 2);
    const distanceMs = Math.ceil(WINDOW_MS / SPARE);
    for (let renewed = 3; renewed <= 5; renewed += 1) {
      await clock.advance(distanceMs);
      await expectCalls(fixture.recorder, calls + renewed);
    }
  });

  it('do not hold up a write that comes while they keep their distance', async () => {
    const calls = await readAllAgain();
    await clock.advance(WINDOW_MS);
    await expectCalls(fixture.recorder, calls + 2);
    await toggle('s0');
    expect(fixture.recorder.lines().slice(calls + 2)).toEqual(['POST /scripts/s0/toggle']);
  });

  it('take all the places that are spare, and all copies are fresh again in time', async () => {
    const calls = await readAllAgain();
    await clock.advance(3 * WINDOW_MS);
    await eventually(() => expect(fixture.recorder.calls).toHaveLength(calls + ids.length - SPARE));
    const renewed = fixture.recorder.lines().slice(calls);
    expect(new Set(renewed).size).toBe(ids.length - SPARE);
  });
});

describe('as many renewals as may wait', () => {
  const memory = createStateInMemory(clock);
  const value = { id: 'old', name: 'old', object: 'script', from: { endpoint: 'a test', kind: 'read' } };
  const state = {
    ...memory,
    cache: { get: () => ({ value, bytes: 1, ageMs: 2_000 }), set: () => undefined },
  };
  const timeouts = { read: 1e9, write: 1e9 };
  const fixture = useRecorder({
    transport: { clock, random: () => 0, rate: RATE, freshMs: 1_000, staleMs: 1e9, state },
    timeouts,
    operationTimeoutMs: 1e9,
    limits: { restCalls: 20_000 },
  });

  it('keep no call out that somebody waits for, which goes first', async () => {
    fixture.respond = answerPlainly;
    const many = Array.from({ length: 10_100 }, (_one, index) => `s${index}`);
    const { extensions } = await fixture.gateway.execute(SCRIPTS, { ids: many });
    expect(extensions).toMatchObject({ upstream: { stale: many.length - SPARE } });
    const writes = ['a', 'b', 'c'].map((id) =>
      fixture.gateway.execute(TOGGLE, { input: { id, enabled: true } }),
    );
    await expectCalls(fixture.recorder, RATE);
    await clock.advance(WINDOW_MS);
    for (const { errors } of await Promise.all(writes)) expect(errors).toBeUndefined();
  });
});

describe('renewals while the circuit breaker is open', () => {
  const memory = createStateInMemory(clock);
  let isBackgroundFree = true;
  /** As where other gateways take all permits that a renewal would have to leave to them. */
  const open: typeof memory.quotas.open = (...args) => {
    const quota = memory.quotas.open(...args);
    const [take, hasBackgroundPermit] = [quota.take.bind(quota), quota.hasBackgroundPermit.bind(quota)];
    return Object.assign(quota, {
      take: (...asked: Parameters<typeof take>) =>
        asked[1] && !isBackgroundFree ? WINDOW_MS : take(...asked),
      hasBackgroundPermit: () => isBackgroundFree && hasBackgroundPermit(),
    });
  };
  const state = { ...memory, quotas: { open } };
  const fixture = useRecorder({
    transport: { clock, random: () => 0, rate: 50, freshMs: 1_000, staleMs: 60_000, state },
  });
  const read = (id: string) => fixture.gateway.execute(SCRIPT, { id });

  it('are not the only probe: one waits for its permit behind all that somebody waits for', async () => {
    fixture.respond = answerPlainly;
    await read('old');
    await clock.advance(1_100);
    fixture.respond = (_recorded, response) => void response.writeHead(503).end();
    for (let index = 0; index < 5; index += 1) await read(`other${index}`);
    await clock.advance(1_100);
    fixture.respond = answerPlainly;
    isBackgroundFree = false;
    expect((await read('old')).extensions).toMatchObject({ upstream: { stale: 1 } });
    await settle();
    expect((await read('new')).errors).toBeUndefined();
  });
});

describe('renewals beside a caller that waits for a rate of its own', () => {
  const keys = [{ name: 'usual' }, { name: 'capped', rate: 1 }, { name: 'half', rate: RATE / 2 }];
  const fixture = useRecorder({
    transport: { clock, random: () => 0, rate: RATE, freshMs: 1_000, staleMs: 60_000 },
    credentials: { heldKey: 'luaauth-key', keyRing: ringOf(keys) },
    timeouts: { read: 10_000, write: 10_000 },
  });
  const readAll = (some: string[], name = 'usual') =>
    fixture.gateway.execute(SCRIPTS, { ids: some }, bearer(name));

  beforeEach(async () => {
    fixture.respond = answerPlainly;
    await readAll(ids.slice(0, RATE));
    await clock.advance(WINDOW_MS);
    await readAll(ids.slice(RATE));
    await clock.advance(WINDOW_MS);
  });

  /** A write goes out, though all else has its renewals; then those that wait do. */
  const expectPlaces = async (capped: ReturnType<typeof readAll>) => {
    await settle();
    const toggled = await fixture.gateway.execute(
      TOGGLE,
      { input: { id: 'a', enabled: true } },
      bearer('usual'),
    );
    expect(toggled.errors).toBeUndefined();
    await clock.advance(3 * WINDOW_MS);
    expect((await capped).errors).toBeUndefined();
  };

  it('leave places free all the same', async () => {
    const capped = readAll(['x', 'y', 'z'], 'capped');
    await expectCalls(fixture.recorder, ids.length + 1);
    await readAll(ids);
    await expectPlaces(capped);
  });

  it('leave places free where they come while it waits, too', async () => {
    await readAll(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    const capped = readAll(['x', 'y', 'z'], 'capped');
    await expectCalls(fixture.recorder, ids.length + SPARE);
    await settle();
    await readAll(ids);
    await settle();
    await expectCalls(fixture.recorder, ids.length + SPARE);
    await expectPlaces(capped);
  });

  it('leave places free when its calls are answered, too', async () => {
    const capped = readAll(['l', 'm', 'n', 'o', 'p', 'q', 'r', 't', 'u', 'v', 'w'], 'half');
    await expectCalls(fixture.recorder, ids.length + RATE / 2);
    await readAll(ids);
    await expectCalls(fixture.recorder, ids.length + SPARE);
    await clock.advance(WINDOW_MS);
    await expectCalls(fixture.recorder, ids.length + SPARE + RATE / 2 + 2);
    await expectPlaces(capped);
  });
});
