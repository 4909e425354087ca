import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { getIntrospectionQuery, OperationTypeNode } from 'graphql';
import { Pool } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCompress } from '../../../src/features/compression/compress.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../../../src/features/sandbox/server.ts';
import { fetchRequest } from '../../../src/http/http-request.ts';
import { createRequestTracker } from '../../../src/observability/request-record.ts';
import { openGateway, type TestGateway } from '../../support/gateways/gateway.ts';

const ORIGIN = 'https://app.example.com';
const { scriptId: id, sessionId } = seeded;
const SESSIONS = `{ script(id: "${id}") { sessions(first: 100) { nodes { id userKey robloxId placeId jobId createdAt } } } }`;
const INTROSPECTION = getIntrospectionQuery();

let sandbox: Sandbox;
const gateways: Record<string, TestGateway> = {};
const pools: Record<string, Pool> = {};

beforeAll(async () => {
  sandbox = await startSandbox({ rate: 0 });
  const options = {
    plain: {},
    cors: { corsOrigins: [ORIGIN] },
    off: { compression: false },
  };
  for (const [name, given] of Object.entries(options)) {
    const gateway = await openGateway({ upstream: sandbox.url, ...given });
    gateways[name] = gateway;
    pools[name] = new Pool(gateway.url, { connections: 1 });
  }
});
beforeEach(() => sandbox.reset());
afterAll(async () => {
  for (const pool of Object.values(pools)) await pool.close();
  for (const gateway of Object.values(gateways)) {
    expect(gateway.logged).toEqual([]);
    await gateway.close();
  }
  await sandbox.close();
});

interface Answer {
  readonly status: number;
  readonly encoding: string | undefined;
  /** As they came. */
  readonly bytes: Buffer;
  readonly type: string | undefined;
}

const headersFor = (acceptEncoding: string | undefined, more: object = {}) => ({
  'content-type': 'application/json',
  token: 'sandbox-key',
  'x-request-id': 'one',
  ...(acceptEncoding === undefined ? {} : { 'accept-encoding': acceptEncoding }),
  ...more,
});

async function ask(
  gateway: string,
  path: string,
  query: string,
  acceptEncoding?: string,
  more: object = {},
): Promise<Answer> {
  const method = path.includes('?') ? 'GET' : 'POST';
  const body = method === 'GET' ? null : JSON.stringify({ query });
  const response = await (pools[gateway] as Pool).request({
    path,
    method,
    headers: headersFor(acceptEncoding, more),
    body,
  });
  const bytes = Buffer.from(await response.body.arrayBuffer());
  const { headers } = response;
  expect(headers['content-length']).toBe(String(bytes.length));
  return {
    status: response.statusCode,
    encoding: headers['content-encoding'] as string | undefined,
    type: headers['content-type'] as string | undefined,
    bytes,
  };
}

function textOf({ encoding, bytes }: Answer): string {
  if (encoding === 'br') return brotliDecompressSync(bytes).toString();
  return (encoding === 'gzip' ? gunzipSync(bytes) : bytes).toString();
}

const ADAPTERS: [name: string, gateway: string, path: (query: string) => string, more: object][] = [
  ['POST', 'plain', () => '/graphql', {}],
  ['another path', 'plain', () => '/graphql/', {}],
  ['GET', 'plain', (query) => `/graphql?query=${encodeURIComponent(query)}`, {}],
  ['a gateway with CORS', 'cors', () => '/graphql', { origin: ORIGIN }],
];

describe.each(ADAPTERS)('an answer by %s', (_adapter, gateway, path, more) => {
  it.each([
    ['br', 'br'],
    ['gzip', 'gzip'],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip, deflate', 'gzip'],
    ['br;q=0.1, gzip;q=0.9', 'gzip'],
    ['br;q=0, *', 'gzip'],
    [undefined, undefined],
    ['', undefined],
    ['identity', undefined],
    ['deflate', undefined],
    ['gzip;q=0', undefined],
    ['gzip;q=0.5, identity', undefined],
    ['xgzip', undefined],
  ])('to who accepts %j is sent as %s, and says the same', async (acceptEncoding, encoding) => {
    const plain = await ask('off', '/graphql', SESSIONS);
    expect(plain.bytes.length).toBeGreaterThan(10_000);
    const answer = await ask(gateway, path(SESSIONS), SESSIONS, acceptEncoding, more);
    expect([answer.status, answer.encoding, answer.type]).toEqual([200, encoding, plain.type]);
    expect(textOf(answer)).toBe(textOf(plain));
    if (encoding !== undefined) expect(answer.bytes.length).toBeLessThan(plain.bytes.length / 2);
  });
});

