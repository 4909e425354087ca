import type { ServerResponse } from 'node:http';
import { print } from 'graphql';
import { describe, expect, it } from 'vitest';
import { answerAs, answerPlainly, answerRateLimited } from '../support/api/plain-api.ts';
import type { Recorded, Respond } from '../support/api/recorder.ts';
import { TOGGLE } from '../support/clients/mutations.ts';
import { SCRIPT, SCRIPTS } from '../support/clients/reads.ts';
import { createManualClock, settle } from '../support/clocks/clock.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { arrival, closing, eventually, expectCalls } from '../support/vitest/waiting.ts';
import { createTransportScene } from './transport-scene.ts';

const clock = createManualClock();
const random = () => 0;

/** Keeps every answer back until `release`. */
function holdBack(answer: Respond) {
  const held: [Recorded, ServerResponse][] = [];
  return {
    respond: ((recorded, response) => void held.push([recorded, response])) satisfies Respond,
    release() {
      for (const [recorded, response] of held.splice(0)) void answer(recorded, response);
    },
  };
}

/** Answers with the key in the script's name. */
const answerKey: Respond = (recorded, response) =>
  answerAs(`seen with ${recorded.headers.token}`, recorded, response);

describe('identical reads at the same time', () => {
  const fixture = useRecorder({ transport: { clock, random } });
  const read = (id = 'a', token = 'key-a', signal?: AbortSignal) =>
    fixture.gateway.execute(SCRIPT, { id }, { token }, signal);

  it('of one key are one call, and of two keys two, each with its own data', async () => {
    const { respond, release } = holdBack(answerKey);
    fixture.respond = respond;
    const first = Promise.all(Array.from({ length: 100 }, () => read('a', 'key-a')));
    const second = Promise.all(Array.from({ length: 100 }, () => read('a', 'key-b')));
    await expectCalls(fixture.recorder, 2);
    await waitForReads(200);
    release();
    const names = async (answers: typeof first) =>
      new Set((await answers).map(({ data }) => data?.script?.name));
    expect(await names(first)).toEqual(new Set(['seen with key-a']));
    expect(await names(second)).toEqual(new Set(['seen with key-b']));
    expect(fixture.recorder.calls).toHaveLength(2);
  });

  it('are one call each where thousands are in flight, and are forgotten with their answers', async () => {
    const { respond, release } = holdBack(answerPlainly);
    fixture.respond = respond;
    const groups = Array.from({ length: 15 }, (_, group) =>
      Array.from({ length: 200 }, (_, index) => `id-${group}-${index}`),
    );
    const readAll = () =>
      Promise.all(groups.map((ids) => fixture.gateway.execute(SCRIPTS, { ids }, { token: 'key-a' })));
    const both = Promise.all([readAll(), readAll()]);
    await waitForReads(6_000);
    fixture.respond = answerPlainly;
    release();
    for (const answers of await both)
      expect(answers.map(({ data }) => data?.scripts.map((script) => script?.name))).toEqual(
        groups.map((ids) => ids.map((id) => `name of ${id}`)),
      );
    expect(fixture.recorder.calls).toHaveLength(3_000);
    await readAll();
    expect(fixture.recorder.calls).toHaveLength(6_000);
  });

  it('are told apart by their payload, not only by their path', async () => {
    const { respond, release } = holdBack(answerPlainly);
    fixture.respond = respond;
    const page = (first: number, filter = '') =>
      fixture.gateway.execute(`{ script(id: "a") { sessions(first: ${first}${filter}) { nodes { id } } } }`);
    const answers = Promise.all([
      page(1),
      page(1),
      page(2),
      page(1, ', filter: { jobId: "j" }'),
      page(1, ', filter: { jobId: "k" }'),
    ]);
    await expectCalls(fixture.recorder, 1);
    await waitForReads(5);
    release();
    await expectCalls(fixture.recorder, 5);
    release();
    expect((await answers).map(({ errors }) => errors)).toEqual(Array(5).fill(undefined));
  });

  it('that fail give the error to everyone once, at its own path, and the next read tries again', async () => {
    const { respond, release } = holdBack((_recorded, response) => void response.end('<html>'));
    fixture.respond = respond;
    const answers = Array.from({ length: 50 }, () =>
      fixture.gateway.execute('{ mine: script(id: "a") { name } other: script(id: "b") { name } }'),
    );
    await expectCalls(fixture.recorder, 2);
    await waitForReads(100);
    release();
    for (const { data, errors } of await Promise.all(answers)) {
      expect(data).toEqual({ mine: null, other: null });
      expect(errors?.map(({ path, extensions }) => [path, extensions.code]).sort()).toEqual([
        [['mine'], 'UPSTREAM_BAD_RESPONSE'],
        [['other'], 'UPSTREAM_BAD_RESPONSE'],
      ]);
    }
    expect(fixture.recorder.calls).toHaveLength(2);
    fixture.respond = answerPlainly;
    const { data } = await fixture.gateway.execute(SCRIPT, { id: 'a' });
    expect(data?.script?.name).toBe('name of a');
    expect(fixture.recorder.calls).toHaveLength(3);
  });

  it('go on for the others when one client leaves, and end with the last', async () => {
    const { respond, release } = holdBack(answerPlainly);
    fixture.respond = respond;
    const clients = [new AbortController(), new AbortController()] as const;
    const [first, second] = clients.map(({ signal }) => read('a', 'key-a', signal));
    const { socket } = await arrival(fixture.recorder, 0);
    await waitForReads(2);
    clients[0].abort();
    await expect(first).rejects.toThrow('abort');
    await settle();
    // The call that the first one began goes on, and so does its timer.
    const third = read();
    await waitForReads(3);
    clients[1].abort();
    await expect(second).rejects.toThrow('abort');
    await waitForReads(2);
    expect(socket.destroyed).toBe(false);
    release();
    expect((await third).data?.script?.name).toBe('name of a');
    expect(fixture.recorder.calls).toHaveLength(1);
  });

  it('are aborted in flight when the last client leaves; a later one makes a call of its own', async () => {
    fixture.respond = () => undefined;
    const clients = [new AbortController(), new AbortController(), new AbortController()];
    const answers = clients.map(({ signal }) => read('a', 'key-a', signal));
    const { socket } = await arrival(fixture.recorder, 0);
    const closed = closing(socket);
    await waitForReads(3);
    for (const client of clients) client.abort();
    for (const answer of answers) await expect(answer).rejects.toThrow('abort');
    await closed;
    expect(clock.pending).toBe(0);
    fixture.respond = answerPlainly;
    expect((await read()).data?.script?.name).toBe('name of a');
    expect(fixture.recorder.calls).toHaveLength(2);
  });

  it('are aborted inside the body too', async () => {
    fixture.respond = (_recorded, response) => {
      response.writeHead(200, { 'content-length': 1_000 }).write('{"success"');
    };
    const client = new AbortController();
    const answer = read('a', 'key-a', client.signal);
    const { socket } = await arrival(fixture.recorder, 0);
    const closed = closing(socket);
    await settle();
    client.abort();
    await expect(answer).rejects.toThrow('abort');
    await closed;
    expect(clock.pending).toBe(0);
  });

  it('never show one key what another may see, in whatever order they come and go', async () => {
    const { respond, release } = holdBack(answerKey);
    fixture.respond = respond;
    const keys = ['key-a', 'key-b', 'key-c'];
    for (let round = 0; round < 10; round += 1) {
      const answers = Array.from({ length: 30 }, async (_one, index) => {
        const token = keys[(index * 7 + round) % 3] as string;
        const client = new AbortController();
        if (index % 5 === 0) setTimeout(() => client.abort(), index % 4);
        const { data } = await read(`s${index % 2}`, token, client.signal).catch(() => ({ data: undefined }));
        return data === undefined || data?.script?.name === `seen with ${token}`;
      });
      const timer = setInterval(release, 2);
      expect(await Promise.all(answers)).toEqual(Array(30).fill(true));
      clearInterval(timer);
    }
  });

  /** Waits for one timer a read: the first read has its call's, each that joined has one for its own deadline. */
  async function waitForReads(count: number): Promise<void> {
    await eventually(() => expect(clock.pending).toBe(count));
  }
});

