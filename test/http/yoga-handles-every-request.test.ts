import { Agent } from 'undici';
import { describe, expect, it } from 'vitest';
import { answerPlainly } from '../support/api/plain-api.ts';
import { startRecorder } from '../support/api/recorder.ts';
import { openGateway, type TestGatewayOptions } from '../support/gateways/gateway.ts';

const QUERY = '{ script(id: "a") { name } }';
const HASH = 'a'.repeat(64);
const json = { 'content-type': 'application/json', token: 'key' };

/** The functions of graphql-yoga and of its server adapter that are being called. */
function yogaFrames(): string[] {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 200;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = before;
  return stack.split('\n').filter((line) => /node_modules\/(graphql-yoga|@whatwg-node\/server)\//.test(line));
}

type Sent = readonly [method: string, path: string, body?: string];

const OPERATIONS: Readonly<Record<string, Sent>> = {
  POST: ['POST', '/graphql', JSON.stringify({ query: QUERY })],
  QUERY: ['QUERY', '/graphql', JSON.stringify({ query: QUERY })],
  GET: ['GET', `/graphql?query=${encodeURIComponent(QUERY)}`],
  HEAD: ['HEAD', `/graphql?query=${encodeURIComponent(QUERY)}`],
  'another path': ['POST', '/graphql/', JSON.stringify({ query: QUERY })],
  'a listed document': ['POST', `/graphql/${HASH}`, '{}'],
};

/** Sends one request to a gateway of its own. Returns the status of the answer and the REST calls. */
async function send(options: Partial<TestGatewayOptions>, [method, path, body]: Sent) {
  const recorder = await startRecorder(answerPlainly);
  const gateway = await openGateway({ upstream: recorder.url, ...options });
  const client = new Agent();
  const { statusCode } = await client
    .request({ origin: gateway.url, path, method: method as 'GET', headers: json, body: body ?? null })
    .then(async (response) => ({ ...response, text: await response.body.text() }));
  await client.close();
  await gateway.close();
  await recorder.close();
  return { status: statusCode, calls: recorder.lines() };
}

describe('Yoga handles every HTTP request', () => {
  it.each(Object.entries(OPERATIONS))('an operation by %s', async (_title, sent) => {
    const frames: string[][] = [];
    const observer = { running: () => void frames.push(yogaFrames()) };
    const listed = new Map([[HASH, QUERY]]);
    const { status, calls } = await send(
      { observers: [observer], persisted: { mode: 'allowed', listed } },
      sent,
    );
    expect([status, calls]).toEqual([200, ['GET /scripts/a']]);
    expect(frames).toEqual([expect.arrayContaining([expect.stringContaining('graphql-yoga')])]);
  });

  it('a page, and a path at which there is nothing', async () => {
    const frames: string[][] = [];
    const page = () => void frames.push(yogaFrames());
    expect((await send({ pages: [page] }, ['GET', '/nowhere'])).status).toBe(404);
    expect(frames).toEqual([expect.arrayContaining([expect.stringContaining('@whatwg-node/server')])]);
  });

  it('a probe', async () => {
    const frames: string[][] = [];
    const isReady = () => frames.push(yogaFrames()) > 0;
    expect((await send({ isReady }, ['GET', '/readiness'])).status).toBe(200);
    expect(frames).toEqual([expect.arrayContaining([expect.stringContaining('@whatwg-node/server')])]);
  });
});
