import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { defaults } from '../../../src/config/config.ts';
import { sandboxKeys } from '../../../src/features/sandbox/keys.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../../../src/features/sandbox/server.ts';
import { type GatewayProcess, startProcess } from '../../../test/support/processes/process.ts';
import { ask, post } from './support/ask.ts';
import { type RunningProxy, startProxy } from './support/proxies.ts';
import { eventsOf, firstOverWebSocket, tryUpgrade } from './support/streams.ts';
import { textOf } from './support/tool.ts';

const QUERY = 'query ($id: ID!) { script(id: $id) { name } }';
const variables = { id: seeded.scriptId };
const SUBSCRIPTION = `subscription { scriptSessions(scriptId: "${seeded.visitedScriptId}") { __typename } }`;
const SNAPSHOT = { data: { scriptSessions: { __typename: 'SessionsSnapshot' } } };
const ANSWER = { data: { script: { name: 'Nightfall Hub' } } };

test('Caddy gives an answer more time than a subscription lasts', () => {
  const [, minutes] = /^\t*write (\d+)m$/m.exec(textOf('Caddyfile')) ?? [];
  assert.ok(Number(minutes) * 60_000 > defaults.live.maxLifetimeMs);
});

for (const name of ['nginx', 'caddy'] as const)
  test(`${name} names the client in the header of TRUSTED_PROXY, whatever the client has written there`, async () => {
    const echo = createServer(({ headers }, response) => response.end(headers['x-forwarded-for'])).listen(
      0,
      '127.0.0.1',
    );
    await once(echo, 'listening');
    const proxy = await startProxy(name, `http://127.0.0.1:${(echo.address() as AddressInfo).port}`);
    try {
      const headers = { 'x-forwarded-for': '203.0.113.7' };
      const { body } = await ask(proxy, { method: 'POST', path: '/graphql', headers, body: '{}' });
      assert.equal(body.split(',').at(-1)?.trim(), '127.0.0.1');
    } finally {
      await proxy.stop();
      echo.close();
    }
  });

