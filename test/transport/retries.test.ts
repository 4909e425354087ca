import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { TOGGLE } from '../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS, WHOLE_SCRIPT } from '../support/clients/reads.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { openGateway } from '../support/gateways/gateway.ts';
import { freePort } from '../support/network/free-port.ts';
import { arrival, closing, eventually, expectCalls } from '../support/vitest/waiting.ts';

const clock = createManualClock();
/** The number that the gateway draws, and how often it has drawn: once for each retry. */
const luck = { value: 0, draws: 0 };
const random = () => {
  luck.draws += 1;
  return luck.value;
};
afterEach(() => Object.assign(luck, { value: 0, draws: 0 }));

const unavailable: Respond = (_recorded, response) => void response.writeHead(503).end();
const serverError: Respond = (_recorded, response) =>
  json(response, { success: false, error: { code: -1, message: 'internal server error' } });

/** Answers the first calls with a fault, and what follows properly. */
function firstFail(times: number, fault: Respond): Respond {
  let left = times;
  return (recorded, response) => {
    left -= 1;
    return left >= 0 ? fault(recorded, response) : answerPlainly(recorded, response);
  };
}

describe('a read that failed', () => {
  const fixture = useRecorder({ transport: { clock, random } });

  it('is tried again after a random part of 100 ms, then of 200 ms, and then no more', async () => {
    luck.value = 0.5;
    fixture.respond = unavailable;
    const answer = fixture.gateway.execute(SCRIPT, { id: 'a' });
    await eventually(() => expect(luck.draws).toBe(1));
    await clock.advance(49);
    await expectCalls(fixture.recorder, 1);
    await clock.advance(1);
    await eventually(() => expect(luck.draws).toBe(2));
    await clock.advance(99);
    await expectCalls(fixture.recorder, 2);
    await clock.advance(1);
    expect((await answer).errors?.[0]?.extensions.code).toBe('UPSTREAM_UNAVAILABLE');
    expect(fixture.recorder.calls).toHaveLength(3);
    expect(luck.draws).toBe(2);
  });

  it.each([1, 2])('and succeeds after %i failures shows no error', async (failures) => {
    fixture.respond = firstFail(failures, serverError);
    const { data, errors } = await fixture.gateway.execute(SCRIPT, { id: 'a' });
    expect(errors).toBeUndefined();
    expect(data?.script?.name).toBe('name of a');
    expect(fixture.recorder.calls).toHaveLength(failures + 1);
  });

  it('is a read whatever its method: a page of sessions is asked for again by POST', async () => {
    fixture.respond = (recorded, response) =>
      recorded.line.startsWith('POST') ? pages(recorded, response) : answerPlainly(recorded, response);
    const pages = firstFail(1, unavailable);
    const { errors } = await fixture.gateway.execute('{ script(id: "a") { sessions { nodes { id } } } }');
    expect(errors).toBeUndefined();
    expect(fixture.recorder.lines()).toEqual([
      'GET /scripts/a',
      'POST /scripts/a/sessions',
      'POST /scripts/a/sessions',
    ]);
    const [, first, second] = fixture.recorder.calls;
    expect(second?.body).toBe(first?.body);
  });

  it('is not tried again once its client has left', async () => {
    luck.value = 0.5;
    fixture.respond = unavailable;
    const client = new AbortController();
    const answer = fixture.gateway.execute(SCRIPT, { id: 'a' }, undefined, client.signal);
    await eventually(() => expect(luck.draws).toBe(1));
    client.abort();
    await expect(answer).rejects.toThrow('abort');
    await eventually(() => expect(clock.pending).toBeLessThanOrEqual(1));
    await clock.advance(5_000);
    await expectCalls(fixture.recorder, 1);
    expect(clock.pending).toBe(0);
  });

  it('spends from a budget: a fifth of the requests beyond what was saved up', async () => {
    fixture.respond = serverError;
    const reads = 400;
    for (let start = 0; start < reads; start += 100) {
      const ids = Array.from({ length: 100 }, (_one, index) => `s${start + index}`);
      const { errors } = await fixture.gateway.execute(SCRIPTS, { ids });
      expect(errors).toHaveLength(100);
    }
    const requests = fixture.recorder.calls.length;
    expect(requests - reads).toBeGreaterThan(0.2 * reads);
    expect(requests - reads).toBeLessThanOrEqual(0.2 * requests + 25);
  });
});

describe('the retry budget', () => {
  const fixture = useRecorder({ transport: { clock, random } });

  it.each(['another accepted key', 'a made-up key'])('of a key is not spent by %s', async (which) => {
    const read = (token: string, some: readonly string[]) =>
      fixture.gateway.execute(SCRIPTS, { ids: [...some] }, { token });
    fixture.respond = answerPlainly;
    if (which !== 'a made-up key') await read('other', ['a']);
    await read('key', ['a']);
    fixture.respond = (recorded, response) =>
      (recorded.headers.token === 'other' ? serverError : answerPlainly)(recorded, response);
    const names = Array.from({ length: 100 }, (_one, index) => `s${index}`);
    for (let round = 0; round < 3; round += 1)
      expect((await read('other', names)).errors).toHaveLength(names.length);
    fixture.respond = firstFail(1, serverError);
    const { errors } = await read('key', ['b']);
    expect(errors).toBeUndefined();
  });
});

