import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Plugin } from 'graphql-yoga';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../../src/features/sandbox/server.ts';
import { createGateway, createTransport, openAgents, type Transport } from '../../src/index.ts';
import { ENDPOINTS } from '../../src/luaauth/endpoints.ts';
import { sendMessage } from '../support/clients/agent.ts';
import { jsonPost } from '../support/clients/json-post.ts';
import { openRaw, postText } from '../support/clients/raw-http.ts';
import { openSocket, refusedUpgrade, upgradeText } from '../support/clients/socket-client.ts';
import { listen } from '../support/network/listen.ts';

const NAME = `{ script(id: "${seeded.scriptId}") { name } }`;

let sandbox: Sandbox;
let transport: Transport;
beforeEach(async () => {
  sandbox = await startSandbox({ rate: 0 });
  transport = createTransport({ url: sandbox.url });
});
afterEach(async () => {
  await transport.close();
  await sandbox.close();
});

async function ask(gateway: ReturnType<typeof createGateway>, headers: Record<string, string>) {
  const response = await gateway.fetch('http://localhost/graphql', jsonPost(NAME, headers));
  return (await response.json()) as { data: unknown; errors?: { extensions: Record<string, unknown> }[] };
}

it('needs nothing but the URL of the API, and shares answers for a second', async () => {
  const gateway = createGateway({ transport });
  const answers = [
    await ask(gateway, { token: 'sandbox-key' }),
    await ask(gateway, { token: 'sandbox-key' }),
  ];
  expect(answers).toEqual(Array(2).fill({ data: { script: { name: 'Nightfall Hub' } } }));
  expect(sandbox.calls).toHaveLength(1);
  expect(sandbox.calls[0]?.headers['user-agent']).toMatch(/^luaauth-graphql\/\d/);
});

it.each<[options: object, problem: string]>([
  [
    {},
    'url: missing. It must be a URL that begins with http:// or https://, without user, query or fragment.',
  ],
  [
    { url: 'http://localhost', rate: '50' },
    'rate: "50": must be requests per second, a whole number from 0 to 100000 (0: no limit).',
  ],
  [
    { url: 'http://localhost', reta: 5 },
    'reta: there is no such member. There are url, userAgent, rate, totalRate,',
  ],
  [
    { url: 'http://localhost', freshMsFor: { script: 5 } },
    `freshMsFor.script: there is no such member. There are ${ENDPOINTS.freshnesses.join(', ')}.`,
  ],
  [
    { url: 'http://localhost', observer: [{}, { anwsered() {} }] },
    'observer: [1].anwsered: there is no such member. There are queued, requested, retried, answered,',
  ],
])('createTransport refuses %j, and says what is allowed', (options, problem) => {
  const create = () => createTransport(options as { url: string });
  expect(create).toThrow(TypeError);
  expect(create).toThrow(`createTransport cannot take its options.\n  ${problem}`);
});

const SECRET = 'sentinel-held 1b7e';

it.each<[options: object, problem: string]>([
  [{ transport: undefined }, 'transport: missing. It must be what createTransport returns.'],
  [{ maxBodyBytes: 0 }, 'maxBodyBytes: 0: must be bytes, a whole number from 1 to 100000000, or Infinity.'],
  [{ limits: { tokens: 9 } }, 'limits.tokens: there is no such member.'],
  [{ readonly: true }, 'readonly: there is no such member.'],
  [
    { observers: [{ ended() {} }, { end() {} }] },
    'observers[1].end: there is no such member. There are began, running, wrote, ended.',
  ],
  [{ observers: [{ ended: true }] }, 'observers[0].ended: true: must be a method.'],
  [
    { liveObserver: { poled() {} } },
    'liveObserver.poled: there is no such member. There are counted, polled, delivered.',
  ],
  [
    { onlineObserver: { sample() {} } },
    'onlineObserver.sample: there is no such member. There are sampled, failed.',
  ],
  [
    { credentials: { heldKey: SECRET } },
    'credentials.heldKey: the given value (not shown) must be 1 to 512 visible ASCII characters without spaces, and not a path.',
  ],
  [
    { credentials: { heldKey: 'held', keyRing: Promise.resolve({ find: () => 'unknown' }) } },
    'credentials.keyRing: an object: must be an object with the method find, awaited if it is made later.',
  ],
  [
    { users: new Map() },
    'users: given without credentials.heldKey, so no caller could use it. Give heldKey, or leave users out.',
  ],
  [
    { credentials: { gatewayKeys: ['team=key-of-a-team-1b7e90'] } },
    'credentials.gatewayKeys: given without heldKey, so it would protect nothing. Give heldKey, or leave gatewayKeys out.',
  ],
])('createGateway refuses %j, and says what is allowed', (options, problem) => {
  const create = () => createGateway({ transport, ...options });
  expect(create).toThrow(TypeError);
  expect(create).toThrow(`createGateway cannot take its options.\n  ${problem}`);
  expect(create).not.toThrow(SECRET);
});

