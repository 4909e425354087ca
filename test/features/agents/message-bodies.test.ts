import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { CLIENT_LEFT } from '../../../src/observability/request-record.ts';
import { answerPlainly, wireScript } from '../../support/api/plain-api.ts';
import { json } from '../../support/api/recorder.ts';
import { forAgents, sendMessage } from '../../support/clients/agent.ts';
import { ringOf } from '../../support/clients/keys.ts';
import { LAST_CHUNK, sendInOneByteChunks, watchSockets } from '../../support/clients/one-byte-chunks.ts';
import { openRaw, postText } from '../../support/clients/raw-http.ts';
import { useRecorder } from '../../support/gateways/fixture.ts';
import { eventually } from '../../support/vitest/waiting.ts';

const KEY = 'bot';
const SIZE = 1024 * 1024;
const CHUNKS = SIZE / 4;
const sockets = watchSockets();
const statuses: number[] = [];
const fixture = useRecorder({
  credentials: { heldKey: 'held', keyRing: ringOf([{ name: KEY }]) },
  maxBodyBytes: 2 * SIZE,
  maxBodiesBytes: 4 * SIZE,
  transport: { rate: 0 },
  server: { writeTimeoutMs: 2_000 },
  observers: [{ ended: (_record, { status }) => void statuses.push(status) }],
  ...forAgents(
    new Map([
      ['script', 'query script($id: ID!) { script(id: $id) { name } }'],
      ['many', 'query many($ids: [ID!]!) { scripts(ids: $ids) { a: name b: name c: name d: name } }'],
    ]),
  ),
});
afterEach(() => statuses.splice(0));

const HEADERS = { accept: 'application/json, text/event-stream', authorization: `Bearer ${KEY}` };
const message = (id: string, name = 'script', args: object = { id }) =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } });
const post = (body: string, headers: Record<string, string | number> = {}) =>
  postText(body, { ...HEADERS, ...headers }).replace('/graphql', '/mcp');
const call = async (id: string) => {
  const args = { name: 'script', arguments: { id } };
  const { status, result } = await sendMessage(fixture.gateway.url, KEY, 'tools/call', args);
  return [status, result?.structuredContent?.data];
};
const answered = (id: string) => [200, { script: { name: `name of ${id}` } }];

describe('a message', () => {
  it(`of ${CHUNKS} bytes in as many chunks takes less than ten times its size`, async () => {
    fixture.respond = answerPlainly;
    expect(await call('a')).toEqual(answered('a'));
    const head = post('', { 'transfer-encoding': 'chunked' });
    const body = message('b').padEnd(CHUNKS);
    const { client, grownBytes } = await sendInOneByteChunks(fixture.gateway, sockets, head, body);
    expect(grownBytes).toBeLessThan(10 * CHUNKS);
    client.socket.write(LAST_CHUNK);
    expect(await client.until('name of b')).toMatch(/^HTTP\/1\.1 200 /);
    client.socket.destroy();
  });

  it('of two that do not end, and have no room together, one gives way and says so', async () => {
    fixture.respond = answerPlainly;
    const clients = await Promise.all(['a', 'b'].map(() => openRaw(fixture.gateway.url)));
    for (const { socket } of clients) socket.write(post(message('a').padEnd(1.5 * SIZE)).slice(0, -10));
    const refusal = await Promise.race(clients.map(({ until }) => until('}}')));
    expect(refusal).toMatch(/^HTTP\/1\.1 503 /);
    expect(refusal).toMatch(/\r\nretry-after: 1\r\n/i);
    expect(refusal).toMatch(/"jsonrpc":"2.0",.*"message":"[^"]*send it again in a moment\.",.*"OVERLOADED"/);
    const other = clients.find(({ received }) => received() === '');
    other?.socket.write(' '.repeat(10));
    expect(await other?.until('name of a')).toMatch(/^HTTP\/1\.1 200 /);
    for (const { socket } of clients) socket.destroy();
  });

  it('that is cut off leaves its room to others', async () => {
    fixture.respond = answerPlainly;
    for (let round = 0; round < 5; round += 1) {
      const { socket, closed } = await openRaw(fixture.gateway.url);
      await new Promise((resolve) =>
        socket.write(post(message('a').padEnd(1.9 * SIZE)).slice(0, -10), resolve),
      );
      socket.destroy();
      await closed;
    }
    await eventually(async () => {
      const client = await openRaw(fixture.gateway.url);
      client.socket.write(post(message('b').padEnd(1.9 * SIZE)));
      expect(await client.until('}}')).toMatch(/^HTTP\/1\.1 200 /);
      client.socket.destroy();
    });
  });
});

it('of 300 calls at once each has its own answer, for one REST call', async () => {
  fixture.respond = answerPlainly;
  const ids = Array.from({ length: 300 }, (_, index) => `id-${index}`);
  expect(await Promise.all(ids.map(call))).toEqual(ids.map(answered));
  expect(fixture.recorder.lines().sort()).toEqual(ids.map((id) => `GET /scripts/${id}`).sort());
});

it('a client that never reads its answers is given up, and others are answered meanwhile', async () => {
  fixture.respond = ({ line }, response) =>
    json(response, {
      success: true,
      script: wireScript(line.split('/').at(-1) ?? '', { name: 'n'.repeat(2_000) }),
    });
  // An answer of nearly 1 MB.
  const ids = Array.from({ length: 55 }, (_, index) => `id-${index}`);
  const client = await openRaw(fixture.gateway.url);
  client.socket.pause();
  // More than the sockets' buffers hold, however large they grow.
  for (let call = 0; call < 30; call += 1) client.socket.write(post(message('', 'many', { ids })));
  while (!statuses.includes(CLIENT_LEFT)) {
    expect((await call('a'))[0]).toBe(200);
    await delay(100);
  }
  client.socket.destroy();
});
