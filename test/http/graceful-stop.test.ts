import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { longExecutions, wireProject } from '../support/api/plain-api.ts';
import { json, type Recorded } from '../support/api/recorder.ts';
import { jsonPost } from '../support/clients/json-post.ts';
import { openRaw, postText } from '../support/clients/raw-http.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { openGateway, type TestGatewayOptions } from '../support/gateways/gateway.ts';
import { openLog } from '../support/gateways/log-lines.ts';

/** A call that reached the REST side and waits for the test to answer it. */
interface Pending {
  readonly recorded: Recorded;
  readonly response: ServerResponse;
}

const FOREVER_MS = 600_000;
/** No deadline ends a call before the test does. */
const PATIENT = { timeouts: { read: FOREVER_MS, write: FOREVER_MS }, operationTimeoutMs: FOREVER_MS };
const pending: Pending[] = [];
const fixture = useRecorder(PATIENT);

beforeEach(() => {
  pending.length = 0;
  fixture.respond = (recorded, response) => {
    if (/^GET \/projects\/\w+$/.test(recorded.line))
      return json(response, { success: true, project: wireProject(recorded.line.slice(-1)) });
    pending.push({ recorded, response });
    return undefined;
  };
});
// Before the gateway, which would wait for calls that nobody answers.
afterEach(() => fixture.recorder.close());

const READ = '{ script(id: "a") { name } }';
const WRITE = 'mutation { toggleScript(input: { id: "a", enabled: true }) { __typename } }';
const READ_ANSWER = { data: { script: { name: 'One' } } };

function scriptNamed(name: string) {
  const flags = { free_for_all: false, use_heartbeat: true, kick_outdated: false, require_sessions: false };
  const totals = { total_executions: 0, total_sessions: 0, total_instances: 0 };
  return { success: true, script: { id: 'a', project_id: 'p', name, enabled: true, ...flags, ...totals } };
}

/** Replaces the gateway of this test by one with other options. */
async function reopen(options: Partial<TestGatewayOptions>): Promise<void> {
  await fixture.gateway.close();
  fixture.gateway = await openGateway({ upstream: fixture.recorder.url, ...PATIENT, ...options });
}

function send(query: string, init: RequestInit = {}, url = fixture.gateway.url): Promise<Response> {
  const post = jsonPost(query, { token: 'key', ...(init.headers as object) });
  return fetch(`${url}/graphql`, { ...init, ...post });
}

function rawPost(query: string): string {
  return postText(JSON.stringify({ query }), { token: 'key' });
}

/** The next call that arrives at the REST side. */
async function arrival(): Promise<Pending> {
  while (pending.length === 0) await delay(5);
  return pending.shift() as Pending;
}

/** A request of which all but the last line of its head has been sent: neither idle nor begun. */
async function openHalfway(head: string) {
  const client = await openRaw(fixture.gateway.url);
  client.socket.write(head.slice(0, 12));
  // The server has read those bytes once it answers something that was sent later.
  await fetch(`${fixture.gateway.url}/health`);
  return { ...client, finish: () => client.socket.write(head.slice(12)) };
}

async function refusalOf(response: Response) {
  const { errors } = (await response.json()) as {
    errors: { extensions: { code: string }; message: string }[];
  };
  return { status: response.status, code: errors[0]?.extensions.code, message: errors[0]?.message };
}

