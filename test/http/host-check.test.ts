import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { jsonPost } from '../support/clients/json-post.ts';
import { openRaw, postText } from '../support/clients/raw-http.ts';
import { send } from '../support/clients/send.ts';
import { useSandbox } from '../support/gateways/fixture.ts';
import { openGateway, type TestGatewayOptions } from '../support/gateways/gateway.ts';
import { openLog } from '../support/gateways/log-lines.ts';

const DELETE = `mutation { deleteScript(input: { id: "${seeded.scriptId}" }) { __typename } }`;
const NAME = `{ script(id: "${seeded.scriptId}") { name } }`;
const credentials = { heldKey: 'sandbox-key' };

/** The host and the origin that a browser sends for a page from elsewhere, also one whose name leads here. */
const FOREIGN: [host: string, origin: string | undefined][] = [
  ['evil.example', undefined],
  ['evil.example:4000', 'http://evil.example:4000'],
  ['localhost.evil.example', undefined],
  ['127.0.0.1.evil.example', undefined],
  ['127.0.0.1.nip.io', undefined],
  ['0.0.0.0', undefined],
  ['[::]', undefined],
  ['192.168.0.7', undefined],
  ['localhost', 'http://evil.example'],
  ['127.0.0.1:4000', 'https://localhost.evil.example'],
  ['127.0.0.1:4000', 'null'],
];
const OURS: [host: string, origin: string | undefined][] = [
  ['localhost', undefined],
  ['LOCALHOST:4000', 'http://localhost:4000'],
  ['app.localhost:4000', 'http://other.localhost:3000'],
  ['127.0.0.1', undefined],
  ['127.9.9.9:1', undefined],
  ['[::1]:4000', 'http://[::1]:4000'],
  ['localhost', 'https://app.example'],
];
const fixture = useSandbox({ gateway: { credentials, corsOrigins: ['https://app.example'] } });

async function reopen(options: Omit<TestGatewayOptions, 'upstream'>): Promise<void> {
  await fixture.gateway.close();
  fixture.gateway = await openGateway({ upstream: fixture.sandbox.url, ...options });
}

function ask([host, origin]: [string, string | undefined], query: string) {
  const headers: [string, string][] = [['host', host]];
  if (origin !== undefined) headers.push(['origin', origin]);
  return send(fixture.gateway.url, headers, query);
}

const REFUSED = {
  errors: [
    {
      message: expect.stringMatching(/answers to loopback names only.* set GATEWAY_KEYS/),
      extensions: { code: 'HOST_NOT_ALLOWED' },
    },
  ],
};

describe('a gateway that lends its key to whoever can connect', () => {
  it.each(FOREIGN)('carries out nothing for host %s and origin %s', async (...from) => {
    const { status, body } = await ask(from, DELETE);
    expect([status, JSON.parse(body)]).toEqual([403, REFUSED]);
    const [host, origin] = from;
    const response = await fixture.gateway.fetch(
      `http://${host}/graphql`,
      jsonPost(DELETE, { ...(origin && { origin }) }),
    );
    expect([response.status, await response.json()]).toEqual([403, REFUSED]);
    expect(fixture.sandbox.calls).toEqual([]);
  });

  it.each(OURS)('answers host %s and origin %s', async (...from) => {
    expect((await ask(from, NAME)).body).toContain('Nightfall Hub');
    const response = await fixture.gateway.fetch(
      `http://${from[0]}/graphql`,
      jsonPost(NAME, { ...(from[1] && { origin: from[1] }) }),
    );
    expect(await response.json()).toEqual({ data: { script: { name: 'Nightfall Hub' } } });
  });

  it('answers no page of another origin unless it is listed', async () => {
    await reopen({ credentials });
    expect((await ask(['localhost', 'https://app.example'], DELETE)).status).toBe(403);
    expect((await ask(['evil.example', undefined], DELETE)).status).toBe(403);
    expect(fixture.sandbox.calls).toEqual([]);
    expect((await ask(['localhost', undefined], NAME)).body).toContain('Nightfall Hub');
  });

  it('answers a page of another host with nothing but probes', async () => {
    const headers = { origin: 'http://evil.example', accept: 'text/html' };
    for (const [method, path] of [
      ['GET', '/graphql'],
      ['GET', '/graphql?query={__typename}'],
      ['OPTIONS', '/graphql'],
      ['GET', '/metrics'],
      ['GET', '/'],
    ] as const) {
      const response = await fixture.gateway.fetch(`http://evil.example${path}`, {
        method,
        headers: { ...headers },
      });
      expect([method, path, response.status]).toEqual([method, path, 403]);
    }
    // As servers of Yoga pass on what they have of node:http.
    const response = await fixture.gateway.fetch('http://evil.example/graphql', { headers }, { req: {} });
    expect(response.status).toBe(403);
    expect((await fixture.gateway.fetch('http://10.0.0.1/health')).status).toBe(200);
    expect((await fixture.gateway.fetch('http://10.0.0.1/readiness')).status).toBe(200);
  });

  it('takes a request of HTTP/1.0 without a host, which no browser sends', async () => {
    const { socket, until } = await openRaw(fixture.gateway.url);
    const text = postText(JSON.stringify({ query: NAME }));
    socket.write(text.replace('HTTP/1.1', 'HTTP/1.0').replace(/^host: .*\r\n/m, ''));
    expect(await until('Nightfall Hub')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('logs what it refuses', async () => {
    const { log, lines } = openLog();
    await reopen({ credentials, observers: log.operations ? [log.operations] : [] });
    await ask(['evil.example', undefined], DELETE);
    await fixture.gateway.fetch('http://evil.example/graphql', { method: 'POST' });
    expect(lines.map((line) => JSON.parse(line))).toMatchObject(
      Array.from({ length: 2 }, () => ({ status: 403, errorCodes: ['HOST_NOT_ALLOWED'] })),
    );
  });

  it('answers to host names that an embedder lists, or to all', async () => {
    // An empty list, split at its commas, gives one empty name.
    await reopen({ credentials, hosts: ['Gateway.Internal', ''] });
    const named = ['gateway.internal:8080', 'https://gateway.internal'] as [string, string];
    expect((await ask(named, NAME)).status).toBe(200);
    expect((await ask(['evil.example', undefined], NAME)).status).toBe(403);
    expect((await ask(['gateway.internal', 'http://evil.example'], NAME)).status).toBe(403);
    expect((await ask(['gateway.internal', 'null'], NAME)).status).toBe(403);
    await reopen({ credentials, hosts: ['*'] });
    expect((await ask(['evil.example', 'http://evil.example'], NAME)).status).toBe(200);
  });
});

it.each([
  ['asks for gateway keys', { ...credentials, gatewayKeys: ['of-team-a'] }],
  ['holds no key', {}],
])('a gateway that %s answers to every name: no page knows what to present', async (_which, own) => {
  await reopen({ credentials: own });
  const { status, body } = await ask(['gateway.example', 'http://gateway.example'], DELETE);
  expect([status, JSON.parse(body).errors[0].extensions.code]).toEqual([200, 'UNAUTHENTICATED']);
  expect(fixture.sandbox.calls).toEqual([]);
});
