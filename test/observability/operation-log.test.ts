import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { json } from '../support/api/recorder.ts';
import { jsonPost, jsonTextPost } from '../support/clients/json-post.ts';
import { TOGGLE } from '../support/clients/mutations.ts';
import { openRaw, postText } from '../support/clients/raw-http.ts';
import { SCRIPT, SCRIPTS } from '../support/clients/reads.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { useOpened } from '../support/gateways/fixture.ts';
import type { TestGatewayOptions } from '../support/gateways/gateway.ts';
import { openLog } from '../support/gateways/log-lines.ts';
import { eventually } from '../support/vitest/waiting.ts';

const { scriptId: id, freeForAllScriptId } = seeded;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const { open: openFixture, record } = useOpened();

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly requestId: string;
  readonly errorCodes?: string[];
  readonly [member: string]: unknown;
}

/** A gateway over the sandbox, or what else plays the REST API, and the lines that its log has written. */
async function open(options: Partial<TestGatewayOptions> & { secrets?: string[] } = {}) {
  const { secrets, ...rest } = options;
  const { log, lines } = openLog(secrets);
  const logging = { log, observers: log.operations ? [log.operations] : [] };
  const fixture = await openFixture({ ...rest, ...logging });
  /** The lines, as soon as there are so many. */
  const read = async (count: number): Promise<Line[]> => {
    await eventually(() => expect(lines.length).toBeGreaterThanOrEqual(count));
    return lines.map((line) => JSON.parse(line) as Line);
  };
  return { ...fixture, read, text: () => lines.join('') };
}

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** POSTs text as the body of an operation, to `/graphql` unless said otherwise; gives the request id and the answer. */
async function post(url: string, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, jsonTextPost(body, { token: 'sandbox-key', ...headers }));
  return { requestId: response.headers.get('x-request-id'), text: await response.text() };
}

describe('the log', () => {
  it('has one line for each operation: what it was, how long it took, what it called and how it ended', async () => {
    const { gateway, read } = await open();
    await gateway.execute(
      SCRIPTS,
      { ids: [id, freeForAllScriptId] },
      { token: 'sandbox-key', 'x-request-id': 'a-1' },
    );
    const [line] = await read(1);
    expect(line).toEqual({
      level: 'info',
      time: expect.stringMatching(ISO_TIME),
      pid: process.pid,
      hostname: expect.any(String),
      msg: 'operation',
      requestId: 'a-1',
      operationName: 'ReadScripts',
      operationType: 'query',
      status: 200,
      durationMs: expect.any(Number),
      upstream: { calls: 2, shared: 0, fresh: 0, stale: 0, queuedMs: expect.any(Number) },
    });
  });

  it('names the error codes of an operation, each once', async () => {
    const { gateway, read } = await open();
    const query =
      '{ a: script(id: "nope") { name } b: script(id: "nope2") { name } c: script(id: "..") { id } }';
    await post(`${gateway.url}/graphql`, JSON.stringify({ query }));
    const [line] = await read(1);
    expect(line).toMatchObject({ operationName: null, operationType: 'query', status: 200 });
    expect(line?.errorCodes?.toSorted()).toEqual(['BAD_USER_INPUT', 'FORBIDDEN']);
    expect(line?.errorFields).toEqual(['Query.script']);
    expect(line?.upstream).toMatchObject({ calls: 2 });
  });

  it('has a line for an operation that cannot be read', async () => {
    const { gateway, read } = await open();
    await post(`${gateway.url}/graphql`, '{"query": ');
    await post(`${gateway.url}/graphql`, JSON.stringify({ query: '{ nothing }' }));
    await post(`${gateway.url}/graphql`, JSON.stringify({ query: 'query Broken {' }));
    await fetch(`${gateway.url}/graphql?query={__typename}`);
    const lines = await read(4);
    expect(lines.map(({ operationType, status, errorCodes }) => [operationType, status, errorCodes])).toEqual(
      [
        [null, 400, ['BAD_REQUEST']],
        ['query', 200, ['GRAPHQL_VALIDATION_FAILED']],
        [null, 200, ['GRAPHQL_PARSE_FAILED']],
        ['query', 400, ['CSRF_PREVENTED']],
      ],
    );
    expect(lines.every(({ upstream }) => upstream === undefined)).toBe(true);
  });

  it('names the error code of an operation whose client accepts no answer', async () => {
    const { gateway, read } = await open();
    await post(`${gateway.url}/graphql`, '{"query": "{ __typename }"}', { accept: 'image/png' });
    const [line] = await read(1);
    expect(line).toMatchObject({ status: 406, errorCodes: ['NOT_ACCEPTABLE'] });
  });

  it('has no line for requests that are no operations', async () => {
    const { gateway, read } = await open();
    for (const path of ['/health', '/readiness', '/nowhere', '/']) await fetch(gateway.url + path);
    await fetch(`${gateway.url}/graphql`, { method: 'OPTIONS' });
    await gateway.execute('{ __typename }', {}, { 'x-request-id': 'the-only-one' });
    expect((await read(1)).map(({ requestId }) => requestId)).toEqual(['the-only-one']);
  });

  it('says 499 of a client that has left', async () => {
    const recorder = await record(() => undefined);
    const { gateway, read } = await open({ upstream: recorder.url });
    const leaving = new AbortController();
    const answer = gateway.execute(SCRIPT, { id: 'a' }, { token: 'k' }, leaving.signal).catch(() => 'left');
    await eventually(() => expect(recorder.calls).toHaveLength(1));
    leaving.abort();
    expect(await answer).toBe('left');
    expect((await read(1))[0]).toMatchObject({ status: 499, operationName: 'ReadScript' });
  });

  it('says once that LuaAuth is failing, however many probes fail, and once that it has recovered', async () => {
    let isWell = false;
    const recorder = await record((_recorded, response) =>
      json(response, { success: isWell }, isWell ? 200 : 503),
    );
    const clock = createManualClock();
    const { log, lines } = openLog();
    const transport = { clock, observer: log.upstream };
    const { gateway } = await openFixture({ upstream: recorder.url, transport });
    const toggle = () => gateway.execute(TOGGLE, { input: { id: 'a', enabled: true } });
    for (let failed = 0; failed < 5; failed += 1) await toggle();
    for (let probe = 0; probe < 3; probe += 1) {
      await clock.advance(10_000);
      await toggle();
    }
    isWell = true;
    await clock.advance(10_000);
    await toggle();
    expect(recorder.calls).toHaveLength(9);
    expect(lines.map((line) => JSON.parse(line)).map(({ level, msg }) => [level, msg])).toEqual([
      ['warn', 'LuaAuth does not answer: calls fail without being sent'],
      ['warn', 'LuaAuth answers again'],
    ]);
  });

  it('has a line for an operation by fetch', async () => {
    const { gateway, read } = await open();
    const response = await gateway.fetch(
      'http://localhost/graphql',
      jsonPost(
        { query: 'query Fetched($id: ID!) { script(id: $id) { id } }', variables: { id } },
        { token: 'sandbox-key', 'x-request-id': 'fetched' },
      ),
    );
    expect(response.headers.get('x-request-id')).toBe('fetched');
    expect(await response.json()).toEqual({ data: { script: { id } } });
    expect((await read(1))[0]).toMatchObject({
      requestId: 'fetched',
      operationName: 'Fetched',
      status: 200,
      upstream: { calls: 1 },
    });
  });
});