describe('SIGTERM with a request in flight', () => {
  it('finishes the request, says connection: close, and refuses new connections', async () => {
    const answer = send(READ);
    const call = await arrival();
    const drained = fixture.gateway.drain(FOREVER_MS);
    await expect(send(READ)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    json(call.response, scriptNamed('One'));
    const response = await answer;
    expect({ status: response.status, connection: response.headers.get('connection') }).toEqual({
      status: 200,
      connection: 'close',
    });
    expect(await response.json()).toEqual(READ_ANSWER);
    await drained;
    expect(fixture.recorder.calls).toHaveLength(1);
  });

  it('closes a keep-alive connection after the answer that is due on it', async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.write(rawPost('{ __typename }'));
    expect(await client.until('"Query"')).toMatch(/connection: keep-alive/i);
    client.socket.write(rawPost(READ));
    const call = await arrival();
    const drained = fixture.gateway.drain(FOREVER_MS);
    json(call.response, scriptNamed('One'));
    const [, last] = (await client.closed).split('"Query"');
    expect(last).toMatch(/connection: close/i);
    expect(last).toContain(JSON.stringify(READ_ANSWER));
    await drained;
  });

  it('answers the request under way on a connection, and refuses the request behind it', async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.write(rawPost(READ) + rawPost(WRITE));
    const { response } = await arrival();
    const drained = fixture.gateway.drain(FOREVER_MS);
    json(response, scriptNamed('One'));
    const answers = (await client.closed).split(/(?=HTTP\/1\.1 )/);
    expect(answers).toEqual([
      expect.stringMatching(/connection: keep-alive.*"One"/is),
      expect.stringMatching(/connection: close.*SHUTTING_DOWN.*NOT_EXECUTED/is),
    ]);
    await drained;
    expect(fixture.recorder.calls).toHaveLength(1);
  });

  it('sends the whole answer to a client that has not read it yet', async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.write(rawPost('{ project(id: "a") { a: executions { date } b: executions { date } } }'));
    const call = await arrival();
    client.socket.once('data', () => client.socket.pause());
    const answer = longExecutions(7_000_000);
    json(call.response, { success: true, ...answer });
    await client.until('HTTP/1.1 200');
    const drained = fixture.gateway.drain(FOREVER_MS);
    client.socket.resume();
    const [, body] = (await client.closed).split('\r\n\r\n');
    const dates = Object.keys(answer.executions.total).map((date) => ({ date }));
    expect(body === JSON.stringify({ data: { project: { a: dates, b: dates } } })).toBe(true);
    await drained;
  });

  it('refuses a request on an open connection with SHUTTING_DOWN, without a call', async () => {
    const client = await openHalfway(rawPost(READ));
    const drained = fixture.gateway.drain(FOREVER_MS);
    client.finish();
    const text = await client.closed;
    expect(text).toMatch(/^HTTP\/1\.1 503 /);
    expect(text).toMatch(/connection: close/i);
    expect(text).toMatch(/cache-control: no-store/i);
    expect(text).toContain('"code":"SHUTTING_DOWN"');
    expect(text).toContain('Send it again');
    await drained;
    expect(fixture.recorder.calls).toEqual([]);
  });

  describe('pages of other origins', () => {
    const ORIGIN = 'https://app.example';
    const corsOf = (text: string) => /^access-control-allow-origin: (.+)$/im.exec(text)?.[1];
    const postFrom = (origin: string) => postText(JSON.stringify({ query: READ }), { token: 'key', origin });

    it.each([
      [[ORIGIN], ORIGIN, ORIGIN],
      [[ORIGIN], 'https://evil.example', undefined],
      [['*'], 'https://any.example', '*'],
      [[], ORIGIN, undefined],
    ])('with CORS_ORIGINS %j, a refusal for %s allows %s', async (corsOrigins, origin, allowed) => {
      await reopen({ corsOrigins });
      const client = await openHalfway(postFrom(origin));
      const drained = fixture.gateway.drain(FOREVER_MS);
      client.finish();
      const text = await client.closed;
      expect(text).toContain('"code":"SHUTTING_DOWN"');
      expect(corsOf(text)).toBe(allowed);
      expect(/^access-control-expose-headers: .*x-request-id/im.test(text)).toBe(allowed !== undefined);
      expect(/^vary: .*origin/im.test(text)).toBe(corsOrigins[0] === ORIGIN);
      await drained;
      expect(fixture.recorder.calls).toEqual([]);
    });

    it('answers a preflight, because a browser hides its refusal', async () => {
      await reopen({ corsOrigins: [ORIGIN] });
      const head = `OPTIONS /graphql HTTP/1.1\r\nHost: x\r\nOrigin: ${ORIGIN}\r\nAccess-Control-Request-Method: POST\r\n\r\n`;
      const client = await openHalfway(head);
      const drained = fixture.gateway.drain(FOREVER_MS);
      client.finish();
      const text = await client.closed;
      expect(text).toMatch(/^HTTP\/1\.1 204 /);
      expect(text).toMatch(/connection: close/i);
      expect(corsOf(text)).toBe(ORIGIN);
      await drained;
    });

    it('adds the CORS headers to an answer that is cut short', async () => {
      await reopen({ corsOrigins: [ORIGIN] });
      const client = await openRaw(fixture.gateway.url);
      client.socket.write(postFrom(ORIGIN));
      await arrival();
      await fixture.gateway.drain(1);
      const text = await client.closed;
      expect(text).toContain('"outcome":"UNKNOWN"');
      expect(corsOf(text)).toBe(ORIGIN);
    });
  });

  it('answers /readiness with 503 and /health with 200 on open connections', async () => {
    let ready = true;
    await reopen({ isReady: () => ready });
    expect((await fetch(`${fixture.gateway.url}/readiness`)).status).toBe(200);
    ready = false;
    // The listener is still open: this is when a load balancer looks away.
    expect((await fetch(`${fixture.gateway.url}/readiness`)).status).toBe(503);
    expect(await (await send('{ __typename }')).json()).toEqual({ data: { __typename: 'Query' } });

    const health = await openHalfway('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    const readiness = await openHalfway('GET /readiness HTTP/1.1\r\nHost: x\r\n\r\n');
    const drained = fixture.gateway.drain(FOREVER_MS);
    health.finish();
    readiness.finish();
    expect(await health.closed).toMatch(/^HTTP\/1\.1 200 /);
    expect(await readiness.closed).toMatch(/^HTTP\/1\.1 503 /);
    await drained;
    expect(fixture.recorder.calls).toEqual([]);
  });
});

