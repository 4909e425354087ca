import type { ServerResponse } from 'node:http';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RequestObserver } from '../../src/observability/request-record.ts';
import { longExecutions, wireProject } from '../support/api/plain-api.ts';
import { json, type Recorded } from '../support/api/recorder.ts';
import { openRaw, postText } from '../support/clients/raw-http.ts';
import { useRecorder } from '../support/gateways/fixture.ts';
import { openGateway, type TestGatewayOptions } from '../support/gateways/gateway.ts';
import { openLog } from '../support/gateways/log-lines.ts';
import { eventually } from '../support/vitest/waiting.ts';

const FOREVER_MS = 600_000;
const WRITE = 'mutation { toggleScript(input: { id: "a", enabled: true }) { __typename } }';

const calls: { recorded: Recorded; response: ServerResponse }[] = [];
/** The statuses of all requests that have ended, and how many have not. */
const ended: number[] = [];
let underWay = 0;
const counter: RequestObserver = {
  began: () => void underWay++,
  ended: (_record, { status }) => {
    underWay--;
    ended.push(status);
  },
};
const OPTIONS = {
  timeouts: { read: FOREVER_MS, write: FOREVER_MS },
  operationTimeoutMs: FOREVER_MS,
  limits: { answerBytes: 64 * 1024 * 1024 },
  observers: [counter],
};
const fixture = useRecorder(OPTIONS);

beforeEach(() => {
  calls.length = 0;
  ended.length = 0;
  underWay = 0;
  fixture.respond = (recorded, response) => {
    if (/^GET \/projects\/\w+$/.test(recorded.line))
      return json(response, { success: true, project: wireProject(recorded.line.slice(-1)) });
    calls.push({ recorded, response });
    return undefined;
  };
});

/** Replaces the gateway of this test by one with further options. */
async function reopen(more: Partial<TestGatewayOptions>): Promise<void> {
  await fixture.gateway.close();
  fixture.gateway = await openGateway({ upstream: fixture.recorder.url, ...OPTIONS, ...more });
}

const post = (query: string) => postText(JSON.stringify({ query }), { token: 'key' });
const read = (id: string) => post(`{ script(id: "${id}") { id name } }`);

function answer({ recorded, response }: (typeof calls)[number]): void {
  const id = recorded.line.replace(/^GET \/scripts\//, '');
  const flags = { free_for_all: false, use_heartbeat: true, kick_outdated: false, require_sessions: false };
  const totals = { total_executions: 0, total_sessions: 0, total_instances: 0 };
  const script = { id, project_id: 'p', name: 'One', enabled: true, ...flags, ...totals };
  json(response, recorded.line.startsWith('GET') ? { success: true, script } : { success: true });
}

async function arrivals(count: number): Promise<void> {
  await eventually(() => expect(calls).toHaveLength(count));
}

describe('a client that closes its side after its requests', () => {
  it('has left: its reads end', async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.end(read('a') + read('b'));
    expect(await client.closed).toBe('');
    await eventually(() => expect(underWay).toBe(0));
    await eventually(() => expect(calls.filter(({ recorded }) => !recorded.socket.closed)).toEqual([]));
    expect(ended).toEqual([499, 499]);
  });

  it('has nothing carried out if its request is incomplete', async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.end(post(WRITE).slice(0, -1));
    expect(await client.closed).not.toContain('200 OK');
    await eventually(() => expect(underWay).toBe(0));
    expect(calls).toEqual([]);
  });
});

describe('a client that is gone', () => {
  const ids = Array.from({ length: 10 }, (_, index) => `script${index}`);

  it('has all of its reads ended and logged', async () => {
    const { log, lines } = openLog();
    await reopen({ observers: [counter, ...(log.operations ? [log.operations] : [])] });
    const client = await openRaw(fixture.gateway.url);
    client.socket.write(ids.map((id) => read(id)).join(''));
    await arrivals(1);
    client.socket.destroy();
    await eventually(() => expect(calls.filter(({ recorded }) => !recorded.socket.closed)).toEqual([]));
    await eventually(() => expect(underWay).toBe(0));
    await eventually(() => expect(ended).toEqual(ids.map(() => 499)));
    expect(lines.map((line) => JSON.parse(line))).toMatchObject(
      ids.map(() => ({ msg: 'operation', status: 499 })),
    );
    expect(calls).toHaveLength(1);
  });

  it('has its write carried out to the end, and no request behind it', async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.write(post(WRITE) + read('b') + post(WRITE.replace('"a"', '"c"')));
    await arrivals(1);
    client.socket.destroy();
    await eventually(() => expect(ended).toEqual([499, 499, 499]));
    expect(calls.map(({ recorded }) => recorded.socket.closed)).toEqual([false]);
    for (const call of calls) answer(call);
  });

  it('harms nobody who waits for the same read', async () => {
    const leaving = await openRaw(fixture.gateway.url);
    const staying = await openRaw(fixture.gateway.url);
    leaving.socket.write(post('{ __typename }') + read('a') + read('a'));
    await arrivals(1);
    // Otherwise the first request of the leaving client could count in place of the staying client's read.
    await eventually(() => expect([underWay, ended]).toEqual([1, [200]]));
    staying.socket.write(read('a'));
    await eventually(() => expect(underWay).toBe(2));
    // The answer to a later request shows that the read has joined the others.
    const later = await openRaw(fixture.gateway.url);
    later.socket.write(post('{ __typename }'));
    await later.until('__typename');
    await eventually(() => expect(underWay).toBe(2));
    leaving.socket.destroy();
    await eventually(() => expect(underWay).toBe(1));
    answer(calls[0] as (typeof calls)[number]);
    expect(await staying.until('"name":"One"')).toContain('200 OK');
    expect(calls).toHaveLength(1);
  });
});

