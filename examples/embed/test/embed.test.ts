import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Sandbox, sandboxKeys, seeded, startSandbox } from 'luaauth-graphql/sandbox';

const query = `query Name($id: ID!) { script(id: $id) { name } }`;
const named = { data: { script: { name: 'Nightfall Hub' } } };

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox();
});
after(() => sandbox.close());

let server: ChildProcess | undefined;
afterEach(() => {
  server?.kill('SIGKILL');
});

/** Starts an example in a process of its own, and waits for the port that it prints. */
async function start(example: string): Promise<string> {
  server = spawn(process.execPath, ['--import', 'tsx', `${example}.ts`], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, PORT: '0', LUAAUTH_API_URL: sandbox.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  for await (const text of server.stdout as NodeJS.ReadableStream) {
    printed += text;
    const port = /port: (\d+)/.exec(printed)?.[1];
    if (port) return `http://127.0.0.1:${port}/graphql`;
  }
  throw new Error(`${example} ended before it listened: ${printed}`);
}

function operation(token?: string): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { token } : {}) },
    body: JSON.stringify({ query, variables: { id: seeded.scriptId } }),
  };
}

/** A document that is registered and then asked for by its id in the path. */
async function askById(send: (init: RequestInit, rest: string) => Promise<Response>) {
  const sha256Hash = createHash('sha256').update(query).digest('hex');
  const variables = { id: seeded.scriptId };
  const body = JSON.stringify({
    query,
    variables,
    extensions: { persistedQuery: { version: 1, sha256Hash } },
  });
  await send({ ...operation(sandboxKeys.full), body }, '');
  const search = `/${sha256Hash}?variables=${encodeURIComponent(JSON.stringify(variables))}`;
  const answer = await send({ headers: { token: sandboxKeys.full } }, search);
  assert.deepEqual([answer.status, await answer.json()], [200, named]);
}

/** A query, a query without a key, and a request that a page could forge. */
async function tryOut(send: (init?: RequestInit, search?: string) => Promise<Response>) {
  sandbox.reset();
  assert.deepEqual(await (await send(operation(sandboxKeys.full))).json(), named);
  assert.equal(sandbox.calls.length, 1);
  assert.equal(sandbox.calls[0]?.headers.token, sandboxKeys.full);

  const refused = (await (await send(operation())).json()) as { errors: { extensions: { code: string } }[] };
  assert.deepEqual(
    refused.errors.map(({ extensions }) => extensions.code),
    ['UNAUTHENTICATED'],
  );
  const forged = await send({ method: 'GET' }, '?query={__typename}');
  assert.deepEqual([forged.status, forged.headers.get('cache-control')], [400, 'no-store']);
  assert.equal(sandbox.calls.length, 1);
  await askById(send);
}

for (const example of ['node', 'hono', 'express', 'fastify']) {
  test(`${example} serves the gateway at /graphql`, async () => {
    const url = await start(example);
    await tryOut((init, search = '') => fetch(url + search, init));
  });
}

/** The answer of a server with a body parser in front of the gateway. */
async function sendTo(url: string, headers: Record<string, string> = {}): Promise<readonly [number, string]> {
  const { body } = operation();
  const signal = AbortSignal.timeout(60_000);
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', token: sandboxKeys.full, ...headers },
    body: body ?? null,
    signal,
  });
  return [response.status, await response.text()];
}

for (const [server, parsers] of [
  ['express', ['json', 'text', 'raw']],
  ['fastify', ['json']],
] as const) {
  test(`behind the body parsers of ${server} the gateway takes what they have left`, async () => {
    const url = await start(`test/behind-${server}`);
    for (const parser of parsers) {
      assert.deepEqual(await sendTo(url, { 'x-parser': parser }), [200, JSON.stringify(named)]);
      const [status] = await sendTo(url, { 'x-parser': parser, 'content-type': 'text/plain' });
      assert.equal(status, 415);
    }
    const [status, text] = await sendTo(url, { 'x-parser': 'lost' });
    assert.equal(status, 500);
    assert.match(text, /request\.raw\.body = request\.body/);
  });
}

test('next serves the gateway through a route handler, at the path of the route', async () => {
  process.env.LUAAUTH_API_URL = sandbox.url;
  const route = await import('../next/app/api/graphql/[[...document]]/route.ts');
  await tryOut((init, search = '') => {
    const request = new Request(`http://localhost/api/graphql${search}`, init);
    return request.method === 'GET' ? route.GET(request) : route.POST(request);
  });
  assert.equal((await route.POST(new Request('http://localhost/graphql', operation()))).status, 404);
});

test('deno serves the gateway by its fetch', async () => {
  process.env.LUAAUTH_API_URL = sandbox.url;
  const { default: server } = await import('../deno.ts');
  await tryOut(async (init, search = '') =>
    server.fetch(new Request(`http://localhost/graphql${search}`, init)),
  );
});