describe('a request id', () => {
  it.each(['a', 'A_b-c.9', 'x'.repeat(64)])('of the client is kept: %s', async (given) => {
    const { gateway } = await open();
    const { requestId } = await post(`${gateway.url}/graphql`, '{"query":"{ __typename }"}', {
      'x-request-id': given,
    });
    expect(requestId).toBe(given);
  });

  it.each(['', 'x'.repeat(65), 'a b', 'a,b', '"a"', 'a/b', '<script>', 'é'])(
    'that is malformed is replaced: %j',
    async (given) => {
      const { gateway, read } = await open();
      const body = '{"query":"{ __typename }"}';
      const { requestId } = await post(`${gateway.url}/graphql`, body, { 'x-request-id': given });
      expect(requestId).toMatch(UUID);
      expect((await read(1))[0]?.requestId).toBe(requestId);
    },
  );

  it('is on every answer, and differs from request to request', async () => {
    const { gateway } = await open({ corsOrigins: ['https://app.example'] });
    const bare = await open();
    const post = { method: 'POST', body: '{"query":"{ __typename }"}' };
    const json = { 'content-type': 'application/json' };
    const requests: [string, RequestInit][] = [
      ['/graphql', { ...post, headers: json }],
      ['/graphql', { ...post, headers: { ...json, origin: 'https://app.example' } }],
      ['/graphql', { ...post, headers: { 'content-type': 'text/plain' } }],
      ['/graphql', { ...post, headers: { ...json, accept: 'image/png' } }],
      ['/graphql', { method: 'OPTIONS' }],
      ['/graphql', { method: 'DELETE' }],
      ['/graphql?query={__typename}', {}],
      ['/health', {}],
      ['/readiness', {}],
      ['/nowhere', {}],
    ];
    const ids: (string | null)[] = [];
    for (const { url } of [gateway, bare.gateway]) {
      for (const [path, init] of requests) {
        ids.push((await fetch(url + path, init)).headers.get('x-request-id'));
      }
    }
    for (const one of ids) expect(one).toMatch(UUID);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is on the answer to what has no URL or is not HTTP', async () => {
    const { gateway } = await open();
    const noUrl = await openRaw(gateway.url);
    noUrl.socket.end(postText('{}', { host: 'a/b', 'x-request-id': 'raw-1', connection: 'close' }));
    expect(await noUrl.closed).toMatch(/^HTTP\/1\.1 400 [\s\S]*^x-request-id: raw-1\r$/im);
    const noHttp = await openRaw(gateway.url);
    noHttp.socket.write('SSH-2.0-OpenSSH_9.6\r\n\r\n');
    expect(await noHttp.closed).toMatch(/^HTTP\/1\.1 400 [\s\S]*^x-request-id: [0-9a-f-]{36}\r$/im);
  });

  it('is the same in the answer and the log if a body is not HTTP', async () => {
    const { gateway, read } = await open();
    const client = await openRaw(gateway.url);
    client.socket.write(postText('nonsense\r\n', { 'transfer-encoding': 'chunked', 'x-request-id': 'p-2' }));
    expect(await client.closed).toMatch(/^HTTP\/1\.1 400 .*x-request-id: p-2\r\n/is);
    expect(await read(1)).toMatchObject([{ msg: 'operation', requestId: 'p-2' }]);
  });

  it('never goes to the REST API', async () => {
    const { gateway, sandbox } = await open();
    await gateway.execute(SCRIPT, { id }, { token: 'sandbox-key', 'x-request-id': 'mine' });
    expect(sandbox.calls).toHaveLength(1);
    expect(JSON.stringify(sandbox.calls[0])).not.toContain('mine');
  });
});