it('takes an observer that is an instance of a class with members of its own', async () => {
  class Counter {
    count = 0;
    ended() {
      this.count += 1;
    }
  }
  const counter = new Counter();
  await ask(createGateway({ transport, observers: [counter] }), { token: 'sandbox-key' });
  expect(counter.count).toBe(1);
});

it('gives an option that is undefined its default, in a gateway and in its transport', async () => {
  const unset = { rate: undefined, freshMs: undefined, userAgent: undefined };
  const another = createTransport({ url: sandbox.url, ...unset });
  const gateway = createGateway({
    transport: another,
    credentials: undefined,
    timeouts: undefined,
    limits: { restCalls: undefined },
    liveLimits: { maxStreams: undefined },
  });
  const key = { token: 'sandbox-key' };
  expect([await ask(gateway, key), await ask(gateway, key)]).toEqual(
    Array(2).fill({ data: { script: { name: 'Nightfall Hub' } } }),
  );
  expect(sandbox.calls).toHaveLength(1);
  expect(sandbox.calls[0]?.headers['user-agent']).toMatch(/^luaauth-graphql\/\d/);
  expect(await ask(gateway, { ...key, 'x-upstream': 'plan' })).toMatchObject({
    extensions: { upstream: { limit: 250 } },
  });
  await another.close();
});

it('shows its plugins every operation, also a repeated one', async () => {
  let seen = 0;
  const gateway = createGateway({
    transport,
    plugins: [
      {
        onParams() {
          seen += 1;
        },
        onResponse: ({ response }) => response.headers.set('x-plugin', 'seen'),
      },
    ],
  });
  const { url, close } = await listen(createServer(gateway));
  for (let asked = 1; asked <= 3; asked += 1) {
    const { headers } = await fetch(`${url}/graphql`, jsonPost(NAME, { token: 'sandbox-key' }));
    expect([seen, headers.get('x-plugin')]).toEqual([asked, 'seen']);
  }
  await close();
});

it('accepts plugins of any context type', async () => {
  const seen: string[] = [];
  const ofAny: Plugin = { onParams: () => void seen.push('any') };
  const ofItsOwn: Plugin<{ user: string }> = {
    onParams: ({ context }) => void Object.assign(context, { user: 'its own' }),
    onResultProcess: ({ serverContext }) => void seen.push(Object(serverContext).user),
  };
  const gateway = createGateway({ transport, plugins: [ofAny, ofItsOwn] });
  expect(await ask(gateway, { token: 'sandbox-key' })).toEqual({
    data: { script: { name: 'Nightfall Hub' } },
  });
  expect(seen).toEqual(['any', 'its own']);
});

it('lets plugins answer at paths of their own, and answers all other paths itself', async () => {
  const asked: string[] = [];
  const hello: Plugin = {
    onRequest({ url, endResponse, fetchAPI }) {
      asked.push(url.pathname);
      if (url.pathname === '/hello') endResponse(new fetchAPI.Response('hello'));
    },
  };
  const { url, close } = await listen(createServer(createGateway({ transport, plugins: [hello] })));
  const get = async (path: string) => {
    const response = await fetch(url + path, { headers: { 'x-graphql-csrf': '1' } });
    return [response.status, await response.text()];
  };
  expect(await get('/hello')).toEqual([200, 'hello']);
  expect(await get('/graphql?query={__typename}')).toEqual([200, '{"data":{"__typename":"Query"}}']);
  expect(await get('/health')).toEqual([200, '{"status":"ok"}']);
  expect((await get('/nowhere'))[0]).toBe(404);
  expect(asked).toEqual(['/hello', '/graphql', '/health', '/nowhere']);
  await close();
});

