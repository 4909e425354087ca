import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json as readJson } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createGateway } from '../../../src/gateway.ts';
import { createTransport } from '../../../src/index.ts';
import { answerPlainly } from '../../support/api/plain-api.ts';
import { forAgents, sendText } from '../../support/clients/agent.ts';
import { bearer, ringOf } from '../../support/clients/keys.ts';
import { openRaw, postText } from '../../support/clients/raw-http.ts';
import { useOpened } from '../../support/gateways/fixture.ts';
import { withGatewayDefaults } from '../../support/gateways/gateway.ts';
import { listen } from '../../support/network/listen.ts';

const { closing, record } = useOpened();
const KEY = 'bot';
const known = ringOf([{ name: KEY }]);
const DOCUMENTS = new Map([['script', 'query script($id: ID!) { script(id: $id) { name } }']]);
const message = (id: string) =>
  JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'script', arguments: { id } },
  });

/** A gateway behind a body parser, that looks up keys by `find`. `statuses`: how its requests have ended. */
async function open(find: (key: string, response: ServerResponse) => unknown) {
  const recorder = await record(answerPlainly);
  const transport = createTransport({ url: recorder.url });
  const logged: unknown[] = [];
  const statuses: number[] = [];
  let last: ServerResponse;
  const options = withGatewayDefaults({
    transport,
    credentials: { heldKey: 'held', keyRing: { find: (key) => find(key, last) as never } },
    maxBodiesBytes: 20_000,
    log: { error: (error) => void logged.push(error) },
    observers: [{ ended: (_record, { status }) => void statuses.push(status) }],
    ...forAgents(DOCUMENTS),
  });
  const gateway = createGateway(options);
  const server = createServer(async (request: IncomingMessage & { body?: unknown }, response) => {
    request.body = await readJson(request);
    last = response;
    gateway(request, response);
  });
  const { url, close } = await listen(server);
  closing.push(transport.close, close);
  return { url, logged, statuses };
}

it('a client that leaves while its key is looked up leaves no room taken', async () => {
  const lookUps: (() => void)[] = [];
  let isSlow = true;
  const { url, statuses } = await open((key) =>
    isSlow ? new Promise((resolve) => lookUps.push(() => resolve(known.find(key)))) : known.find(key),
  );
  const text = message('a'.repeat(9_000));
  const headers = { accept: 'application/json, text/event-stream', ...bearer(KEY) };
  for (let left = 1; left <= 3; left += 1) {
    const { socket } = await openRaw(url);
    socket.write(postText(text, headers).replace('/graphql', '/mcp'));
    await expect.poll(() => lookUps.length).toBe(left);
    socket.destroy();
    await expect.poll(() => statuses.length).toBe(left);
    lookUps.at(-1)?.();
  }
  isSlow = false;
  expect((await sendText(url, KEY, text)).status).toBe(200);
});

it('a message waits for its turn, as an operation does', async () => {
  const lookUps: (() => void)[] = [];
  // There is memory for three messages under way.
  const { url } = await open((key) => new Promise((resolve) => lookUps.push(() => resolve(known.find(key)))));
  const sent = ['a', 'b', 'c', 'd'].map((id) => sendText(url, KEY, message(id)));
  await expect.poll(() => lookUps.length).toBe(3);
  expect((await fetch(`${url}/mcp`, { method: 'PUT', body: '{}' })).status).toBe(405);
  expect(lookUps).toHaveLength(3);
  let answered = 0;
  for (const answer of sent) void answer.then(() => (answered += 1));
  while (answered < 4) {
    for (const answer of lookUps.splice(0)) answer();
    await nextTurn();
  }
  expect((await Promise.all(sent)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
});

it('a message that something in front of the gateway has answered meanwhile harms nothing', async () => {
  const { url, logged } = await open(async (key, response) => {
    response.writeHead(504, { 'content-type': 'application/json' }).end('{}');
    await once(response, 'close');
    return known.find(key);
  });
  expect((await sendText(url, KEY, message('a'))).status).toBe(504);
  expect((await sendText(url, KEY, message('a'))).status).toBe(504);
  expect(logged).toEqual([]);
});
