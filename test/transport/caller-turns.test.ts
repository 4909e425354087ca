import { request } from 'node:http';
import { print } from 'graphql';
import { describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import { bearer as keyOf, ringOf } from '../support/clients/keys.ts';
import { SCRIPTS } from '../support/clients/reads.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { eventually, expectCalls } from '../support/vitest/waiting.ts';

const clock = createManualClock();
const RATE = 10;
const WINDOW_MS = 1_100;
const fixture = useRecorder({
  transport: { clock, random: () => 0, rate: RATE },
  timeouts: { read: 200_000, write: 200_000 },
  operationTimeoutMs: 200_000,
  limits: { restCalls: 1_000 },
  credentials: { heldKey: 'held', gatewayKeys: ['one', 'two'] },
});

const ids = (count: number, name: string) => Array.from({ length: count }, (_one, index) => name + index);
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const readAll = (key: string, count: number, name: string, signal?: AbortSignal) =>
  fixture.gateway.execute(SCRIPTS, { ids: ids(count, name) }, bearer(key), signal);

/** How many of the calls of a window, from 1, are about ids of that name. */
const inWindow = (window: number, name: string) =>
  fixture.recorder
    .lines()
    .slice(RATE * (window - 1), RATE * window)
    .filter((line) => line.includes(`/scripts/${name}`)).length;

/** Each call that waits has a timer, and so has the queue. */
const waitForQueued = (count: number) => eventually(() => expect(clock.pending).toBe(count + 1));

/** One caller has 600 reads in three operations, and the places of the first second. */
async function askForAllThereIs() {
  fixture.respond = answerPlainly;
  const client = new AbortController();
  const reads = ['x', 'y', 'z'].map((name) =>
    readAll('one', 200, name, client.signal).catch(() => undefined),
  );
  await expectCalls(fixture.recorder, RATE);
  await waitForQueued(590);
  return async () => {
    client.abort();
    await Promise.all(reads);
    await eventually(() => expect(clock.pending).toBe(0));
  };
}

describe('callers of one API key', () => {
  it('are told apart by their gateway key, not by where they come from', async () => {
    const leave = await askForAllThereIs();
    // As large as the other operations of this caller, and later.
    const sent = request(`${fixture.gateway.url}/graphql`, {
      method: 'POST',
      localAddress: '127.0.0.2',
      headers: { 'content-type': 'application/json', ...bearer('one') },
    });
    sent.on('error', () => {});
    sent.end(JSON.stringify({ query: print(SCRIPTS), variables: { ids: ids(200, 'other') } }));
    await waitForQueued(790);
    await clock.advance(WINDOW_MS);
    await expectCalls(fixture.recorder, 2 * RATE);
    // Another caller would have half of the permits.
    expect(inWindow(2, 'other')).toBe(0);
    sent.destroy();
    await leave();
  });
});

describe('a call that the rate of its caller leaves no permit in time', () => {
  const capped = useRecorder({
    transport: { clock, random: () => 0, rate: RATE },
    timeouts: { read: 3_000, write: 3_000 },
    credentials: { heldKey: 'held', keyRing: ringOf([{ name: 'capped', rate: 1 }, { name: 'other' }]) },
  });

  it('is refused at once, and says whose limit it is; others go on', async () => {
    capped.respond = answerPlainly;
    const read = (name: string, count: number) =>
      capped.gateway.execute(SCRIPTS, { ids: ids(count, name) }, keyOf(name));
    await read('capped', 1);
    const { errors = [] } = await read('capped', 10);
    expect(errors).toHaveLength(10);
    for (const { message, extensions } of errors) {
      expect(message).toBe('GET /scripts/:script_id: the rate of this gateway key is used up.');
      expect(extensions).toMatchObject({ code: 'RATE_LIMITED', limit: 'caller', retryAfterMs: 3_006 });
    }
    expect((await read('other', RATE - 1)).errors).toBeUndefined();
    await expectCalls(capped.recorder, RATE);
  });
});
