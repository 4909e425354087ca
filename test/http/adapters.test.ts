import { Agent } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import { startRecorder } from '../support/api/recorder.ts';
import { openGateway, type TestGateway } from '../support/gateways/gateway.ts';

const READ = 'query ($id: ID!) { script(id: $id) { id name } }';
const WRITE = 'mutation { toggleScript(input: { id: "a", enabled: true }) { __typename } }';
const BY_URL = new URLSearchParams({ query: '{ script(id: "a") { name } }' });
const LISTED = 'a'.repeat(64);

interface Sent {
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object | string;
}

const post = (body: Sent['body'], headers: Sent['headers'] = {}): Sent => ({
  method: 'POST',
  target: '/graphql',
  headers,
  body,
});

const REQUESTS: Readonly<Record<string, Sent>> = {
  'a read': post({ query: READ, variables: { id: 'a' } }),
  'a write, with a report of its calls': post({ query: WRITE }, { 'x-upstream': 'report' }),
  'a missing variable, in the media type of GraphQL': post(
    { query: READ },
    { accept: 'application/graphql-response+json, application/json;q=0.9' },
  ),
  'a body that is no JSON': post('{"query":'),
  'a type that nobody accepts': post({ query: READ }, { accept: 'text/csv' }),
  'a query in the URL': { method: 'GET', target: `/graphql?${BY_URL}` },
  'a query by HEAD': { method: 'HEAD', target: `/graphql?${BY_URL}` },
  'a query by QUERY': { ...post({ query: READ, variables: { id: 'a' } }), method: 'QUERY' },
  'a listed document': { ...post({ variables: { id: 'a' } }), target: `/graphql/${LISTED}` },
  'a preflight': { method: 'OPTIONS', target: '/graphql/' },
  'a method that is not allowed': { method: 'DELETE', target: '/graphql' },
  'a probe': { method: 'GET', target: '/health' },
  'a path without anything': { method: 'GET', target: '/nowhere' },
};

const client = new Agent();
/** The paths that a plugin has seen. */
const seen: string[] = [];
let recorder: Awaited<ReturnType<typeof startRecorder>>;
let plain: TestGateway;
let plugged: TestGateway;

beforeAll(async () => {
  recorder = await startRecorder(answerPlainly);
  const listed = new Map([[LISTED, READ]]);
  const options = { upstream: recorder.url, persisted: { mode: 'allowed', listed } as const };
  plain = await openGateway(options);
  plugged = await openGateway({
    ...options,
    plugins: [{ onRequest: ({ url }: { url: URL }) => void seen.push(url.pathname) }],
  });
});
afterAll(async () => {
  await client.destroy();
  for (const gateway of [plain, plugged]) {
    expect(gateway.logged).toEqual([]);
    await gateway.close();
  }
  await recorder.close();
});

/** All that a client can see of an answer, and the REST calls behind it. */
async function answerTo(sent: Sent, gateway: TestGateway, byFetch: boolean) {
  const { method, target, headers = {}, body } = sent;
  const init = {
    method,
    headers: { 'content-type': 'application/json', token: 'key', 'x-request-id': 'known', ...headers },
    body: typeof body === 'object' ? JSON.stringify(body) : (body ?? null),
  };
  recorder.calls.length = 0;
  const { status, given, text } = byFetch
    ? await gateway.fetch(`http://localhost${target}`, init).then(async (response) => ({
        status: response.status,
        given: Object.fromEntries(response.headers),
        // A server sends no body in an answer to HEAD.
        text: method === 'HEAD' ? '' : await response.text(),
      }))
    : await client
        .request({ origin: gateway.url, path: target, ...init, method: method as 'GET' })
        .then(async (response) => ({
          status: response.statusCode,
          given: response.headers,
          text: await response.body.text(),
        }));
  const { date: _date, connection: _connection, 'keep-alive': _alive, ...others } = given;
  const { 'content-length': _length, 'transfer-encoding': _encoding, ...shown } = others;
  return {
    status,
    headers: shown,
    text: text.replace(/"queuedMs":\d+/, '"queuedMs":0'),
    calls: recorder.lines(),
  };
}

it('a query by fetch may have a relative URL', async () => {
  const response = await plain.fetch(`/graphql?${BY_URL}`, { headers: { token: 'key' } });
  expect([response.status, await response.json()]).toEqual([
    200,
    { data: { script: { name: 'name of a' } } },
  ]);
});

describe.each(Object.entries(REQUESTS))('%s', (_what, sent) => {
  it.each([
    ['node:http with plugins', () => plugged, false],
    ['fetch', () => plain, true],
    ['fetch with plugins', () => plugged, true],
  ] as const)('is answered alike by node:http and by %s', async (_adapter, gatewayOf, byFetch) => {
    const expected = await answerTo(sent, plain, false);
    expect(expected.headers).toMatchObject({ 'x-request-id': 'known', 'cache-control': 'no-store' });
    seen.length = 0;
    expect(await answerTo(sent, gatewayOf(), byFetch)).toEqual(expected);
    expect(seen).toEqual(gatewayOf() === plugged ? [sent.target.split('?', 1)[0]] : []);
  });
});