describe('equal reads that wait for the quota', () => {
  const WINDOW_MS = 1_002;

  it('are sent once for those who stay, and never when all have left', async () => {
    const scene = createTransportScene({ rate: 1 });
    await scene.read('first');
    const client = new AbortController();
    const { signal } = client;
    const stays = scene.read('a');
    const leaving = { signal, timeoutMs: 10_000 };
    const leave = [scene.read('a', leaving), scene.read('b', leaving), scene.read('b', leaving)];
    await scene.pass(0);
    client.abort();
    expect(await Promise.all(leave)).toEqual(Array(3).fill('ClientLeft'));
    await scene.pass(WINDOW_MS);
    expect(await stays).toBe('v1');
    await scene.pass(5_000);
    expect(scene.lines).toEqual(['GET /scripts/first', 'GET /scripts/a']);
  });

  /** The quota of two is used up. */
  const useUpTheQuota = async () => {
    const scene = createTransportScene({ rate: 2, freshMs: 60_000 });
    await Promise.all([scene.read('first'), scene.read('second')]);
    scene.take();
    return scene;
  };
  const one = { caller: 'one', timeoutMs: 60_000 };
  const two = { caller: 'two', timeoutMs: 60_000 };

  it('of two callers are sent in the turn of the one that is first, and answered together', async () => {
    const scene = await useUpTheQuota();
    const greedy = ['a', 'b', 'c', 'd'].map((id) => scene.read(id, one));
    const other = scene.read('d', two);
    await scene.pass(WINDOW_MS);
    expect(await other).toBe('v1');
    expect(await greedy[3]).toBe('v1 shared');
    await scene.pass(WINDOW_MS);
    expect(await Promise.all(greedy)).toEqual(['v1', 'v1', 'v1', 'v1 shared']);
    expect(scene.lines.map((line) => line.slice(-1))).toEqual(['a', 'd', 'b', 'c']);
  });

  it('of two callers leave the turn of the second to what else it waits for', async () => {
    const scene = await useUpTheQuota();
    const first = scene.read('a', one);
    const others = [scene.read('a', two), scene.read('b', two)];
    await scene.pass(0);
    scene.hold();
    await scene.pass(WINDOW_MS);
    // The second permit is for `b`: `a` is under way already.
    expect(scene.lines).toEqual(['GET /scripts/a', 'GET /scripts/b']);
    await scene.release();
    expect(await Promise.all([first, ...others])).toEqual(['v1', 'v1 shared', 'v1']);
  });

  it('of one operation are all answered by the call of another one whose turn is first', async () => {
    const scene = await useUpTheQuota();
    const { origin: operation } = scene.accessOf(two);
    const reads = [one, { ...two, operation }, { ...two, operation }].map((asking) =>
      scene.read('a', asking),
    );
    const answers: string[] = [];
    for (const read of reads) void read.then((answer) => answers.push(answer));
    await scene.pass(WINDOW_MS);
    expect(answers).toEqual(['v1', 'v1 shared', 'v1 shared']);
    expect(scene.lines).toEqual(['GET /scripts/a']);
  });

  it('of a client that stays are sent when the client leaves whose read was first', async () => {
    const scene = await useUpTheQuota();
    const client = new AbortController();
    const leaves = scene.read('a', { ...one, signal: client.signal });
    const stays = scene.read('a', two);
    await scene.pass(0);
    client.abort();
    expect(await leaves).toBe('ClientLeft');
    await scene.pass(WINDOW_MS);
    expect(await stays).toBe('v1');
    expect(scene.lines).toEqual(['GET /scripts/a']);
  });
});

