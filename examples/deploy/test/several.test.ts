import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { sandboxKeys } from '../../../src/features/sandbox/keys.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../../../src/features/sandbox/server.ts';
import { freePort } from '../../../test/support/network/free-port.ts';
import { type GatewayProcess, startProcess } from '../../../test/support/processes/process.ts';
import { type RunningProxy, startProxy } from './support/proxies.ts';

const READ = `{ script(id: "${seeded.scriptId}") { name } }`;
const WRITE = `mutation { toggleScript(input: { id: "${seeded.scriptId}" }) { __typename } }`;

/** Takes what it is sent, and closes the connection instead of an answer. */
async function startBrokenGateway() {
  const requests: string[] = [];
  const server: Server = createServer((socket) =>
    socket.once('data', (head) => {
      requests.push(head.toString('latin1').slice(0, head.indexOf('\r\n')));
      socket.destroy();
    }),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { requests, url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

describe('the nginx of compose.several.yaml', () => {
  let sandbox: Sandbox;
  let gateway: GatewayProcess;
  const proxies: RunningProxy[] = [];
  before(async () => {
    sandbox = await startSandbox({ rate: 0 });
    gateway = startProcess({ PORT: '0', LUAAUTH_API_URL: sandbox.url, FRESH_MS: '0' });
  });
  after(async () => {
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    await gateway.kill();
    await sandbox.close();
  });

  /** nginx before a gateway that answers, and before another one. */
  async function startBeside(other: string): Promise<RunningProxy> {
    const proxy = await startProxy('several', other, await gateway.listening());
    proxies.push(proxy);
    assert.equal(proxy.check.code, 0, proxy.check.output);
    return proxy;
  }

  const send = ({ plainPort }: RunningProxy, query: string) =>
    fetch(`http://127.0.0.1:${plainPort}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', token: sandboxKeys.full },
      body: JSON.stringify({ query }),
    });

  test('hands WebSockets on', async () => {
    const { plainPort } = await startBeside(`http://127.0.0.1:${await freePort()}`);
    const client = createClient({
      url: `ws://127.0.0.1:${plainPort}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { token: sandboxKeys.full },
      retryAttempts: 0,
    });
    const { value } = await client.iterate({ query: READ }).next();
    await client.dispose();
    assert.deepEqual(value, { data: { script: { name: 'Nightfall Hub' } } });
  });

  test('asks the other gateway where one does not listen', async () => {
    const proxy = await startBeside(`http://127.0.0.1:${await freePort()}`);
    for (let count = 0; count < 4; count += 1) assert.equal((await send(proxy, READ)).status, 200);
  });

  test('sends no write a second time', async () => {
    const broken = await startBrokenGateway();
    const proxy = await startBeside(broken.url);
    const statuses: number[] = [];
    // Whichever gateway nginx begins with, the broken one has its turn.
    while (broken.requests.length === 0) statuses.push((await send(proxy, WRITE)).status);
    broken.close();
    assert.equal(statuses.at(-1), 502);
    assert.deepEqual(broken.requests, ['POST /graphql HTTP/1.1']);
    assert.equal(sandbox.calls.filter(({ method }) => method === 'POST').length, statuses.length - 1);
  });
});
