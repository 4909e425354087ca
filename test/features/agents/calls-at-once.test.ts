import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { CLIENT_LEFT } from '../../../src/observability/request-record.ts';
import { answerPlainly, wireScript } from '../../support/api/plain-api.ts';
import { json } from '../../support/api/recorder.ts';
import { forAgents, sendMessage } from '../../support/clients/agent.ts';
import { ringOf } from '../../support/clients/keys.ts';
import { openRaw, postText } from '../../support/clients/raw-http.ts';
import { useRecorder } from '../../support/gateways/fixture.ts';

const KEY = 'bot';
const SIZE = 1024 * 1024;
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
