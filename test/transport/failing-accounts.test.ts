import { afterEach, describe, expect, it } from 'vitest';
import type { BreakerState } from '../../src/transport/observer.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { EDIT } from '../support/clients/mutations.ts';
import { SCRIPT } from '../support/clients/reads.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { createLateState } from '../support/redis/late-state.ts';
import { arrival, eventually, expectCalls } from '../support/vitest/waiting.ts';

const clock = createManualClock();
const random = () => 0;
const A = { token: 'key-a' };
const B = { token: 'key-b' };
const C = { token: 'key-c' };

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
    expect(states).toEqual(['open', 'closed']);
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

describe('a key that LuaAuth has not accepted', () => {
  const fixture = useRecorder({ transport: { clock, random, rate: 50, totalRate: 200 } });
  const ids = (count: number, name: string) => Array.from({ length: count }, (_one, index) => name + index);

  it.each([
    [{ code: 0, message: 'account expired' }, 20],
    [{ code: -1, message: 'internal server error' }, 10],
    [{ code: 7, message: 'no such key' }, 10],
    [{ code: -1, message: 'unauthorized or invalid request', failed: [{ field: 'name', errors: [] }] }, 10],
  ])('takes the refusal %j for what it says of the key', async (error, sent) => {
    const held: (() => void)[] = [];
    fixture.respond = (_recorded, response) =>
      void held.push(() => json(response, { success: false, error }));
    const edits = ids(20, 's').map((id) => fixture.gateway.execute(EDIT, { input: { id, name: 'n' } }, A));
    await expectCalls(fixture.recorder, 5);
    await eventually(async () =>
      expect((await fixture.gateway.execute('{ rateLimit { queued } }', {}, A)).data).toEqual({
        rateLimit: { queued: 15 },
      }),
    );
    // Of a key that is not accepted, five calls are under way at a time.
    for (const refuse of held.splice(0)) refuse();
    await expectCalls(fixture.recorder, sent);
    fixture.respond = (_recorded, response) => json(response, { success: false, error });
    for (const refuse of held) refuse();
    await Promise.all(edits);
    await expectCalls(fixture.recorder, 20);
  });
});