it('fails to create a gateway whose plugin cannot start', () => {
  const broken = {
    onPluginInit() {
      throw new Error('a plugin without its licence');
    },
  };
  expect(() => createGateway({ transport, plugins: [broken] })).toThrow('a plugin without its licence');
});

it.each<[hook: string, plugin: object, place?: string]>([
  ['the hook onParse', { onParse() {} }],
  ['the hook onExecute', { name: 'tracer', onExecute() {} }, 'The plugin "tracer"'],
  [
    'the hook onContextBuilding',
    new (class {
      onContextBuilding() {}
    })(),
  ],
  ['the instrumentation validate', { instrumentation: { validate() {} } }],
  [
    'the hook onEnveloped',
    { onPluginInit: ({ addPlugin }) => addPlugin({ onEnveloped() {} }) } satisfies Plugin,
    'A plugin that another one adds',
  ],
])(
  'refuses a plugin with %s, which it would not call, and names what it calls',
  (name, plugin, place = 'plugins\\[1\\]') => {
    expect(() => createGateway({ transport, plugins: [{}, plugin] })).toThrow(
      new RegExp(`^${place} has ${name}, which this gateway does not call, .* It calls .*observers\\.$`),
    );
  },
);

it.each<[sent: string, path: string, body: object]>([
  ['a document', '/graphql', { query: NAME }],
  ['an id', '/graphql', { documentId: 'listed' }],
  ["Relay's id and no document", '/graphql', { doc_id: 'listed', query: '' }],
  ['an id in the path', '/graphql/listed', {}],
])('runs the operation with which a plugin replaces %s', async (_sent, path, body) => {
  const persisted = { mode: 'allowed', listed: new Map([['listed', NAME]]) } as const;
  for (const kept of [true, false]) {
    const replacing: Plugin = {
      onParams: ({ params, setParams }) => setParams({ ...(kept && params), query: '{ __typename }' }),
    };
    const gateway = createGateway({ transport, persisted, plugins: [replacing] });
    const response = await gateway.fetch(`http://localhost${path}`, jsonPost(body));
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  }
});

it.each(['onParams', 'onExecutionResult'])(
  'an embedded gateway whose plugin throws a text (%s) answers with 500, and shows no mark of that',
  async (hook) => {
    const throwing = {
      [hook]() {
        throw 'no';
      },
    };
    const log = { error: () => undefined };
    const gateway = createGateway({ transport, plugins: [throwing], log });
    const response = await gateway.fetch(
      'http://localhost/graphql',
      jsonPost(NAME, { token: 'sandbox-key' }),
    );
    expect(response.status).toBe(500);
    const { errors } = (await response.json()) as { errors: { extensions: object }[] };
    expect(errors).toHaveLength(1);
    expect(errors[0]?.extensions).toMatchObject({ code: 'INTERNAL_SERVER_ERROR' });
    expect(errors[0]?.extensions).not.toHaveProperty('unexpected');
  },
);

it('an embedded gateway takes WebSockets of a server of its own', async () => {
  const gateway = createGateway({ transport });
  const server = createServer(gateway);
  server.on('upgrade', gateway.upgrade);
  const { url, close } = await listen(server);
  const { subscribe, next, closed } = await openSocket(
    { url },
    { connectionParams: { token: 'sandbox-key' } },
  );
  subscribe('1', NAME);
  expect(await next()).toEqual({
    id: '1',
    type: 'next',
    payload: { data: { script: { name: 'Nightfall Hub' } } },
  });
  expect(await next()).toEqual({ id: '1', type: 'complete' });
  subscribe('2', `subscription { scriptSessions(scriptId: "${seeded.scriptId}") { __typename } }`);
  expect(await next()).toMatchObject({ id: '2', type: 'next' });
  gateway.endStreams();
  expect(await next()).toEqual({ id: '2', type: 'complete' });
  expect(await closed).toMatchObject({ code: 1001 });
  await close();
});