describe('a client that leaves fixture.gateway.fetch', () => {
  const send = (body: string | ReadableStream, { signal }: AbortController) =>
    fixture.gateway.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', token: 'key' },
      body,
      signal,
      duplex: 'half',
    } as RequestInit);

  it('is logged as one, and so is the end of its write', async () => {
    const writes: unknown[] = [];
    await reopen({ observers: [counter, { wrote: (_record, { result }) => void writes.push(result) }] });
    const leaving = new AbortController();
    const left = send(JSON.stringify({ query: WRITE }), leaving);
    await arrivals(1);
    leaving.abort();
    await expect(left).rejects.toThrow('aborted');
    await eventually(() => expect(ended).toEqual([499]));
    expect(writes).toEqual([]);
    answer(calls[0] as (typeof calls)[number]);
    await eventually(() => expect(writes).toEqual(['ToggleScriptSuccess']));
  });

  it('is logged as one while it reads', async () => {
    const leaving = new AbortController();
    const left = send(JSON.stringify({ query: '{ script(id: "a") { name } }' }), leaving);
    await arrivals(1);
    leaving.abort();
    await expect(left).rejects.toThrow('aborted');
    await eventually(() => expect(calls[0]?.recorded.socket.closed).toBe(true));
    expect(ended).toEqual([499]);
  });

  it('is logged even if its body never ends', async () => {
    const leaving = new AbortController();
    const left = send(new ReadableStream(), leaving);
    await eventually(() => expect(underWay).toBe(1));
    leaving.abort();
    await expect(left).rejects.toThrow('aborted');
    await eventually(() => expect(ended).toEqual([499]));
  });
});

describe('a client that does not read its answer', () => {
  // Four times the dates are more than all buffers of sockets take.
  const LARGE_BYTES = 7_000_000;
  const LARGE = longExecutions(LARGE_BYTES);
  const dates = ['a', 'b', 'c', 'd'].map((name) => `${name}: executions { date }`);
  const large = (id: string) => post(`{ project(id: "${id}") { id ${dates.join(' ')} } }`);

  it('is given up, with all that waits behind it', async () => {
    await reopen({ server: { writeTimeoutMs: 100 } });
    const client = await openRaw(fixture.gateway.url);
    client.socket.pause();
    client.socket.write(large('a') + read('b') + read('c'));
    await arrivals(1);
    for (const { response } of calls) json(response, { success: true, ...LARGE });
    await eventually(() => expect(ended).toEqual([499, 499, 499]));
    expect(calls).toHaveLength(1);
    client.socket.resume();
    const text = await client.closed;
    expect(text).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(text.length).toBeLessThan(4 * LARGE_BYTES);
    expect((await fetch(`${fixture.gateway.url}/health`)).status).toBe(200);
  });

  it('is given up before that when all of them leave too much unread', async () => {
    await reopen({
      server: { writeTimeoutMs: FOREVER_MS, maxUnreadBytes: 5 * LARGE_BYTES },
    });
    const clients = await Promise.all(['a', 'b', 'c'].map(() => openRaw(fixture.gateway.url)));
    for (const [index, { socket }] of clients.entries()) {
      socket.pause();
      socket.write(large(String(index)));
    }
    await arrivals(3);
    for (const { response } of calls) json(response, { success: true, ...LARGE });
    // One answer fits, with some of what the sockets hold.
    await eventually(() => expect(ended).toEqual([499, 499]));
    for (const { socket } of clients) socket.resume();
    await eventually(() => expect(ended).toEqual([499, 499, 200]));
  });
});
