import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { longExecutions, scriptIdOf, wireProject, wireScript } from '../support/api/plain-api.ts';
import { json, type Respond } from '../support/api/recorder.ts';
import { jsonPost } from '../support/clients/json-post.ts';
import { openRaw, postText } from '../support/clients/raw-http.ts';
import { useCommandLine } from '../support/processes/command-line.ts';
import type { Variables } from '../support/processes/process.ts';
import { eventually } from '../support/vitest/waiting.ts';

const ROUNDS = 2;
const SOURCES = 6;
const SOURCE = 'x'.repeat(3_600_000);

const UPDATE = 'mutation ($input: UpdateScriptInput!) { updateScript(input: $input) { __typename } }';

const { start, record } = useCommandLine();

/** A gateway with a heap of so many MB, over a REST API that answers so. */
async function openSmall(heapMb: number, respond: Respond = () => undefined, variables: Variables = {}) {
  const recorder = await record(respond);
  const gateway = start([], {
    variables: {
      PORT: '0',
      LUAAUTH_API_URL: recorder.url,
      NODE_OPTIONS: `--max-old-space-size=${heapMb}`,
      ...variables,
    },
  });
  return { recorder, gateway, url: await gateway.listening() };
}

it('six sources of 3.6 MB at once, again and again, do not end a process with a heap of 128 MB', async () => {
  const { recorder, url } = await openSmall(128, (_recorded, response) => json(response, { success: true }));
  const update = async (id: string) => {
    const body = { query: UPDATE, variables: { input: { id, source: SOURCE } } };
    const response = await fetch(`${url}/graphql`, jsonPost(body, { token: id }));
    return { status: response.status, text: await response.text() };
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    recorder.calls.length = 0;
    const answers = await Promise.all(
      Array.from({ length: SOURCES }, (_one, index) => update(`key-${round}-${index}`)),
    );
    const done = answers.filter(({ text }) => text.includes('UpdateScriptSuccess'));
    const refused = answers.filter(({ status, text }) => status === 503 && text.includes('OVERLOADED'));
    expect(done.length + refused.length).toBe(SOURCES);
    expect(recorder.calls).toHaveLength(done.length);
    expect(done.length).toBeGreaterThan(0);
  }
  expect((await fetch(`${url}/health`)).status).toBe(200);
});

it('forty names of 7.8 MB do not end a process with a heap of 256 MB', async () => {
  const name = JSON.stringify('n'.repeat(7_800_000));
  const respond: Respond = (recorded, response) => {
    const script = JSON.stringify({ success: true, script: wireScript(scriptIdOf(recorded), { name: 0 }) });
    response.end(script.replace('"name":0', `"name":${name}`));
  };
  const times = { LUAAUTH_TIMEOUT_MS: '100000', OPERATION_TIMEOUT_MS: '100000' };
  const { url } = await openSmall(256, respond, { LUAAUTH_RATE: '0', ...times });
  const ids = Array.from({ length: 40 }, (_one, index) => `s${index}`);
  const query = 'query ($ids: [ID!]!) { scripts(ids: $ids) { name } }';
  const response = await fetch(`${url}/graphql`, jsonPost({ query, variables: { ids } }, { token: 'key' }));
  const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
  const codes = errors.map(({ extensions }) => extensions.code);
  expect(codes).toHaveLength(40);
  // All that arrives side by side may be too much before one answer is whole.
  expect(codes).toContain('ANSWER_TOO_LARGE');
  expect(codes.filter((code) => !['ANSWER_TOO_LARGE', 'UPSTREAM_BAD_RESPONSE'].includes(code))).toEqual([]);
  expect((await fetch(`${url}/health`)).status).toBe(200);
});

it('a flood of requests with large heads, whose bodies never come, does not end a process with a heap of 96 MB', async () => {
  const url = new URL((await openSmall(96)).url);
  const large = Object.fromEntries(
    Array.from({ length: 150 }, (_one, index) => [`x-${index}`, 'y'.repeat(380)]),
  );
  const text = postText('', { 'content-length': 1, ...large });
  const clients: Socket[] = [];
  const send = () => {
    const socket = connect(Number(url.port), url.hostname);
    clients.push(socket.on('error', () => undefined).resume());
    return new Promise((resolve) => socket.write(text, resolve));
  };
  while (clients.length < 2_000) {
    await Promise.all(Array.from({ length: 50 }, send));
    // On a connection of its own: one that is kept may be closed, as idle, at the moment at which it is used again.
    const { socket, closed } = await openRaw(url.origin);
    socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    expect(await closed).toMatch(/^HTTP\/1\.1 200 /);
  }
  for (const socket of clients) socket.destroy();
});

it('clients that read nothing are closed before their answers fill the heap', async () => {
  const opened = await openSmall(128, (_recorded, response) =>
    json(response, { success: true, project: wireProject('p'), ...longExecutions(2_000_000) }),
  );
  const url = new URL(opened.url);
  const dates = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}: executions { date }`);
  const query = `{ project(id: "p") { id ${dates.join(' ')} } }`;
  const clients: Socket[] = [];
  // 80 MB, of which the system takes some.
  while (clients.length < 8) {
    const socket = connect(Number(url.port), url.hostname).on('error', () => undefined);
    clients.push(socket);
    socket.pause().write(postText(JSON.stringify({ query }), { token: 'key' }));
    await once(socket, 'readable');
  }
  await eventually(() => expect(opened.gateway.output.stdout).toContain('"status":499'));
  for (const socket of clients) socket.destroy();
  expect((await fetch(new URL('/health', url))).status).toBe(200);
});

it('a flood of small reads that wait for LuaAuth does not end a process with a heap of 128 MB', {
  timeout: 180_000,
}, async () => {
  const url = new URL((await openSmall(128)).url);
  const post = (id: string, connection: string) =>
    postText(JSON.stringify({ query: `{ script(id: "${id}") { name } }` }), { token: 'key', connection });
  const flood = async (client: number) => {
    const reads = Array.from({ length: 1_000 }, (_one, index) => post(`${client}-${index}`, 'keep-alive'));
    const socket = connect(Number(url.port), url.hostname);
    socket.on('error', () => undefined);
    socket.resume().write([...reads, post('last', 'close')].join(''));
    await new Promise((resolve) => socket.once('close', resolve));
  };
  await Promise.all(Array.from({ length: 10 }, (_one, client) => flood(client)));
  expect((await fetch(new URL('/health', url))).status).toBe(200);
});