describe('SIGTERM when idle', () => {
  it('closes idle and silent connections without waiting for the grace time', async () => {
    const used = await openRaw(fixture.gateway.url);
    used.socket.write(rawPost('{ __typename }'));
    await used.until('"Query"');
    const silent = await openRaw(fixture.gateway.url);
    await fetch(`${fixture.gateway.url}/health`);
    await fixture.gateway.drain(FOREVER_MS);
    await Promise.all([used.closed, silent.closed]);
    expect(silent.received()).toBe('');
  });
});

describe('over the grace time', () => {
  it('answers open requests with SHUTTING_DOWN, which says that the outcome is unknown', async () => {
    const answers = [send(READ), send(WRITE, { headers: { accept: 'application/graphql-response+json' } })];
    await arrival();
    await arrival();
    const drained = fixture.gateway.drain(50);
    for (const answer of answers) {
      expect(await refusalOf(await answer)).toEqual({
        status: 503,
        code: 'SHUTTING_DOWN',
        message: expect.stringContaining('unknown'),
      });
    }
    const [read, write] = await Promise.all(answers);
    expect(read?.headers.get('content-type')).toContain('application/json');
    expect(write?.headers.get('content-type')).toContain('application/graphql-response+json');
    expect(write?.headers.get('cache-control')).toBe('no-store');
    await drained;
  });

  it('tells the outcome of the request under way and of the request behind it', async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.write(rawPost(READ) + rawPost(WRITE));
    await arrival();
    await fixture.gateway.drain(1);
    expect((await client.closed).match(/"outcome":"\w+"/g)).toEqual([
      '"outcome":"UNKNOWN"',
      '"outcome":"NOT_EXECUTED"',
    ]);
  });

  it('logs the error code of each operation that is cut', async () => {
    const { log, lines } = openLog();
    await reopen({ observers: log.operations ? [log.operations] : [] });
    const answers = [send(READ), send(WRITE)];
    await Promise.all([arrival(), arrival()]);
    await fixture.gateway.drain(1);
    await Promise.all(answers);
    const operations = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'operation');
    const ended = { status: 503, errorCodes: ['SHUTTING_DOWN'] };
    expect(operations).toMatchObject([ended, ended]);
  });

  it('cuts an answer that has begun', async () => {
    const client = await openRaw(fixture.gateway.url);
    // All these dates are more than the largest socket buffers take, which may be 32 MB.
    const dates = Array.from({ length: 12 }, (_, index) => `a${index}: executions { date }`);
    client.socket.write(rawPost(`{ project(id: "a") { ${dates.join(' ')} } }`));
    const call = await arrival();
    client.socket.pause();
    json(call.response, { success: true, ...longExecutions(4_000_000) });
    await new Promise((resolve) => client.socket.once('readable', resolve));
    await fixture.gateway.drain(50);
    client.socket.resume();
    const text = await client.closed;
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text.length).toBeLessThan(12 * 4_000_000);
  });

  it('cuts an unfinished request', async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.write(postText('{', { 'content-length': 100 }));
    await fetch(`${fixture.gateway.url}/health`);
    await fixture.gateway.drain(50);
    expect(await client.closed).toMatch(/^HTTP\/1\.1 503 /);
  });
});

describe('the client leaves', () => {
  it('carries its write out, and closes only after it', async () => {
    const closing = await openGateway({ upstream: fixture.recorder.url, ...PATIENT });
    const leaving = new AbortController();
    const answer = send(WRITE, { signal: leaving.signal }, closing.url);
    const { recorded, response } = await arrival();
    leaving.abort();
    await expect(answer).rejects.toThrow('aborted');
    await send('{ __typename }', {}, closing.url);
    expect(recorded.socket.closed).toBe(false);
    const closed = closing.close();
    json(response, { success: true });
    await once(response, 'close');
    expect(response.writableFinished).toBe(true);
    await closed;
    expect(fixture.recorder.lines()).toEqual(['POST /scripts/a/toggle']);
  });
});

describe('an answer that something else has begun', () => {
  it('goes on when the gateway has one too late, with plugins too', async () => {
    let begun: ServerResponse | undefined;
    const onParams = ({ context }: { readonly context: unknown }) => {
      begun = (context as { readonly res: ServerResponse }).res;
      begun.writeHead(504).write('la');
    };
    await reopen({ plugins: [{ onParams }] });
    const response = await send('{ __typename }');
    for (let round = 0; round < 3; round += 1) await fetch(`${fixture.gateway.url}/health`);
    begun?.end('te');
    expect([response.status, await response.text()]).toEqual([504, 'late']);
  });
});
