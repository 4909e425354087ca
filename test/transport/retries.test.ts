import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { TOGGLE } from '../support/clients/mutations.ts';
import { SCRIPT, WHOLE_SCRIPT } from '../support/clients/reads.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { openGateway } from '../support/gateways/gateway.ts';
import { freePort } from '../support/network/free-port.ts';
import { arrival, closing, eventually } from '../support/vitest/waiting.ts';
import { createTransportScene, type Fate } from './transport-scene.ts';

const clock = createManualClock();
/** The number that the gateway draws for each retry, and how often it has drawn. */
let draws = 0;
const random = () => {
  draws += 1;
  return 0.5;
};

const SERVER_ERROR = { success: false, error: { code: -1, message: 'internal server error' } };

/** A scene in which the first requests meet these fates, and the others are answered. */
function sceneWith(...fates: readonly Fate[]) {
  const scene = createTransportScene({ random: () => 0.5 });
  const left = [...fates];
  scene.answer = (line) => left.shift() ?? scene.answerPlainly(line);
  return scene;
}

describe('a read that failed', () => {
  it('is tried again after a random part of 100 ms, then of 200 ms, and then no more', async () => {
    const scene = sceneWith(503, 503, 503);
    const read = scene.read();
    const sentAfter = async (ms: number) => {
      await scene.pass(ms);
      return scene.lines.length;
    };
    expect([await sentAfter(49), await sentAfter(1)]).toEqual([1, 2]);
    expect([await sentAfter(99), await sentAfter(1)]).toEqual([2, 3]);
    expect(await read).toBe('Unavailable');
  });

  it.each([1, 2])('and succeeds after %i failures shows no error', async (failures) => {
    const scene = sceneWith(...Array(failures).fill(SERVER_ERROR));
    const read = scene.read();
    await scene.pass(1_000);
    expect(await read).toBe('v1');
    expect(scene.lines).toHaveLength(failures + 1);
  });

  it('is not tried again once its client has left', async () => {
    const scene = sceneWith(503);
    const client = new AbortController();
    const read = scene.read('a', { signal: client.signal });
    await scene.pass(0);
    client.abort();
    expect(await read).toBe('ClientLeft');
    await scene.pass(5_000);
    expect(scene.lines).toHaveLength(1);
    expect(scene.clock.pending).toBe(0);
  });
});

describe('a deadline', () => {
  it('is not waited past: a try that would begin after it is not made', async () => {
    const scene = createTransportScene({ random: () => 0.99 });
    scene.answer = () => 503;
    const read = scene.read('a', { timeoutMs: 120 });
    await scene.pass(99);
    // The third try would wait for up to 198 ms more.
    expect(await read).toBe('Unavailable');
    expect(scene.lines).toHaveLength(2);
  });

  it('covers all tries together: the last one gets what is left', async () => {
    const scene = sceneWith(503, 'silent');
    const read = scene.read('a', { timeoutMs: 120 });
    await scene.pass(119);
    expect(scene.lines).toHaveLength(2);
    expect(scene.clock.nextAt).toBe(120);
    await scene.pass(1);
    expect(await read).toBe('TimedOut');
  });
});

describe('a read by POST', () => {
  const fixture = useRecorder({ transport: { clock, random: () => 0 } });

  it('is tried again like any other: a page of sessions', async () => {
    fixture.respond = (recorded, response) =>
      recorded.line.startsWith('POST') ? pages(recorded, response) : answerPlainly(recorded, response);
    let failures = 1;
    const pages: Respond = (recorded, response) => {
      failures -= 1;
      if (failures >= 0) response.writeHead(503).end();
      else answerPlainly(recorded, response);
    };
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
    const answer = gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } });
    await eventually(() => expect(draws).toBe(1));
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
  it('answers at least 99 % of the reads, for at most 20 % more requests, and no mutation twice', async () => {
    const scene = createTransportScene();
    const chance = seeded(20);
    scene.answer = (line) => (chance() < 0.2 ? 503 : scene.answerPlainly(line));
    const reads = 500;
    const writes = 50;
    let answered = 0;
    for (let index = 0; index < reads; index += 1) {
      if (/^v/.test(await scene.read(`s${index}`))) answered += 1;
      if (index % 10 === 0) await scene.toggle(`w${index}`);
    }
    const sentReads = scene.lines.filter((line) => line.startsWith('GET'));
    expect(answered).toBeGreaterThanOrEqual(0.99 * reads);
    expect(sentReads.length - reads).toBeGreaterThan(0.1 * reads);
    expect(sentReads.length - reads).toBeLessThanOrEqual(0.2 * scene.lines.length);
    expect(scene.lines.length - sentReads.length).toBe(writes);
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