describe('an unexpected error', () => {
  const SECRETS = { held: 'sentinel-held-8d1f', caller: 'sentinel-caller-"5b3e' };

  /** A gateway that breaks down as soon as it retries, with an error that tells all it knows. */
  async function openBroken() {
    const recorder = await record(({ socket }) => {
      socket.destroy();
    });
    const random = () => {
      const cause = Object.assign(new Error(`a cause with ${SECRETS.caller}`), {
        headers: { token: SECRETS.held },
      });
      throw new TypeError(`no random number for ${SECRETS.held} and ${SECRETS.caller}`, { cause });
    };
    return open({ upstream: recorder.url, transport: { random }, secrets: [SECRETS.held] });
  }

  it('is masked, and answer, log line and line of the operation share the request id', async () => {
    const { gateway, read, text } = await openBroken();
    const { requestId, text: answer } = await post(
      `${gateway.url}/graphql`,
      JSON.stringify({ query: 'query Broken { script(id: "a") { name } }' }),
      { token: SECRETS.caller },
    );
    expect(requestId).toMatch(UUID);
    expect(JSON.parse(answer).errors).toEqual([
      expect.toBeJustError('INTERNAL_SERVER_ERROR', {
        message: 'Something went wrong in the gateway.',
        path: ['script'],
        locations: [{ line: 1, column: 16 }],
        requestId,
      }),
    ]);
    const [error, operation, ...others] = await read(2);
    expect(others).toEqual([]);
    expect(error).toMatchObject({
      level: 'error',
      msg: 'unexpected error',
      requestId,
      field: 'Query.script',
      err: {
        type: 'TypeError',
        message: 'no random number for … and …',
        path: 'script',
        stack: expect.stringContaining('operation-log.test.ts'),
        cause: { type: 'Error', message: 'a cause with …' },
      },
    });
    expect(operation).toMatchObject({
      msg: 'operation',
      requestId,
      operationName: 'Broken',
      errorCodes: ['INTERNAL_SERVER_ERROR'],
    });
    expect(text()).not.toMatch(/sentinel/);
  });

  it('is logged once for each field that it affects', async () => {
    const { gateway, read } = await openBroken();
    const query = '{ a: script(id: "a") { name } b: script(id: "b") { name } }';
    const { requestId } = await post(`${gateway.url}/graphql`, JSON.stringify({ query }));
    const lines = await read(3);
    expect(lines.map((line) => [line.msg, line.requestId])).toEqual([
      ['unexpected error', requestId],
      ['unexpected error', requestId],
      ['operation', requestId],
    ]);
  });

  it('has its level even if the key of the caller is the word of the level', async () => {
    const { gateway, read } = await openBroken();
    const query = '{ script(id: "a") { name } }';
    await post(`${gateway.url}/graphql`, JSON.stringify({ query }), { token: 'error' });
    const [line] = await read(2);
    expect(line).toMatchObject({ level: 'error', msg: 'unexpected error' });
  });
});

it('no line of the log shows a key, not even in the name of an operation', async () => {
  const { gateway, read } = await open({ secrets: ['held_key_1234', 'info'] });
  await gateway.execute('query a_caller_key { __typename }', {}, { token: 'caller_key' });
  await gateway.execute('query an_held_key_1234 { __typename }', {}, { token: 'requestId' });
  const lines = await read(2);
  expect(lines.map(({ operationName }) => operationName)).toEqual(['a_…', 'an_…']);
  // The names of members stay, whatever the key is called.
  expect(lines[1]?.requestId).toMatch(UUID);
});
