import { subscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import { bearer, entriesOf, ringOf } from '../support/clients/keys.ts';
import { TOGGLE } from '../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS } from '../support/clients/reads.ts';
import { createManualClock, settle } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { eventually, expectCalls } from '../support/vitest/waiting.ts';

const RATE = 10;
const WINDOW_MS = 1_100;
const GREEDY = Array.from({ length: 10 }, (_one, index) => `greedy-${index}`);
const OPERATIONS = 30;
/** How often the polite caller asks: less than its share, which is one of eleven places. */
const ROUNDS = 12;

const clock = createManualClock();
const keysWith = (rate: number) => [
  ...GREEDY.map((name) => ({ name })),
  { name: 'polite' },
  { name: 'capped', rate },
];
const keyRing = ringOf(keysWith(3));
const fixture = useRecorder({
  transport: { clock, random: () => 0, rate: RATE },
  timeouts: { read: 1_000_000, write: 1_000_000 },
  operationTimeoutMs: 1_000_000,
  credentials: { heldKey: 'held', keyRing },
});

const lines = () => fixture.recorder.lines();
/** The requests to the API in their order: one whose connection is new arrives behind those that were sent after it. */
const begun: string[] = [];
subscribe('undici:request:create', (told) => {
  const { request } = told as { readonly request: { readonly path: string; readonly origin: string } };
  if (request.origin === fixture.recorder.url) begun.push(request.path);
});
/** Each call that waits has a timer, and so has the queue. */
const waitForQueued = (count: number) => eventually(() => expect(clock.pending).toBe(count + 1));

/** Ten callers have thirty operations each, of two calls: a minute of the quota, and more than a test waits for. */
async function askForAllThereIs(kind: 'reads' | 'writes') {
  fixture.respond = answerPlainly;
  const client = new AbortController();
  const asked = GREEDY.flatMap((name) =>
    Array.from({ length: OPERATIONS }, async (_one, index) => {
      const id = `${name}-${index}`;
      const sent =
        kind === 'reads'
          ? fixture.gateway.execute(SCRIPTS, { ids: [id, `${id}-too`] }, bearer(name), client.signal)
          : fixture.gateway.execute(TOGGLE, { input: { id, enabled: true } }, bearer(name), client.signal);
      return sent.catch(() => undefined);
    }),
  );
  const calls = GREEDY.length * OPERATIONS * (kind === 'reads' ? 2 : 1);
  await expectCalls(fixture.recorder, RATE);
  await waitForQueued(calls - RATE);
  return {
    waiting: calls - RATE,
    async leave() {
      client.abort();
      await Promise.all(asked);
      await eventually(() => expect(clock.pending).toBe(0));
    },
  };
}

describe.each(['reads', 'writes'] as const)(
  'beside ten callers of thirty operations, which are %s,',
  (kind) => {
    it('a single read has one of the next two places, whenever it comes', async () => {
      const { waiting, leave } = await askForAllThereIs(kind);
      const ahead: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const before = fixture.recorder.calls.length;
        const begunBefore = begun.length;
        const read = fixture.gateway.execute(SCRIPT, { id: `polite-${round}` }, bearer('polite'));
        await waitForQueued(waiting - round * (2 * RATE - 1) + 1);
        await clock.advance(WINDOW_MS);
        expect((await read).errors).toBeUndefined();
        await expectCalls(fixture.recorder, before + RATE);
        ahead.push(begun.slice(begunBefore).findIndex((path) => path.includes('polite')));
        await clock.advance(WINDOW_MS);
        await expectCalls(fixture.recorder, before + 2 * RATE);
      }
      expect(Math.min(...ahead)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...ahead)).toBeLessThan(2);
      await leave();
    });

    it('each of them has as many places as any other', async () => {
      const { leave } = await askForAllThereIs(kind);
      for (let second = 2; second <= 5; second += 1) {
        await clock.advance(WINDOW_MS);
        await expectCalls(fixture.recorder, second * RATE);
      }
      const later = lines().slice(RATE);
      const counts = GREEDY.map((name) => later.filter((line) => line.includes(`/${name}-`)).length);
      expect(counts).toEqual(GREEDY.map(() => 4));
      await leave();
    });
  },
);

it('a read that a greedy caller waits for as well has its own turn, and is one call for both', async () => {
  const { waiting, leave } = await askForAllThereIs('reads');
  const id = `greedy-5-${OPERATIONS - 1}-too`;
  const before = fixture.recorder.calls.length;
  const reads = ['polite', 'polite', 'greedy-6'].map((name) =>
    fixture.gateway.execute(SCRIPT, { id }, bearer(name)),
  );
  await waitForQueued(waiting + 3);
  await clock.advance(WINDOW_MS);
  for (const { data } of await Promise.all(reads)) expect(data?.script?.name).toBe(`name of ${id}`);
  await expectCalls(fixture.recorder, before + RATE);
  const line = `GET /scripts/${id}`;
  expect(lines().slice(before, before + 2)).toContain(line);
  // The greedy caller waits for this one no longer.
  await waitForQueued(waiting - RATE);
  await leave();
  expect(lines().filter((one) => one === line)).toHaveLength(1);
});