describe("a read that joins another one's call late", () => {
  const joinAfter = async (ms: number) => {
    const scene = createTransportScene();
    scene.answer = () => 'silent';
    const first = scene.read();
    await scene.pass(ms);
    const second = scene.read();
    await scene.pass(5_000 - ms);
    expect(await first).toBe('TimedOut');
    return { scene, second };
  };

  it('asks by itself when the time of the other one runs out long before its own', async () => {
    const { scene, second } = await joinAfter(4_000);
    scene.answer = scene.answerPlainly;
    await scene.pass(3_999);
    expect(scene.lines).toHaveLength(2);
    await scene.pass(1);
    expect(await second).toBe('TimedOut');
    expect(scene.clock.pending).toBe(0);
  });

  it('fails with it when little of its own time is left', async () => {
    const { scene, second } = await joinAfter(1_000);
    expect(await second).toBe('TimedOut');
    expect(scene.lines).toHaveLength(1);
  });
});

describe('many reads that share one call', () => {
  let timers = 0;
  const after: typeof clock.after = (...args) => {
    timers += 1;
    return clock.after(...args);
  };
  const fixture = useRecorder({ transport: { clock: { ...clock, after }, random } });

  it('are refused together when the quota leaves no time for the call', async () => {
    const { respond, release } = holdBack((_recorded, response) => answerRateLimited(response, '3600'));
    fixture.respond = respond;
    const answers = Array.from({ length: 300 }, () => fixture.gateway.execute(SCRIPT, { id: 'a' }));
    await eventually(() => expect(clock.pending).toBe(300));
    await arrival(fixture.recorder, 0);
    release();
    for (const answer of answers) expect((await answer).errors?.[0]?.extensions.code).toBe('RATE_LIMITED');
    // Each has one for its deadline, and does not wait anew with each of the others.
    expect(timers).toBeLessThan(600);
    await expectCalls(fixture.recorder, 1);
  });
});

