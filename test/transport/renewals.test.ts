import { describe, expect, it } from 'vitest';
import { createStateInMemory } from '../../src/state/memory.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import { TOGGLE } from '../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS } from '../support/clients/reads.ts';
import { createManualClock, settle } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { expectCalls } from '../support/vitest/waiting.ts';

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
});

describe('renewals while the circuit breaker is open', () => {
  const memory = createStateInMemory(clock);
  let isBackgroundFree = true;
  /** As where other gateways take all permits that a renewal would have to leave to them. */
  const open: typeof memory.quotas.open = (...args) => {
    const quota = memory.quotas.open(...args);
    const [take, etaMs] = [quota.take.bind(quota), quota.etaMs.bind(quota)];
    return Object.assign(quota, {
      take: (...asked: Parameters<typeof take>) =>
        asked[1] && !isBackgroundFree ? WINDOW_MS : take(...asked),
      etaMs: (...asked: Parameters<typeof etaMs>) =>
        asked[1] && !isBackgroundFree ? WINDOW_MS : etaMs(...asked),
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