it('a caller who comes again and again has one place in each round, as everybody else', async () => {
  const { waiting, leave } = await askForAllThereIs('reads');
  const client = new AbortController();
  const again = Array.from({ length: 5 }, async (_one, operation) => {
    for (let index = 0; !client.signal.aborted; index += 1) {
      const id = `polite-${operation}-${index}`;
      await fixture.gateway.execute(SCRIPT, { id }, bearer('polite'), client.signal).catch(() => undefined);
    }
  });
  await waitForQueued(waiting + 5);
  for (let second = 2; second <= 12; second += 1) {
    await clock.advance(WINDOW_MS);
    await expectCalls(fixture.recorder, second * RATE);
  }
  const later = lines().slice(RATE);
  const own = later.filter((line) => line.includes('polite')).length;
  // 110 places for 11 callers.
  expect(own).toBeGreaterThanOrEqual(10);
  expect(own).toBeLessThanOrEqual(11);
  client.abort();
  await Promise.all(again);
  await leave();
});

describe('a caller with a rate of its own', () => {
  const ids = (count: number) => Array.from({ length: count }, (_one, index) => `capped-${index}`);

  it('has no more calls in a second, and takes no place from others meanwhile', async () => {
    fixture.respond = answerPlainly;
    const many = fixture.gateway.execute(SCRIPTS, { ids: ids(10) }, bearer('capped'));
    await expectCalls(fixture.recorder, 3);
    const others = fixture.gateway.execute(
      SCRIPTS,
      { ids: Array.from({ length: RATE - 3 }, (_one, index) => `other-${index}`) },
      bearer('polite'),
    );
    expect((await others).errors).toBeUndefined();
    for (const calls of [RATE + 3, RATE + 6, RATE + 7]) {
      await clock.advance(WINDOW_MS);
      await expectCalls(fixture.recorder, calls);
    }
    expect((await many).errors).toBeUndefined();
  });
});

describe('a caller whose key gets another rate', () => {
  afterEach(() => keyRing.replace(entriesOf(keysWith(3))));

  it('has that from its next operation on', async () => {
    fixture.respond = answerPlainly;
    const ids = (name: string) => Array.from({ length: 5 }, (_one, index) => `${name}-${index}`);
    const before = fixture.gateway.execute(SCRIPTS, { ids: ids('before') }, bearer('capped'));
    await expectCalls(fixture.recorder, 3);
    keyRing.replace(entriesOf(keysWith(5)));
    const after = fixture.gateway.execute(SCRIPTS, { ids: ids('after') }, bearer('capped'));
    expect((await after).errors).toBeUndefined();
    await expectCalls(fixture.recorder, 8);
    await clock.advance(WINDOW_MS);
    expect((await before).errors).toBeUndefined();
  });
});

describe('a call that the rate of its caller leaves no place in time', () => {
  const own = createManualClock();
  const short = useRecorder({
    transport: { clock: own, random: () => 0, rate: RATE },
    timeouts: { read: 10_000, write: 10_000 },
    credentials: { heldKey: 'held', keyRing },
  });

  it('is refused at once, and says whose limit it is; others go on', async () => {
    short.respond = answerPlainly;
    const ids = Array.from({ length: 60 }, (_one, index) => `capped-${index}`);
    const many = short.gateway.execute(SCRIPTS, { ids }, bearer('capped'));
    await expectCalls(short.recorder, 3);
    expect((await short.gateway.execute(SCRIPT, { id: 'a' }, bearer('polite'))).errors).toBeUndefined();
    for (let second = 0; second < 12; second += 1) {
      await own.advance(WINDOW_MS);
      await settle();
    }
    const { data, errors = [] } = await many;
    const answered = data?.scripts.filter((script) => script !== null).length ?? 0;
    expect(answered).toBeGreaterThan(15);
    expect(errors).toHaveLength(60 - answered);
    expect(errors.length).toBeGreaterThan(20);
    for (const { message, extensions } of errors) {
      expect(message).toBe('GET /scripts/:script_id: the rate of this gateway key is used up.');
      expect(extensions).toMatchObject({
        code: 'RATE_LIMITED',
        limit: 'caller',
        retryAfterMs: expect.any(Number),
      });
    }
  });
});