describe('writes', () => {
  const fixture = useRecorder({ transport: { clock, random } });

  it('are never shared, however alike', async () => {
    const { respond, release } = holdBack(answerPlainly);
    fixture.respond = respond;
    const toggle = () => fixture.gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } });
    const answers = Promise.all([toggle(), toggle(), toggle()]);
    await expectCalls(fixture.recorder, 3);
    release();
    expect((await answers).map(({ errors }) => errors)).toEqual(Array(3).fill(undefined));
  });

  it('that are under way are finished although the client has left, and what follows them is not sent', async () => {
    const { respond, release } = holdBack(answerPlainly);
    fixture.respond = respond;
    const client = new AbortController();
    const answer = fixture.gateway.execute(
      'mutation { a: deleteScript(input: { id: "a" }) { __typename } b: deleteScript(input: { id: "b" }) { __typename } }',
      undefined,
      undefined,
      client.signal,
    );
    const { socket } = await arrival(fixture.recorder, 0);
    client.abort();
    await expect(answer).rejects.toThrow('abort');
    await settle();
    expect(socket.destroyed).toBe(false);
    release();
    await eventually(() => expect(clock.pending).toBe(0));
    expect(socket.destroyed).toBe(false);
    await expectCalls(fixture.recorder, 1);
  });
});

describe('one operation', () => {
  const fixture = useRecorder({ transport: { clock, random } });

  it('may have many calls under way, and Node warns of no leak', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => void warnings.push(warning);
    process.on('warning', onWarning);
    fixture.respond = answerPlainly;
    const ids = Array.from({ length: 60 }, (_one, index) => `s${index}`);
    const overHttp = await fixture.gateway.execute(SCRIPTS, { ids });
    const embedded = await fixture.gateway.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', token: 'key-a' },
      body: JSON.stringify({ query: print(SCRIPTS), variables: { ids } }),
      signal: new AbortController().signal,
    });
    expect(await embedded.json()).toEqual({ data: overHttp.data });
    await settle();
    process.off('warning', onWarning);
    expect(fixture.recorder.calls).toHaveLength(120);
    expect(warnings).toEqual([]);
  });

  it('asks once for what it selects many times', async () => {
    fixture.respond = answerPlainly;
    const { data } = await fixture.gateway.execute(SCRIPTS, { ids: ['a', 'b', 'a', 'a'] });
    expect(data?.scripts.map((script) => script?.id)).toEqual(['a', 'b', 'a', 'a']);
    await expectCalls(fixture.recorder, 2);
  });
});