for (const name of ['nginx', 'caddy'] as const) {
  describe(name, () => {
    let sandbox: Sandbox;
    let gateway: GatewayProcess;
    let proxy: RunningProxy;
    before(async () => {
      sandbox = await startSandbox({ rate: 0 });
      gateway = startProcess({ PORT: '0', LUAAUTH_API_URL: sandbox.url, FRESH_MS: '0', GRAPHIQL: 'true' });
      proxy = await startProxy(name, await gateway.listening());
    });
    beforeEach(() => sandbox.reset());
    after(async () => {
      await proxy.stop();
      await gateway.kill();
      await sandbox.close();
    });

    test('its own validator takes the configuration', () => {
      assert.equal(proxy.check.code, 0, proxy.check.output);
      assert.match(proxy.check.output, /test is successful|Valid configuration/);
    });

    test('operations pass over TLS, with the key of the caller and without compression', async () => {
      const { status, headers, body } = await post(proxy, sandboxKeys.full, QUERY, variables);
      assert.deepEqual([status, JSON.parse(body)], [200, ANSWER]);
      assert.equal(headers['content-encoding'], undefined);
      assert.match(String(headers['strict-transport-security']), /max-age=\d{8}/);
      assert.match(String(headers['x-request-id']), /\S/);
      assert.doesNotMatch(String(headers.server ?? ''), /\d/);
    });

    test('a body over MAX_BODY_BYTES is refused in the gateway’s own words', async () => {
      const { status, body } = await post(proxy, sandboxKeys.full, QUERY, { id: 'a'.repeat(4_300_000) });
      assert.equal(status, 413);
      assert.equal(JSON.parse(body).errors[0].extensions.code, 'BODY_TOO_LARGE');
    });

    test('a head of more than 40 kB does not reach the gateway', async () => {
      const { status, headers } = await ask(proxy, {
        path: '/health',
        headers: { much: 'x'.repeat(40_000) },
      });
      assert.match(String(status), /^(400|431)$/);
      assert.equal(headers['x-request-id'], undefined);
    });

    test('the GraphiQL page passes where it is on, and what it loads', async () => {
      const page = await ask(proxy, { path: '/graphql', headers: { accept: 'text/html' } });
      assert.deepEqual([page.status, page.headers['content-type']], [200, 'text/html; charset=utf-8']);
      const [, script = ''] = / src="([^"]+)"/.exec(page.body) ?? [];
      const { status, headers } = await ask(proxy, { path: `/${script}` });
      assert.deepEqual([status, headers['content-type']], [200, 'text/javascript; charset=utf-8']);
    });

    test('the dashboard and the tools for agents pass: the gateway says whether they are on', async () => {
      for (const path of ['/dashboard', '/dashboard/index.html', '/mcp']) {
        const { status, headers } = await ask(proxy, { path });
        assert.deepEqual([path, status], [path, 404]);
        assert.match(String(headers['x-request-id']), /\S/);
      }
    });

    test('nothing else passes but /health', async () => {
      assert.equal((await ask(proxy, { path: '/health' })).body, '{"status":"ok"}');
      for (const path of ['/', '/metrics', '/readiness', '/graphqlx', '/dashboards', '/mcpx', '/x/graphql']) {
        const { status, headers, body } = await ask(proxy, { path });
        assert.deepEqual([path, status], [path, 404]);
        // The gateway would answer in JSON, and give the request an id.
        assert.equal(headers['x-request-id'], undefined);
        assert.doesNotMatch(body, /errors/);
      }
    });

    test('nothing passes without TLS', async () => {
      const headers = { 'content-type': 'application/json', token: sandboxKeys.full };
      const body = JSON.stringify({ query: QUERY, variables });
      const answer = await ask(proxy, { isPlain: true, method: 'POST', path: '/graphql', headers, body });
      assert.equal(answer.status, 403);
      assert.deepEqual(sandbox.calls, []);
    });

    /** Sends secrets in all places where a client may have them, and waits until the log tells of it. */
    async function sendSecrets(status: number): Promise<void> {
      const parameters = new URLSearchParams({ query: QUERY, variables: JSON.stringify({ id: 'SECRETID' }) });
      const answer = await ask(proxy, {
        path: `/graphql?${parameters}`,
        headers: { token: 'SECRETKEY', 'x-graphql-csrf': '1', referer: 'https://localhost/?SECRETREFERER' },
      });
      assert.equal(answer.status, status);
      const isLogged = new RegExp(`GET.*/graphql.*\\b${status}\\b`);
      while (!isLogged.test(proxy.log())) await delay(20);
      assert.doesNotMatch(proxy.log(), /SECRET|variables/);
      assert.ok(!proxy.log().includes(sandboxKeys.full));
    }

    test('the log tells of each operation, and holds neither keys nor variables', () => sendSecrets(200));

    test('a subscription passes by WebSocket, and ends when its client leaves', async () => {
      const first = await firstOverWebSocket(proxy, { token: sandboxKeys.full }, SUBSCRIPTION);
      assert.deepEqual(first, SNAPSHOT);
    });

    test('a subscription passes as server-sent events, each as soon as it is there', async () => {
      const text = await eventsOf(proxy, sandboxKeys.full, SUBSCRIPTION);
      assert.match(
        text,
        /^event: next\ndata: \{"data":\{"scriptSessions":\{"__typename":"SessionsSnapshot"\}\}\}\n/m,
      );
    });

    test('a WebSocket is refused in the gateway’s own words', async () => {
      const { status, body } = await tryUpgrade(proxy, '/graphql', { origin: 'https://elsewhere.example' });
      assert.equal(status, 403);
      assert.equal(JSON.parse(body).errors[0].extensions.code, 'ORIGIN_NOT_ALLOWED');
      const own = await tryUpgrade(proxy, '/graphql', { origin: 'https://localhost' });
      assert.equal(own.status, 101);
    });

    test('an operation that runs when the gateway is told to stop is answered', async () => {
      sandbox.fault({ kind: 'delay', ms: 1_500 });
      const answer = post(proxy, sandboxKeys.full, QUERY, variables);
      while (sandbox.calls.length === 0) await delay(10);
      gateway.signal('SIGTERM');
      assert.deepEqual(JSON.parse((await answer).body), ANSWER);
      assert.equal(await gateway.ended, 0);
      // Then no gateway answers any more, which the proxy reports.
      assert.equal((await post(proxy, sandboxKeys.full, QUERY, variables)).status, 502);
      await sendSecrets(502);
    });
  });
}
