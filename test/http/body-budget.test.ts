import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import { json } from '../support/api/recorder.ts';
import { openRaw, postText } from '../support/clients/raw-http.ts';
import { SCRIPT } from '../support/clients/reads.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { openGateway, type TestGatewayOptions } from '../support/gateways/gateway.ts';
import { eventually, expectCalls } from '../support/vitest/waiting.ts';

const KB = 1024;

type Plugins = NonNullable<TestGatewayOptions['plugins']>;

describe('bodies that arrive at the same time', () => {
  // So little that all of a body is at the server's socket as soon as it has left the client's.
  const TOTAL = 128 * KB;
  /** What is free for all. A client gets an eighth of the total beyond it. */
  const HALF = TOTAL / 2;
  let underWay = 0;
  const observer = { began: () => void underWay++, ended: () => void underWay-- };
  const options = { maxBodiesBytes: TOTAL, observers: [observer] };
  const fixture = useRecorder(options);
  /** Replaces the gateway of this test by one with these plugins. */
  async function reopen(plugins: Plugins): Promise<void> {
    await fixture.gateway.close();
    fixture.gateway = await openGateway({ upstream: fixture.recorder.url, ...options, plugins });
  }
  const KEY = { token: 'key' };

  /** The text of a body of so many bytes. */
  const bodyOf = (bytes: number, query = '{ __typename }') => {
    const bare = JSON.stringify({ query, variables: { source: '' } });
    return JSON.stringify({ query, variables: { source: 'x'.repeat(bytes - bare.length) } });
  };

  /** A request of which all but the last byte has arrived. */
  async function openAlmost(bytes: number, headers: Record<string, string> = {}, query?: string) {
    const client = await openRaw(fixture.gateway.url);
    const text = postText(bodyOf(bytes, query), headers);
    client.socket.write(text.slice(0, -1));
    await eventually(() => expect(client.socket.writableLength).toBe(0));
    // A later request is answered only after the bytes at the server's socket have been read.
    for (let round = 0; round < 2; round++) await fetch(`${fixture.gateway.url}/health`);
    return { ...client, finish: () => client.socket.write(text.slice(-1)) };
  }

  it('are refused with 503 and retry-after when those of a client have no room', async () => {
    const first = await openAlmost(50 * KB);
    const second = await openAlmost(37 * KB);
    const answer = await second.until('OVERLOADED');
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer).toMatch(/^retry-after: 1\r$/im);
    expect(answer).toContain('send it again in a moment');
    first.finish();
    expect(await first.until('"Query"')).toMatch(/^HTTP\/1\.1 200 /);
    // The budget is whole again.
    const third = await openAlmost(HALF - KB);
    third.finish();
    expect(await third.until('"Query"')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('are refused with the same status and headers where a stream is accepted', async () => {
    const first = await openAlmost(50 * KB);
    const second = await openAlmost(37 * KB, { accept: 'text/event-stream' });
    const answer = await second.until('event: complete');
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer).toMatch(/^retry-after: 1\r$/im);
    expect(answer).toMatch(/^content-type: text\/event-stream/im);
    first.socket.destroy();
  });

  it('cost what has arrived of them, not what is announced, and nothing when their clients are gone', async () => {
    for (let round = 0; round < 3; round++) {
      const clients = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const client = await openRaw(fixture.gateway.url);
          client.socket.write(postText('{', { 'content-length': HALF }));
          return client;
        }),
      );
      const gone = await Promise.all([1, 2].map(() => openAlmost(25 * KB)));
      for (const { socket } of [...clients, ...gone]) socket.destroy();
      await eventually(() => expect(underWay).toBe(0));
    }
    const whole = await openAlmost(HALF - KB);
    whole.finish();
    expect(await whole.until('"Query"')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('stop counting when a plugin keeps their operation from beginning', async () => {
    let isBroken = true;
    const onParams = () => {
      if (isBroken) throw new Error('broken');
    };
    await reopen([{ onParams }]);
    const failed = await openAlmost(HALF - KB);
    failed.finish();
    expect(await failed.until('INTERNAL_SERVER_ERROR')).toMatch(/^HTTP\/1\.1 500 /);
    expect(fixture.gateway.logged.splice(0)).toMatchObject([{ message: 'broken' }]);
    isBroken = false;
    const whole = await openAlmost(HALF - KB);
    whole.finish();
    expect(await whole.until('"Query"')).toMatch(/^HTTP\/1\.1 200 /);
  });

  const WRITE = 'mutation { toggleScript(input: { id: "a", enabled: true }) { __typename } }';
  const NAME = '{ script(id: "a") { name } }';
  const OPERATIONS = Array.from({ length: 46 }, (_one, index) => `query q${index} ${NAME}`).join(' ');

  it.each([
    ['themselves', postText(bodyOf(50 * KB, WRITE), KEY)],
    [
      'the names of members in them',
      postText(JSON.stringify({ query: WRITE, variables: { ['x'.repeat(50 * KB)]: 1 } }), KEY),
    ],
    [
      'the heads of their requests',
      `GET /graphql?query=${encodeURIComponent(NAME)}&more=${'x'.repeat(40 * KB)} HTTP/1.1\r\nhost: localhost\r\ntoken: key\r\n\r\n`,
    ],
    [
      'the documents of their operations',
      postText(JSON.stringify({ query: OPERATIONS, operationName: 'q0' }), KEY),
    ],
  ])('count for %s, until their operation is over', async (_what, text) => {
    let answer = () => {};
    fixture.respond = (recorded, response) => {
      answer = () => answerPlainly(recorded, response);
    };
    const running = await openRaw(fixture.gateway.url);
    running.socket.write(text);
    await expectCalls(fixture.recorder, 1);
    const refused = await openAlmost(60 * KB, KEY);
    expect(await refused.until('OVERLOADED')).toMatch(/^HTTP\/1\.1 503 /);
    answer();
    await running.until('"data"');
    const taken = await openAlmost(60 * KB, KEY);
    taken.finish();
    expect(await taken.until('"Query"')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('count until their subscription is over', async () => {
    fixture.respond = () => undefined;
    const query = 'subscription { scriptSessions(scriptId: "a") { __typename } }';
    const following = await openAlmost(50 * KB, { ...KEY, accept: 'text/event-stream' }, query);
    following.finish();
    expect(await following.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
    const other = await openAlmost(60 * KB, KEY);
    other.finish();
    expect(await other.until('}')).toMatch(/^HTTP\/1\.1 503 /);
    following.socket.destroy();
    await eventually(() => expect(underWay).toBe(0));
    const taken = await openAlmost(HALF - KB, KEY);
    taken.finish();
    expect(await taken.until('"Query"')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('count for what is kept of them once they are parsed', async () => {
    fixture.respond = answerPlainly;
    await fixture.gateway.execute(SCRIPT, { id: 'a' }, KEY);
    const calls: ServerResponse[] = [];
    fixture.respond = (_recorded, response) => void calls.push(response);
    const running = await openRaw(fixture.gateway.url);
    running.socket.write(postText(JSON.stringify({ query: WRITE }).padEnd(50 * KB), KEY));
    await eventually(() => expect(calls).toHaveLength(1));
    const taken = await openAlmost(60 * KB);
    taken.finish();
    expect(await taken.until('"Query"')).toMatch(/^HTTP\/1\.1 200 /);
    json(calls[0] as ServerResponse, { success: true });
    await running.until('ToggleScriptSuccess');
  });

  it('are counted for an embedded fetch handler as well', async () => {
    const post = (bytes: number, { ends }: { ends: boolean }) => {
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(new Uint8Array(0));
          controller.enqueue(Buffer.from(bodyOf(bytes)));
          if (ends) controller.close();
        },
      });
      const headers = { 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit;
      return fixture.gateway.fetch(new Request('http://localhost/graphql', init));
    };
    // Without an address, all callers are one client.
    void post(50 * KB, { ends: false });
    const second = await post(37 * KB, { ends: true });
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '1']);
  });

  it('are refused as too large when a single one exceeds half of the budget', async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.write(postText(bodyOf(HALF + 1), KEY));
    expect(await client.until('BODY_TOO_LARGE')).toContain(`larger than ${HALF} bytes`);
  });
});
