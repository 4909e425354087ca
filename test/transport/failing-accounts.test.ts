import { afterEach, describe, expect, it } from 'vitest';
import type { BreakerState } from '../../src/transport/observer.ts';
import { graphql } from '../generated/index.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { EDIT, TOGGLE } from '../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS } from '../support/clients/reads.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { createLateState } from '../support/redis/late-state.ts';
import { arrival, eventually, expectCalls } from '../support/vitest/waiting.ts';

const clock = createManualClock();
const random = () => 0;
const A = { token: 'key-a' };
const B = { token: 'key-b' };
const C = { token: 'key-c' };

const PROJECT_OF = graphql(/* GraphQL */ `
  query ReadProjectOf($id: ID!) {
    script(id: $id) {
      project {
        name
      }
    }
  }
`);

/** Each call that is under way or waits has a timer, and so has the queue for the quota over all keys. */
const waitForTimers = (count: number) => eventually(() => expect(clock.pending).toBe(count));

const unavailable: Respond = (_recorded, response) => void response.writeHead(502).end();
/** Answers everyone but one account. */
const exceptFor =
  ({ token }: typeof A, respond: Respond): Respond =>
  (recorded, response) =>
    (recorded.headers.token === token ? respond : answerPlainly)(recorded, response);

describe('an account whose calls fail', () => {
  const states: BreakerState[] = [];
  const observer = { breakerChanged: (state: BreakerState) => void states.push(state) };
  afterEach(() => void states.splice(0));
  const fixture = useRecorder({ transport: { clock, random, observer } });
  const read = (headers: typeof A) => fixture.gateway.execute(SCRIPT, { id: 'a' }, headers);
  const openFor = async (headers: typeof A) => {
    fixture.respond = exceptFor(headers, unavailable);
    for (let time = 0; time < 5; time += 1) await read(headers);
  };

  it('is answered without being sent, and no other is', async () => {
    await openFor(A);
    const sent = fixture.recorder.calls.length;
    expect((await read(A)).errors?.[0]?.extensions.code).toBe('UPSTREAM_UNAVAILABLE');
    expect((await read(B)).data?.script?.name).toBe('name of a');
    await expectCalls(fixture.recorder, sent + 1);
  });

  it('is told of until it is well again, or has not asked for a minute', async () => {
    await openFor(A);
    await openFor(B);
    fixture.respond = answerPlainly;
    await clock.advance(1_000);
    await read(A);
    // The circuit of the other account is open still.
    expect(states).toEqual(['open']);
    await clock.advance(60_000);
    await read(A);
    expect(states).toEqual(['open', 'closed']);
    expect((await read(B)).data?.script?.name).toBe('name of a');
    expect(states).toEqual(['open', 'closed', 'half_open', 'closed']);
  });

  it('is told of as before where a probe has shown nothing, as its client has left', async () => {
    await openFor(B);
    const sent = fixture.recorder.calls.length;
    fixture.respond = () => undefined;
    await clock.advance(1_000);
    const client = new AbortController();
    const probe = fixture.gateway.execute(SCRIPT, { id: 'a' }, B, client.signal);
    await arrival(fixture.recorder, sent);
    client.abort();
    await expect(probe).rejects.toThrow('abort');
    await eventually(() => expect(states).toEqual(['open', 'half_open', 'open']));
  });
});

