import { request } from 'node:http';
import { print } from 'graphql';
import { describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import { TOGGLE } from '../support/clients/mutations.ts';
import { SCRIPTS } from '../support/clients/reads.ts';
import { createManualClock, settle } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { eventually, expectCalls } from '../support/vitest/waiting.ts';

const clock = createManualClock();
const RATE = 10;
const WINDOW_MS = 1_100;
const fixture = useRecorder({
  transport: { clock, random: () => 0, rate: RATE },
  timeouts: { read: 100_000, write: 100_000 },
  operationTimeoutMs: 100_000,
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
  it('take turns, however many operations the one has and however many reads', async () => {
    const leave = await askForAllThereIs();
    const other = readAll('two', 4, 'other');
    await waitForQueued(594);
    await clock.advance(WINDOW_MS);
    expect((await other).errors).toBeUndefined();
    await expectCalls(fixture.recorder, 2 * RATE);
    expect(inWindow(2, 'other')).toBe(4);
    await leave();
  });

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

  it('take turns with their writes', async () => {
    const leave = await askForAllThereIs();
    const write = (key: string, id: string) =>
      fixture.gateway.execute(TOGGLE, { input: { id, enabled: true } }, bearer(key));
    const many = ids(30, 'many').map((id) => write('one', id));
    await waitForQueued(620);
    const few = ids(3, 'few').map((id) => write('two', id));
    await waitForQueued(623);
    await clock.advance(WINDOW_MS);
    await Promise.all(few);
    expect(inWindow(2, 'few')).toBe(3);
    for (const window of [3, 4, 5, 6]) {
      await expectCalls(fixture.recorder, (window - 1) * RATE);
      await clock.advance(WINDOW_MS);
    }
    await Promise.all(many);
    await leave();
  });
});

describe('a read that joined the call of another caller', () => {
  it('gets a turn of its own when the call fails and waits behind many again', async () => {
    let fail = () => {};
    fixture.respond = (recorded, response) => {
      if (recorded.line !== 'GET /scripts/x0') answerPlainly(recorded, response);
      else fail = () => void response.writeHead(503).end();
    };
    const client = new AbortController();
    const many = readAll('one', 60, 'x', client.signal).catch(() => undefined);
    await expectCalls(fixture.recorder, RATE);
    // Those that wait, x0 and the queue.
    await eventually(() => expect(clock.pending).toBe(52));
    const other = readAll('two', 1, 'x');
    await eventually(() => expect(clock.pending).toBe(53));
    fixture.respond = answerPlainly;
    fail();
    await eventually(() => expect(clock.pending).toBe(53));
    await settle();
    await clock.advance(WINDOW_MS);
    await expectCalls(fixture.recorder, 2 * RATE);
    expect(fixture.recorder.lines().slice(RATE)).toContain('GET /scripts/x0');
    expect((await other).errors).toBeUndefined();
    client.abort();
    await many;
    await eventually(() => expect(clock.pending).toBe(0));
  });
});

describe('while writes keep coming', () => {
  it('reads have a fifth of the places', async () => {
    const leave = await askForAllThereIs();
    const writes = ids(40, 'w').map((id) =>
      fixture.gateway.execute(TOGGLE, { input: { id, enabled: true } }, bearer('one')),
    );
    await waitForQueued(630);
    for (const window of [2, 3, 4, 5]) {
      await clock.advance(WINDOW_MS);
      await expectCalls(fixture.recorder, window * RATE);
      expect(inWindow(window, 'w')).toBe(8);
    }
    await clock.advance(WINDOW_MS);
    await Promise.all(writes);
    await leave();
  });
});