describe('what is not compressed', () => {
  it.each([
    ['a small answer', `{ script(id: "${id}") { name } }`],
    [
      'an answer with an error, which can quote what was sent',
      `${SESSIONS.slice(0, -1)} other: script(id: "nope") { name } }`,
    ],
    ['a refusal', `{ ${'a'.repeat(2_000)} }`],
  ])('%s', async (_what, query) => {
    for (const path of ['/graphql', '/graphql/']) {
      const answer = await ask('plain', path, query, 'gzip, br');
      expect(answer.encoding).toBeUndefined();
      expect(() => JSON.parse(textOf(answer))).not.toThrow();
    }
  });

  it('the answer to a mutation, which can hold what others have sent', async () => {
    const input = `{ id: "${sessionId}", handler: "echo", data: ["${'x'.repeat(2_000)}"] }`;
    const query = `mutation { messageSession(input: ${input}) { ... on MessageDelivered { response } } }`;
    const answer = await ask('plain', '/graphql', query, 'gzip, br');
    expect(answer.encoding).toBeUndefined();
    expect(JSON.parse(textOf(answer))).toEqual({ data: { messageSession: { response: expect.anything() } } });
    expect(answer.bytes.length).toBeGreaterThan(2_000);
  });

  it('anything, where that is turned off', async () => {
    expect((await ask('off', '/graphql', SESSIONS, 'br')).encoding).toBeUndefined();
    expect((await ask('off', '/graphql/', SESSIONS, 'br')).encoding).toBeUndefined();
  });
});

it('a caller of fetch gets what a client gets', async () => {
  const fetchIt = (acceptEncoding: string | undefined) =>
    (gateways.plain as TestGateway).fetch('http://localhost/graphql', {
      method: 'POST',
      headers: headersFor(acceptEncoding),
      body: JSON.stringify({ query: INTROSPECTION }),
    });
  const plain = await fetchIt(undefined);
  expect(plain.headers.get('content-encoding')).toBeNull();
  const zipped = await fetchIt('gzip');
  expect(zipped.headers.get('content-encoding')).toBe('gzip');
  expect(gunzipSync(Buffer.from(await zipped.arrayBuffer())).toString()).toBe(await plain.text());
});

it('many large answers at a time are all right', async () => {
  const { url } = gateways.plain as TestGateway;
  const send = (path: string) =>
    fetch(url + path, {
      method: 'POST',
      headers: headersFor('br'),
      body: JSON.stringify({ query: INTROSPECTION }),
    });
  const expected = await (await send('/graphql')).text();
  const answers = await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      const response = await send(index % 2 ? '/graphql' : '/graphql/');
      return (await response.text()) === expected;
    }),
  );
  expect(answers).toEqual(answers.map(() => true));
});

it('three answers are compressed at a time, and others are sent as they are', async () => {
  const compress = createCompress();
  const request = new Request('http://localhost/graphql', { headers: { 'accept-encoding': 'gzip' } });
  const tracker = createRequestTracker([], { error: (error) => expect(error).toBeUndefined() });
  const record = tracker.begin(fetchRequest(request, new URL(request.url)), 'one');
  record.operation = { name: undefined, type: OperationTypeNode.QUERY };
  const text = 'x'.repeat(1024 * 1024);
  const [first, second, third, fourth] = Array.from({ length: 4 }, () => compress(text, {}, record));
  expect(fourth).toBeUndefined();
  for (const compressed of await Promise.all([first, second, third]))
    expect(gunzipSync((compressed as { bytes: Buffer }).bytes).toString()).toBe(text);
  expect(await compress(text, {}, record)).toMatchObject({ encoding: 'gzip' });
});