describe('an account whose reads hang', () => {
  const fixture = useRecorder({ transport: { clock, random, connections: 8, rate: 50 } });
  const ids = (count: number, name: string) => Array.from({ length: count }, (_one, index) => name + index);
  const readAll = (headers: typeof A, count: number, name: string) =>
    fixture.gateway.execute(SCRIPTS, { ids: ids(count, name) }, headers);

  it('has half of the connections, and leaves some to all others', async () => {
    const never: Respond = () => undefined;
    fixture.respond = ({ headers, ...recorded }, response) =>
      (headers.token === C.token ? answerPlainly : never)({ headers, ...recorded }, response);
    const hanging = [readAll(A, 20, 'a')];
    await expectCalls(fixture.recorder, 4);
    hanging.push(readAll(B, 20, 'b'));
    await expectCalls(fixture.recorder, 6);
    const { data } = await readAll(C, 20, 'c');
    expect(data?.scripts.filter((script) => script !== null)).toHaveLength(20);
    await expectCalls(fixture.recorder, 26);
    // The calls that hung are given up in the end.
    await clock.advance(5_000);
    for (const { errors } of await Promise.all(hanging)) {
      expect(new Set(errors?.map(({ extensions }) => extensions.code))).toEqual(
        new Set(['UPSTREAM_TIMEOUT', 'UPSTREAM_UNAVAILABLE']),
      );
    }
    await clock.advance(60_000);
    fixture.respond = answerPlainly;
    // The first one is the probe.
    for (const count of [1, 20]) expect((await readAll(A, count, 'd')).errors).toBeUndefined();
  });

  it('holds no place in the quota for what waits for a connection', async () => {
    const held: (() => void)[] = [];
    fixture.respond = (recorded, response) => void held.push(() => answerPlainly(recorded, response));
    const reads = readAll(A, 20, 'a');
    await expectCalls(fixture.recorder, 4);
    const { data } = await fixture.gateway.execute('{ rateLimit { used queued } }', undefined, A);
    expect(data).toEqual({ rateLimit: { used: 4, queued: 16 } });
    fixture.respond = answerPlainly;
    for (const release of held) release();
    expect((await reads).errors).toBeUndefined();
  });

  it('finishes the operation that began first before it goes on with others', async () => {
    const held: (() => void)[] = [];
    fixture.respond = (recorded, response) => void held.push(() => answerPlainly(recorded, response));
    const first = fixture.gateway.execute(PROJECT_OF, { id: 'first' }, A);
    await expectCalls(fixture.recorder, 1);
    await clock.advance(1);
    const second = readAll(A, 8, 'second');
    await expectCalls(fixture.recorder, 4);
    held[0]?.();
    // The project is asked for now, behind five scripts of the second.
    await expectCalls(fixture.recorder, 5);
    await waitForTimers(9);
    held[1]?.();
    expect((await arrival(fixture.recorder, 5)).line).toBe('GET /projects/project');
    fixture.respond = answerPlainly;
    for (const release of held.slice(2)) release();
    expect([(await first).errors, (await second).errors]).toEqual([undefined, undefined]);
  });

  it('sends a write before its reads', async () => {
    const held: (() => void)[] = [];
    fixture.respond = (recorded, response) => void held.push(() => answerPlainly(recorded, response));
    const reads = readAll(A, 8, 'a');
    await expectCalls(fixture.recorder, 4);
    const write = fixture.gateway.execute(TOGGLE, { input: { id: 'w', enabled: true } }, A);
    await waitForTimers(9);
    held[0]?.();
    expect((await arrival(fixture.recorder, 4)).line).toBe('POST /scripts/w/toggle');
    fixture.respond = answerPlainly;
    for (const release of held.slice(1)) release();
    expect([(await write).errors, (await reads).errors]).toEqual([undefined, undefined]);
  });
});

describe('an account that waits for the store to give it a permit', () => {
  const asked: (() => void)[] = [];
  const state = createLateState(clock, () => new Promise<void>((resolve) => asked.push(resolve)));
  const fixture = useRecorder({ transport: { clock, random, state, connections: 1, rate: 50 } });

  it('gives it back when another one has the last connection, and takes one again with the next', async () => {
    let answer = () => undefined as unknown;
    fixture.respond = (recorded, response) => {
      answer = () => answerPlainly(recorded, response);
    };
    const first = fixture.gateway.execute(SCRIPT, { id: 'a' }, A);
    await eventually(() => expect(asked).toHaveLength(1));
    const second = fixture.gateway.execute(SCRIPT, { id: 'a' }, B);
    await eventually(() => expect(asked).toHaveLength(2));
    for (const give of asked.splice(0)) give();
    await arrival(fixture.recorder, 0);
    const { data } = await fixture.gateway.execute('{ rateLimit { used queued } }', undefined, B);
    expect(data).toEqual({ rateLimit: { used: 0, queued: 1 } });
    answer();
    expect((await first).errors).toBeUndefined();
    await eventually(() => expect(asked).toHaveLength(1));
    fixture.respond = answerPlainly;
    asked.pop()?.();
    expect((await second).errors).toBeUndefined();
  });

  it('gives it back when its client has left meanwhile', async () => {
    const client = new AbortController();
    const read = fixture.gateway.execute(SCRIPT, { id: 'a' }, C, client.signal);
    await eventually(() => expect(asked).toHaveLength(1));
    client.abort();
    await expect(read).rejects.toThrow('abort');
    await waitForTimers(0);
    asked.pop()?.();
    const { data } = await fixture.gateway.execute('{ rateLimit { used queued } }', undefined, C);
    expect(data).toEqual({ rateLimit: { used: 0, queued: 0 } });
  });
});

