import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { openRaw } from '../support/clients/raw-http.ts';
import { useSandbox } from '../support/gateways/fixture.ts';
import { openGateway } from '../support/gateways/gateway.ts';

const NAME = `{ script(id: "${seeded.scriptId}") { name } }`;
const BODY = JSON.stringify({ query: NAME });
const credentials = { heldKey: 'sandbox-key' };
const fixture = useSandbox({ gateway: { credentials } });

interface Head {
  readonly target: string;
  readonly method?: string;
  readonly hosts?: readonly string[];
  readonly version?: string;
  readonly headers?: readonly string[];
}

/** Sends an operation, by POST in its body, to a target as it is. */
async function ask(head: Head, url = fixture.gateway.url): Promise<string> {
  const { target, method = 'POST', hosts = ['localhost'], version = '1.1', headers = [] } = head;
  const body = method === 'POST' ? BODY : '';
  const lines = [
    `${method} ${target} HTTP/${version}`,
    ...hosts.map((host) => `Host: ${host}`),
    'Connection: close',
    'x-graphql-csrf: 1',
    ...(body ? ['Content-Type: application/json', `Content-Length: ${body.length}`] : []),
    ...headers,
  ];
  const client = await openRaw(url);
  client.socket.write([...lines, '', body].join('\r\n'));
  return client.closed;
}

const BY_GET = `/graphql?query=${encodeURIComponent(NAME)}`;

describe('a request target in absolute form', () => {
  it.each<[what: string, head: Head]>([
    ['POST', { target: 'http://localhost/graphql' }],
    ['a port', { target: 'http://127.0.0.1:4000/graphql', hosts: ['127.0.0.1:4000'] }],
    ['capitals', { target: 'HTTP://LOCALHOST/graphql' }],
    ['https', { target: 'https://[::1]/graphql', hosts: ['[::1]'] }],
    ['GET', { method: 'GET', target: `http://localhost${BY_GET}` }],
    ['HTTP/1.0 without a host', { target: 'http://localhost/graphql', version: '1.0', hosts: [] }],
  ])('is answered: %s', async (_what, head) => {
    expect(await ask(head)).toMatch(/^HTTP\/1\.1 200 .*Nightfall Hub/s);
  });

  it('is answered with plugins of an embedder, which see the host of the target', async () => {
    const seen: string[] = [];
    const plugin = { onRequest: ({ url }: { readonly url: URL }) => void seen.push(url.href) };
    const upstream = fixture.sandbox.url;
    const gateway = await openGateway({ upstream, credentials, plugins: [plugin] });
    try {
      const head = { target: 'http://127.0.0.1:4000/graphql', hosts: ['127.0.0.1:4000'] };
      expect(await ask(head, gateway.url)).toMatch(/^HTTP\/1\.1 200 .*Nightfall Hub/s);
      expect(seen).toEqual(['http://127.0.0.1:4000/graphql']);
    } finally {
      await gateway.close();
    }
  });

  it.each<[target: string, status: number]>([
    ['http://localhost', 404],
    [`http://localhost?query=${encodeURIComponent(NAME)}`, 404],
    ['http://localhost//graphql', 404],
    ['http://localhost/health', 200],
  ])('has the path that the URL has: GET %s gives %i', async (target, status) => {
    expect(await ask({ method: 'GET', target })).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(fixture.sandbox.calls).toEqual([]);
  });

  it.each(['http://localhost/graphql', 'http://evil.example/graphql', 'http://evil.example/health'])(
    'is refused if the host header names another host: %s',
    async (target) => {
      const text = await ask({ target, hosts: ['gateway.example'] });
      expect(text).toMatch(/^HTTP\/1\.1 400 .*"BAD_REQUEST"/s);
      expect(text).toContain('the same host in both');
      expect(fixture.sandbox.calls).toEqual([]);
    },
  );

  it.each(['evil.example', 'localhost.evil.example:4000'])(
    'is refused for a host that is not allowed: %s',
    async (host) => {
      const text = await ask({ target: `http://${host}/graphql`, hosts: [host] });
      expect(text).toMatch(/^HTTP\/1\.1 403 .*"HOST_NOT_ALLOWED"/s);
      expect(fixture.sandbox.calls).toEqual([]);
    },
  );

  it.each<[what: string, head: Head]>([
    ['no host header', { target: 'http://localhost/graphql', hosts: [] }],
    ['two host headers', { target: 'http://localhost/graphql', hosts: ['localhost', 'localhost'] }],
    ['a bad host header', { target: 'http://localhost/graphql', hosts: ['a/b'] }],
    ['no host', { target: 'http:///graphql' }],
    ['a user', { target: 'http://user:word@localhost/graphql' }],
    ['a bad port', { target: 'http://localhost:99999999/graphql' }],
    ['another scheme', { target: 'ftp://localhost/graphql' }],
  ])('is refused as malformed: %s', async (_what, head) => {
    const text = await ask(head);
    expect(text).toMatch(/^HTTP\/1\.1 400 .*"BAD_REQUEST"/s);
    expect(text).not.toContain('word');
    expect(fixture.sandbox.calls).toEqual([]);
  });

  it.each([
    ['http://localhost/graphql', 101],
    ['http://evil.example/graphql', 400],
    ['http://localhost/other', 404],
  ])('opens a WebSocket by the same rules: %s gives %i', async (target, status) => {
    const client = await openRaw(fixture.gateway.url);
    const lines = [
      `GET ${target} HTTP/1.1`,
      'Host: localhost',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
      'Sec-WebSocket-Protocol: graphql-transport-ws',
    ];
    client.socket.write([...lines, '', ''].join('\r\n'));
    expect(await client.until('\r\n\r\n')).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    client.socket.destroy();
  });
});
