import { afterEach, describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { jsonTextPost } from '../support/clients/json-post.ts';
import { watchSockets } from '../support/clients/one-byte-chunks.ts';
import { openRaw, postText } from '../support/clients/raw-http.ts';
import { useOpened, useSandbox } from '../support/gateways/fixture.ts';
import { liveBytes } from '../support/processes/live-memory.ts';
import { eventually } from '../support/vitest/waiting.ts';

const fixture = useSandbox({ shared: true });
const opened = useOpened();
afterEach(async () => {
  expect(fixture.gateway.logged).toEqual([]);
  expect((await fetch(`${fixture.gateway.url}/health`)).status).toBe(200);
});

const KEY = { token: 'sandbox-key' };
const NAME = JSON.stringify({ query: `{ script(id: "${seeded.scriptId}") { name } }` });
const FOUND = '{"data":{"script":{"name":"Nightfall Hub"}}}';
const LIMIT = 4 * 1024 * 1024;

/** The operation that replaces the source of a script, of so many bytes. */
function bodyOf(bytes: number): string {
  const body = (source: string) =>
    JSON.stringify({
      query: 'mutation ($input: UpdateScriptInput!) { updateScript(input: $input) { __typename } }',
      variables: { input: { id: seeded.scriptId, source } },
    });
  return body('x'.repeat(bytes - body('').length));
}

describe('the limit of a body', () => {
  it.each(['fetch of node', 'fetch of the gateway'])('is exact, and says what is allowed: %s', async (by) => {
    const { fetch: own, url } = fixture.gateway;
    const send = (body: string) =>
      (by === 'fetch of node' ? fetch : own)(`${url}/graphql`, jsonTextPost(body, KEY));
    expect(await (await send(bodyOf(LIMIT))).text()).toContain('UpdateScriptSuccess');
    fixture.sandbox.reset();
    const refused = await send(bodyOf(LIMIT + 1));
    expect([refused.status, await refused.text()]).toEqual([
      413,
      expect.stringMatching(new RegExp(`${LIMIT} bytes.*BODY_TOO_LARGE`)),
    ]);
    expect(fixture.sandbox.calls).toEqual([]);
    expect(await (await send(NAME)).text()).toBe(FOUND);
  });

  it('is checked by the content-length, before any of the body has come', async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.write(postText('', { 'content-length': 1_000_000_000 }));
    expect(await client.until('BODY_TOO_LARGE')).toMatch(/^HTTP\/1\.1 413 /);
    // Closes the connection of a client that goes on sending after it has its answer.
    const drip = setInterval(() => client.socket.write('x'), 20);
    await client.closed;
    clearInterval(drip);
  });

  it('is checked as a body without content-length arrives, and nothing of the rest is kept', async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.write(postText('', { 'transfer-encoding': 'chunked' }));
    const mebibyte = Buffer.alloc(1024 * 1024, 'x');
    const send = () =>
      new Promise((resolve) => {
        client.socket.write('100000\r\n');
        client.socket.write(mebibyte);
        client.socket.write('\r\n', resolve);
      });
    for (let sent = 0; sent < 5; sent++) await send();
    expect(await client.until('BODY_TOO_LARGE')).toMatch(/^HTTP\/1\.1 413 /);
    const before = liveBytes();
    for (let sent = 0; sent < 100; sent++) await send();
    expect(liveBytes() - before).toBeLessThan(50 * 1024 * 1024);
    client.socket.destroy();
  });

  it('ends the stream of a request by `fetch`', async () => {
    let pulled = 0;
    const body = new ReadableStream({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(1024 * 1024));
      },
    });
    const headers = { 'content-type': 'application/json', ...KEY };
    const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit;
    const response = await fixture.gateway.fetch(new Request('http://gateway.example/graphql', init));
    expect(response.status).toBe(413);
    expect(pulled).toBeLessThan(10);
  });
});

describe('the length of a body', () => {
  it.each<[what: string, sent: string, status: number, answers: number]>([
    ['that is too short cuts it', postText(bodyOf(1_000), { 'content-length': 10 }), 400, 0],
    [
      'beside a transfer-encoding is refused',
      postText('', { 'content-length': 5, 'transfer-encoding': 'chunked' }),
      400,
      0,
    ],
    ['holds, and what follows is no request', `${postText(NAME, KEY)}garbage\r\n\r\n`, 200, 1],
    [
      'holds in each request before one that is none',
      `${postText(NAME, KEY).repeat(2)}garbage\r\n\r\n`,
      200,
      2,
    ],
  ])('%s', async (_what, sent, status, answers) => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.write(sent);
    const text = await client.closed;
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(text.match(/Nightfall Hub/g) ?? []).toHaveLength(answers);
    expect(text).not.toContain('xxx');
    expect(fixture.sandbox.calls.length).toBeLessThanOrEqual(answers);
  });
});

describe('slow clients', () => {
  const limits = { headersTimeoutMs: 300, requestTimeoutMs: 600, checkIntervalMs: 50 };
  const sockets = watchSockets();

  it('are none whose request came while the process stood still', async () => {
    const { gateway } = await opened.open({
      upstream: fixture.sandbox.url,
      server: { ...limits, headersTimeoutMs: 2_000, requestTimeoutMs: 2_000 },
    });
    const client = await openRaw(gateway.url);
    await eventually(() => expect(sockets.accepted.at(-1)?.remotePort).toBe(client.socket.localPort));
    client.socket.write(postText(NAME, { ...KEY, connection: 'close' }));
    const end = performance.now() + 2_500;
    while (performance.now() < end);
    expect(await client.closed).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('that drip a head or a body, or send nothing, get 408 while others are answered', async () => {
    const { gateway } = await opened.open({ upstream: fixture.sandbox.url, server: limits });
    const clients = await Promise.all([1, 2, 3].map(() => openRaw(gateway.url)));
    const [head, body] = clients.map(({ socket }) => socket);
    head?.write('POST /graphql HTTP/1.1\r\nHost: x\r\nX-Drip: ');
    body?.write(postText('{"query": "', { 'content-length': 1_000 }));
    const drip = setInterval(() => {
      for (const socket of [head, body]) if (socket?.writable) socket.write('x');
    }, 20);
    const answers = Promise.all(clients.map(({ closed }) => closed));
    expect((await gateway.execute('{ __typename }')).data).toEqual({ __typename: 'Query' });
    for (const text of await answers)
      expect(text).toMatch(/^HTTP\/1\.1 408 .*x-content-type-options: nosniff.*REQUEST_TIMEOUT/s);
    clearInterval(drip);
    expect(gateway.logged).toEqual([]);
  });

  it('of 500 idle sockets harm nobody', async () => {
    const idle = await Promise.all(Array.from({ length: 500 }, () => openRaw(fixture.gateway.url)));
    for (const [index, { socket }] of idle.entries())
      if (index % 2) socket.write('POST /graphql HTTP/1.1\r\n');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => fixture.gateway.execute('{ __typename }')),
    );
    for (const { data } of answers) expect(data).toEqual({ __typename: 'Query' });
    for (const { socket } of idle) socket.destroy();
  });
});