describe('a deadline', () => {
  const fixture = useRecorder({ transport: { clock, random }, timeouts: { read: 120, write: 120 } });

  it('is not waited past: a try that would begin after it is not made', async () => {
    luck.value = 0.99;
    fixture.respond = unavailable;
    const answer = fixture.gateway.execute(SCRIPT, { id: 'a' });
    await eventually(() => expect(luck.draws).toBe(1));
    await clock.advance(99);
    // The second try would wait for up to 198 ms more.
    expect((await answer).errors?.[0]?.extensions.code).toBe('UPSTREAM_UNAVAILABLE');
    expect(fixture.recorder.calls).toHaveLength(2);
  });

  it('covers all tries together: the last one gets what is left', async () => {
    luck.value = 0.5;
    fixture.respond = firstFail(1, unavailable);
    const answer = fixture.gateway.execute(SCRIPT, { id: 'a' });
    await eventually(() => expect(luck.draws).toBe(1));
    fixture.respond = () => undefined;
    await clock.advance(50);
    const { socket } = await arrival(fixture.recorder, 1);
    await clock.advance(69);
    expect(socket.destroyed).toBe(false);
    await clock.advance(1);
    expect((await answer).errors?.[0]?.extensions.code).toBe('UPSTREAM_TIMEOUT');
  });
});

describe("an operation's deadline", () => {
  const fixture = useRecorder({ transport: { clock, random }, operationTimeoutMs: 3_000 });

  it('covers every call of the operation: the later ones get what is left', async () => {
    let release = () => {};
    fixture.respond = (recorded, response) => {
      if (recorded.line === 'GET /scripts/a') release = () => answerPlainly(recorded, response);
    };
    const answer = fixture.gateway.execute(WHOLE_SCRIPT, { id: 'a' });
    await arrival(fixture.recorder, 0);
    await clock.advance(2_000);
    release();
    await arrival(fixture.recorder, 3);
    await clock.advance(999);
    const sockets = fixture.recorder.calls.slice(1).map(({ socket }) => socket);
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false, false, false]);
    const closed = Promise.all(sockets.map(closing));
    await clock.advance(1);
    const { data, errors = [] } = await answer;
    expect(data).toMatchObject({ script: { executions: null, sessions: null, filtered: null } });
    expect(errors.map(({ path, extensions }) => [path?.join('.'), extensions.code]).toSorted()).toEqual([
      ['script.executions', 'UPSTREAM_TIMEOUT'],
      ['script.filtered', 'UPSTREAM_TIMEOUT'],
      ['script.sessions', 'UPSTREAM_TIMEOUT'],
    ]);
    await closed;
  });

  it('covers the body', async () => {
    fixture.respond = (_recorded, response) => {
      response.writeHead(200, { 'content-length': 1_000 }).write('{"success":');
    };
    const answer = fixture.gateway.execute(SCRIPT, { id: 'a' });
    const { socket } = await arrival(fixture.recorder, 0);
    const closed = closing(socket);
    await clock.advance(3_000);
    expect((await answer).errors?.[0]?.extensions.code).toBe('UPSTREAM_TIMEOUT');
    await closed;
  });

  it('covers a mutation, whose outcome is then unknown', async () => {
    fixture.respond = () => undefined;
    const answer = fixture.gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } });
    await arrival(fixture.recorder, 0);
    await clock.advance(3_000);
    expect((await answer).errors?.[0]?.extensions).toMatchObject({
      code: 'UPSTREAM_TIMEOUT',
      outcome: 'UNKNOWN',
    });
  });
});

describe('a mutation', () => {
  it('that was never sent is tried again, and carried out once', async () => {
    const port = await freePort();
    const gateway = await openGateway({
      upstream: `http://127.0.0.1:${port}`,
      transport: { clock, random },
    });
    luck.value = 0.5;
    const answer = gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } });
    await eventually(() => expect(luck.draws).toBe(1));
    const seen: (string | undefined)[] = [];
    const api = createHttpServer((request, response) => {
      seen.push(request.url);
      json(response, { success: true });
    }).listen(Number(port), '127.0.0.1');
    await once(api, 'listening');
    await clock.advance(50);
    expect(await answer).toMatchObject({ data: { toggleScript: { __typename: 'ToggleScriptSuccess' } } });
    expect(seen).toEqual(['/scripts/a/toggle']);
    await gateway.close();
    await once(api.close(), 'close');
  });
});

describe('an API of which every fifth answer is 503, at random', () => {
  const fixture = useRecorder({ transport: { clock, random } });

  it('answers at least 99 % of the reads, for at most 20 % more requests, and no mutation twice', async () => {
    const chance = seeded(20);
    fixture.respond = (recorded, response) =>
      chance() < 0.2 ? unavailable(recorded, response) : answerPlainly(recorded, response);
    const reads = 500;
    const writes = 50;
    let answered = 0;
    for (let index = 0; index < reads; index += 1) {
      const { data } = await fixture.gateway.execute(SCRIPT, { id: `s${index}` });
      if (data?.script) answered += 1;
      if (index % 10 === 0)
        await fixture.gateway.execute(TOGGLE, { input: { id: `w${index}`, enabled: true } });
    }
    const lines = fixture.recorder.lines();
    const sentReads = lines.filter((line) => line.startsWith('GET'));
    expect(answered).toBeGreaterThanOrEqual(0.99 * reads);
    expect(sentReads.length - reads).toBeGreaterThan(0.1 * reads);
    expect(sentReads.length - reads).toBeLessThanOrEqual(0.2 * lines.length);
    expect(lines.length - sentReads.length).toBe(writes);
    // The breaker stays closed: every read has been sent.
    expect(new Set(sentReads).size).toBe(reads);
  });
});

/** Mulberry32: numbers from 0 to 1 that are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