it.each([
  ['granted', '/graphql'],
  ['refused', '/elsewhere'],
])(
  'a WebSocket that is %s behind a request without an answer ends no server of its own',
  async (_which, path) => {
    const gateway = createGateway({ transport });
    const server = createServer(gateway);
    server.on('upgrade', gateway.upgrade);
    const { url, close } = await listen(server);
    const { socket, closed } = await openRaw(url);
    socket.write(postText(JSON.stringify({ query: NAME }), { token: 'sandbox-key' }) + upgradeText(path));
    // The connection is cut, or has whatever was asked for on it.
    await Promise.race([closed, once(socket, 'data')]);
    const { status } = await fetch(`${url}/graphql`, jsonPost(NAME, { token: 'sandbox-key' }));
    expect(status).toBe(200);
    socket.destroy();
    await close();
  },
);

it('answers at the path that it is given, with its other paths beside it', async () => {
  const path = '/api/graphql';
  const gateway = createGateway({ transport, path, plugins: [{ onParams() {} }] });
  const server = createServer(gateway);
  server.on('upgrade', gateway.upgrade);
  const { url, close } = await listen(server);
  const csrf = { 'x-graphql-csrf': '1' };
  const get = async (target: string) => {
    const responses = [
      await fetch(url + target, { headers: csrf }),
      await gateway.fetch(`http://localhost${target}`, { headers: csrf }),
    ];
    return Promise.all(responses.map(async (response) => [response.status, await response.text()]));
  };
  const twice = (...answer: unknown[]) => [answer, answer];
  expect(await get(`${path}?query={__typename}`)).toEqual(twice(200, '{"data":{"__typename":"Query"}}'));
  expect(await get(`${path}/${'a'.repeat(64)}`)).toMatchObject(
    twice(200, expect.stringContaining('PERSISTED')),
  );
  for (const probe of ['/api/health', '/health'])
    expect(await get(probe)).toEqual(twice(200, '{"status":"ok"}'));
  for (const other of ['/graphql?query={__typename}', '/api/other', '/api'])
    expect(await get(other)).toMatchObject(
      twice(404, expect.stringContaining(`Send operations to ${path};`)),
    );
  const refused = await refusedUpgrade(`${url}/api/other`, 'graphql-transport-ws');
  expect([refused.status, refused.body]).toEqual([404, expect.stringContaining(`Connect to ${path}.`)]);
  const response = await fetch(url + path, jsonPost(NAME, { token: 'sandbox-key' }));
  expect(await response.json()).toEqual({ data: { script: { name: 'Nightfall Hub' } } });
  const { subscribe, next } = await openSocket(
    { url: `${url}/api` },
    { connectionParams: { token: 'sandbox-key' } },
  );
  subscribe('1', '{ __typename }');
  expect(await next()).toMatchObject({ payload: { data: { __typename: 'Query' } } });
  gateway.endStreams();
  await close();
});

it.each(['api/graphql', '/api', '/api/graphql/', '/a b/graphql'])('refuses the path %s', (path) => {
  expect(() => createGateway({ transport, path })).toThrow(/path: .*must be a path that ends in \/graphql/);
});

it('serves agents, with a tool for any query if it is asked for', async () => {
  const key = 'agent-n7Yw3RtC90pL4';
  for (const isArbitrary of [true, false]) {
    const gateway = createGateway({
      transport,
      credentials: { heldKey: 'sandbox-key', gatewayKeys: [key] },
      openAgents: await openAgents({ listed: new Map([['name', `query name ${NAME}`]]), isArbitrary }),
    });
    const { url, close } = await listen(createServer(gateway));
    const { result } = await sendMessage(url, key, 'tools/list');
    const names = result?.tools?.map(({ name }) => name);
    expect(names).toEqual(isArbitrary ? ['name', 'graphql'] : ['name']);
    await close();
  }
});