describe('a quota over all keys', () => {
  const TOTAL = 10;
  const fixture = useRecorder({
    transport: { clock, random, rate: 50, totalRate: TOTAL },
    timeouts: { read: 3_000, write: 3_000 },
    limits: { restCalls: 1_000 },
  });
  const WINDOW_MS = 1_100;
  const ids = (count: number, name: string) => Array.from({ length: count }, (_one, index) => name + index);
  const readAll = (headers: typeof A, count: number, name = 's') =>
    fixture.gateway.execute(SCRIPTS, { ids: ids(count, name) }, headers);
  const unauthorized: Respond = (_recorded, response) =>
    json(response, { success: false, error: { code: -1, message: 'unauthorized or invalid request' } }, 403);
  /** The senders of the calls from one on, and how many calls each has sent. */
  const sendersFrom = (first: number) => {
    const sum: Record<string, number> = {};
    for (const { headers } of fixture.recorder.calls.slice(first)) {
      const token = String(headers.token);
      sum[token] = (sum[token] ?? 0) + 1;
    }
    return sum;
  };
  /** Makes keys known, and lets the quota forget it. */
  const introduce = async (...keys: (typeof A)[]) => {
    fixture.respond = answerPlainly;
    for (const headers of keys) await readAll(headers, 1);
    await clock.advance(WINDOW_MS);
    fixture.recorder.calls.length = 0;
  };

  it('lets so many calls start in a second, and keys take turns', async () => {
    await introduce(A, B);
    const many = readAll(A, 25);
    await expectCalls(fixture.recorder, TOTAL);
    const few = readAll(B, 5);
    await waitForTimers(15 + 5 + 1);
    await clock.advance(WINDOW_MS);
    await expectCalls(fixture.recorder, 2 * TOTAL);
    expect(sendersFrom(TOTAL)).toEqual({ 'key-a': 5, 'key-b': 5 });
    expect((await few).errors).toBeUndefined();
    await clock.advance(WINDOW_MS);
    expect((await many).errors).toBeUndefined();
  });

  it('refuses at once what cannot start in time, and tells when to come back', async () => {
    await introduce(A, B);
    const many = readAll(A, 30);
    await expectCalls(fixture.recorder, TOTAL);
    const refused: Record<string, unknown>[] = [];
    const late = ids(40, 'late').map(async (id) => {
      const { errors } = await fixture.gateway.execute(SCRIPT, { id }, B);
      if (errors?.[0]) refused.push(errors[0].extensions);
    });
    // In three seconds ten of them can start, in turn with those of the other key.
    await eventually(() => expect(refused).toHaveLength(30));
    for (const extensions of refused) {
      expect(extensions).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) });
      expect(extensions.retryAfterMs).toBeGreaterThan(3_000);
    }
    await expectCalls(fixture.recorder, TOTAL);
    await clock.advance(3_000);
    await Promise.all([many, ...late]);
  });

  it('gives made-up keys no more than a fifth of the places while others want them', async () => {
    await introduce(A);
    fixture.respond = (recorded, response) =>
      (recorded.headers.token === A.token ? answerPlainly : unauthorized)(recorded, response);
    const madeUp = Promise.all(ids(25, 'made-up-').map((token) => readAll({ token }, 1)));
    await expectCalls(fixture.recorder, TOTAL);
    await waitForTimers(15 + 1);
    const own = readAll(A, 16);
    await waitForTimers(15 + 16 + 1);
    for (const window of [1, 2]) {
      await clock.advance(WINDOW_MS);
      await expectCalls(fixture.recorder, (window + 1) * TOTAL);
      expect(sendersFrom(window * TOTAL)[A.token]).toBe(8);
    }
    expect((await own).errors).toBeUndefined();
    for (let second = 0; second < 3; second += 1) await clock.advance(WINDOW_MS);
    await madeUp;
  });

  it('gives a key five calls until the API has answered, and fails the calls behind them together with them', async () => {
    const held: (() => void)[] = [];
    fixture.respond = (recorded, response) => void held.push(() => unauthorized(recorded, response));
    const answers = ids(15, 's').map((id) => fixture.gateway.execute(SCRIPT, { id }, A));
    await expectCalls(fixture.recorder, 5);
    await eventually(async () =>
      expect((await fixture.gateway.execute('{ rateLimit { queued } }', {}, A)).data).toEqual({
        rateLimit: { queued: 10 },
      }),
    );
    await clock.advance(WINDOW_MS);
    for (const refuse of held.splice(0)) refuse();
    const messages = (await Promise.all(answers)).map(({ errors = [] }) =>
      errors.map(({ message }) => message),
    );
    const isNotSent = (message = '') =>
      message.includes('not sent, because LuaAuth has not accepted this API key');
    expect(messages.map(([message]) => isNotSent(message)).sort()).toEqual([
      ...Array(5).fill(false),
      ...Array(10).fill(true),
    ]);
    await expectCalls(fixture.recorder, 5);
    // The next calls are tried again.
    await clock.advance(WINDOW_MS);
    fixture.respond = answerPlainly;
    expect((await readAll(A, 10, 't')).errors).toBeUndefined();
    await expectCalls(fixture.recorder, 15);
  });

  it('says of a call that waits for the first answer to a new key that LuaAuth did not answer', async () => {
    fixture.respond = () => undefined;
    const answers = ids(6, 's').map((id) => fixture.gateway.execute(SCRIPT, { id }, A));
    await expectCalls(fixture.recorder, 5);
    await eventually(async () =>
      expect((await fixture.gateway.execute('{ rateLimit { queued } }', {}, A)).data).toEqual({
        rateLimit: { queued: 1 },
      }),
    );
    await clock.advance(3_000);
    for (const { errors } of await Promise.all(answers))
      expect(errors).toMatchObject([expect.toBeError('UPSTREAM_TIMEOUT', { path: ['script'] })]);
    await expectCalls(fixture.recorder, 5);
  });

  it('lets all go that wait for the first answer to a new key', async () => {
    let release = () => {};
    fixture.respond = (recorded, response) => {
      if (recorded.line !== 'GET /scripts/s0') return;
      release = () => answerPlainly(recorded, response);
    };
    const answer = readAll(A, 10);
    await expectCalls(fixture.recorder, 5);
    fixture.respond = answerPlainly;
    release();
    await expectCalls(fixture.recorder, 10);
    await clock.advance(3_000);
    await answer;
  });

  it.each([
    [{ code: 0, message: 'account expired' }, 10],
    [{ code: -1, message: 'internal server error' }, 5],
    [{ code: 7, message: 'no such key' }, 5],
    [{ code: -1, message: 'unauthorized or invalid request', failed: [{ field: 'name', errors: [] }] }, 5],
  ])('takes the refusal %j for what it says of the key', async (error, sent) => {
    const held: (() => void)[] = [];
    fixture.respond = (_recorded, response) =>
      void held.push(() => json(response, { success: false, error }));
    const edits = ids(10, 's').map((id) => fixture.gateway.execute(EDIT, { input: { id, name: 'n' } }, A));
    await expectCalls(fixture.recorder, 5);
    await eventually(async () =>
      expect((await fixture.gateway.execute('{ rateLimit { queued } }', {}, A)).data).toEqual({
        rateLimit: { queued: 5 },
      }),
    );
    fixture.respond = (_recorded, response) => json(response, { success: false, error });
    for (const refuse of held) refuse();
    await Promise.all(edits);
    await expectCalls(fixture.recorder, sent);
  });
});
