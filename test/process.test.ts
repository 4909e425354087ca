import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { seeded } from '../src/sandbox/seed-data.ts';
import { type GatewayProcess, startProcess, type Variables } from './support/process.ts';
import { json, type Recorded, startRecorder } from './support/recorder.ts';
import { startOnTerminal } from './support/terminal.ts';
import { eventually } from './support/waiting.ts';

// Each test waits for a process of its own to start, which a busy machine makes slow.
vi.setConfig({ testTimeout: 60_000 });

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const NAME = `query { script(id: "${seeded.scriptId}") { name } }`;
const TOGGLE = `mutation { toggleScript(input: { id: "${seeded.scriptId}", enabled: true }) { __typename } }`;

let recorder: Awaited<ReturnType<typeof startRecorder>>;
let respond: (recorded: Recorded, response: ServerResponse) => void;
const started: { kill(): Promise<void> }[] = [];

beforeEach(async () => {
  respond = (_recorded, response) => json(response, { success: true, script: { name: 'Recorded' } });
  recorder = await startRecorder((recorded, response) => respond(recorded, response));
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((gateway) => gateway.kill()));
  await recorder.close();
});

function start(variables: Variables = {}): GatewayProcess {
  const gateway = startProcess({ PORT: '0', ...variables });
  started.push(gateway);
  return gateway;
}

/** The gateway over the recorder, and its URL. */
async function startOverRecorder(variables: Variables = {}) {
  const gateway = start({ LUAAUTH_API_URL: recorder.url, ...variables });
  return { gateway, url: await gateway.listening() };
}

async function post(url: string, query: string, headers: Record<string, string> = { token: 'sandbox-key' }) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as { data?: unknown; errors?: { extensions: { code: string } }[] };
}

const statusOf = async (url: string, headers: Record<string, string> = {}) =>
  (await fetch(url, { headers: { connection: 'close', ...headers } })).status;

/** What visitors of the GraphiQL page are asked for, what its field holds at first, and how many tabs there are. */
async function graphiqlOf(url: string) {
  const response = await fetch(`${url}/graphql`, { headers: { accept: 'text/html' } });
  const html = await response.text();
  const found = /(\{"title":"GraphiQL · LuaAuth".*\}), (\{.*\})\);\s*<\/script>/.exec(html);
  if (!found) return undefined;
  const [{ defaultTabs }, { credential, note }] = found.slice(1).map((json) => JSON.parse(json));
  const { header, prefix, publicKey } = credential ?? {};
  return { header, prefix, publicKey, note, tabs: defaultTabs.length };
}

/** Whether a new connection is accepted: undefined, or the code of what stands in the way. */
async function refusal(url: string): Promise<string | undefined> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, 'connect');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  } finally {
    socket.destroy();
  }
}

it('a runtime whose undici sends nothing is refused at the start', async () => {
  // As Bun tells of itself.
  const asBun = "Object.defineProperty(process.versions, 'bun', { value: '1.4.5' })";
  const gateway = start({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(asBun)}` });
  expect(await gateway.ended).toBe(1);
  expect(gateway.output).toEqual({
    stdout: '',
    stderr:
      'Bun 1.4.5 is not supported: its own undici cannot send what the gateway sends. Run it with Node 20.19 or newer, or with Deno.\n',
  });
});

describe('a failure that nobody waits for', () => {
  it('is logged, and ends nothing', async () => {
    const failing = "process.on('SIGUSR2', () => Promise.reject(new Error('nobody waits')))";
    const { gateway, url } = await startOverRecorder({
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(failing)}`,
    });
    gateway.signal('SIGUSR2');
    await eventually(() => expect(gateway.output.stdout).toContain('nobody waits'));
    expect(await post(url, NAME)).toEqual({ data: { script: { name: 'Recorded' } } });
  });
});

describe('the process', () => {
  it('without any configuration runs over the sandbox, and says so in a line of JSON', async () => {
    const gateway = start();
    const url = await gateway.listening();
    expect(gateway.output.stdout.split('\n').map((line) => line && JSON.parse(line))).toEqual([
      {
        level: 30,
        time: expect.any(Number),
        pid: expect.any(Number),
        hostname: expect.any(String),
        version,
        url: `${url}/graphql`,
        mode: 'sandbox',
        msg: 'started',
      },
      '',
    ]);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await post(url, NAME)).toEqual({ data: { script: { name: 'Nightfall Hub' } } });
    expect(await graphiqlOf(url)).toEqual({
      header: 'token',
      prefix: '',
      publicKey: 'sandbox-key',
      note: 'Sandbox: made-up data, nothing reaches LuaAuth.',
      tabs: 8,
    });
    expect(gateway.output.stderr).toBe('');
  });

  it('says in the same line which API it asks', async () => {
    const { gateway } = await startOverRecorder({ LOG_LEVEL: 'silent', METRICS_PORT: '0' });
    expect(JSON.parse(gateway.output.stdout)).toMatchObject({
      mode: 'live',
      apiUrl: recorder.url,
      metricsUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/),
    });
  });

  it('takes the callers that hold a gateway key when it holds the key itself', async () => {
    const gateway = start({ LUAAUTH_TOKEN: 'sandbox-key', GATEWAY_KEYS: 'of-team-a,of-team-b' });
    const url = await gateway.listening();
    expect(await post(url, NAME, { authorization: 'Bearer of-team-b' })).toEqual({
      data: { script: { name: 'Nightfall Hub' } },
    });
    expect(await post(url, NAME)).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    expect(await graphiqlOf(url)).toEqual({
      header: 'authorization',
      prefix: 'Bearer ',
      publicKey: '',
      note: 'Sandbox: made-up data, nothing reaches LuaAuth.',
      tabs: 8,
    });
  });

  it('keeps the path of LUAAUTH_API_URL', async () => {
    const { url } = await startOverRecorder({ LUAAUTH_API_URL: `${recorder.url}/behind/a/proxy/` });
    expect(await post(url, NAME)).toEqual({ data: { script: { name: 'Recorded' } } });
    expect(recorder.lines()).toEqual([`GET /behind/a/proxy/scripts/${seeded.scriptId}`]);
  });

  it('has no GraphiQL page in production', async () => {
    const { url } = await startOverRecorder({ NODE_ENV: 'production' });
    expect(await graphiqlOf(url)).toBeUndefined();
    expect(await post(url, NAME)).toEqual({ data: { script: { name: 'Recorded' } } });
  });

  it('has one in production if it is asked for, with an empty field for the key', async () => {
    const { url } = await startOverRecorder({ NODE_ENV: 'production', GRAPHIQL: 'true' });
    expect(await graphiqlOf(url)).toEqual({
      header: 'token',
      prefix: '',
      publicKey: '',
      note: 'Live: LuaAuth answers.',
      tabs: 8,
    });
  });

  it('with READ_ONLY has no mutations', async () => {
    const { url } = await startOverRecorder({ READ_ONLY: 'true', LUAAUTH_TOKEN: 'held' });
    expect(await post(url, '{ __schema { mutationType { name } } }')).toEqual({
      data: { __schema: { mutationType: null } },
    });
    const { data, errors } = await post(url, TOGGLE);
    expect(data ?? null).toBeNull();
    expect(errors).toHaveLength(1);
    expect(recorder.calls).toEqual([]);
    expect(await post(url, NAME)).toEqual({ data: { script: { name: 'Recorded' } } });
    // Whoever can connect may use the held key, so there is nothing to fill in.
    expect(await graphiqlOf(url)).toEqual({ note: 'Live: this gateway holds its LuaAuth key.', tabs: 6 });
  });

  it('says that an address is taken, and ends with 1', async () => {
    const { port } = new URL(recorder.url);
    const gateway = start({ PORT: port });
    expect(await gateway.ended).toBe(1);
    expect(gateway.output).toEqual({
      stdout: '',
      stderr: `Cannot listen on 127.0.0.1:${port} (EADDRINUSE). Set HOST and PORT to a free address.\n`,
    });
  });
});

describe('the process on a terminal', () => {
  async function openTerminal(variables: Variables) {
    const terminal = startOnTerminal({ PORT: '0', ...variables });
    started.push(terminal);
    await eventually(() => expect(terminal.lines().join()).toContain('Live API'));
    const [, url = ''] = /GraphQL {3}(http\S+)\/graphql/.exec(terminal.lines().join()) ?? [];
    return { terminal, url };
  }

  it('says where it runs, with which key and how to go live, and when it stops', async () => {
    const { terminal, url } = await openTerminal({});
    const [, header = '', key = ''] = /header "(\w+): (\S+)"/.exec(terminal.lines().join()) ?? [];
    expect(await post(url, NAME, { [header]: key })).toEqual({ data: { script: { name: 'Nightfall Hub' } } });
    terminal.signal('SIGTERM');
    expect(await terminal.ended).toBe(0);
    const time = /^\[[\d:]{8}\] INFO: (?=operation|stop)/;
    expect(
      terminal.lines().map((line) => line.replace(time, '').replace(/(?<=^operation ).*/, '...')),
    ).toEqual([
      `luaauth-graphql ${version}`,
      'Using the built-in sandbox: made-up scripts and sessions, nothing reaches LuaAuth.',
      `  GraphQL   ${url}/graphql  (open it in a browser for GraphiQL)`,
      '  Key       send the header "token: sandbox-key"',
      '  Live API  set LUAAUTH_API_URL=https://api.luaauth.com and send your own API key instead',
      'operation ...',
      'stopping {"signal":"SIGTERM"}',
      'stopped',
      '',
    ]);
  });

  it('says whose key is sent when it holds one', async () => {
    const { terminal } = await openTerminal({ LUAAUTH_TOKEN: 'sandbox-key', GATEWAY_KEYS: 'of-team-a' });
    expect(terminal.lines()).toContain(
      '  Key       send the header "authorization: Bearer <gateway key>"; the gateway sends LUAAUTH_TOKEN; the sandbox knows sandbox-key',
    );
  });
});

describe('/health', () => {
  it('answers 200 without a call, whether LuaAuth can be reached or not', async () => {
    const { url } = await startOverRecorder();
    expect(await statusOf(`${url}/health`)).toBe(200);
    expect(await statusOf(`${url}/readiness`)).toBe(200);
    expect(recorder.calls).toEqual([]);
    await recorder.close();
    expect(await post(url, NAME)).toMatchObject({
      errors: [{ extensions: { code: 'UPSTREAM_UNAVAILABLE' } }],
    });
    expect(await statusOf(`${url}/health`)).toBe(200);
  });
});

describe('a process that is told to stop', () => {
  it('says 503 at /readiness while it still listens, and ends at once when it is told again', async () => {
    const { gateway, url } = await startOverRecorder({ SHUTDOWN_DELAY_MS: '600000' });
    expect(await statusOf(`${url}/readiness`)).toBe(200);
    gateway.signal('SIGTERM');
    await eventually(async () => expect(await statusOf(`${url}/readiness`)).toBe(503));
    expect(await refusal(url)).toBeUndefined();
    expect(await statusOf(`${url}/health`)).toBe(200);
    expect(await post(url, NAME)).toEqual({ data: { script: { name: 'Recorded' } } });
    gateway.signal('SIGTERM');
    expect(await gateway.ended).toBe(1);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 on %s', async (signal) => {
    const { gateway, url } = await startOverRecorder();
    // Leaves a connection open.
    expect(await post(url, NAME)).toEqual({ data: { script: { name: 'Recorded' } } });
    gateway.signal(signal);
    expect(await gateway.ended).toBe(0);
  });

  it('lets what is under way finish, takes nothing new, and ends with 0', async () => {
    const answers: (() => void)[] = [];
    respond = (_recorded, response) => {
      answers.push(() => json(response, { success: true, script: { name: 'Late' } }));
    };
    const { gateway, url } = await startOverRecorder();
    const results = Promise.all([post(url, NAME), post(url, TOGGLE)]);
    await eventually(() => expect(recorder.calls).toHaveLength(2));

    gateway.signal('SIGTERM');
    await eventually(async () => expect(await refusal(url)).toBe('ECONNREFUSED'));
    for (const answer of answers) answer();
    expect(await results).toEqual([
      { data: { script: { name: 'Late' } } },
      { data: { toggleScript: { __typename: 'ToggleScriptSuccess' } } },
    ]);
    expect(await gateway.ended).toBe(0);
    expect(recorder.calls).toHaveLength(2);
  });

  it('lets a write finish whose client has left', async () => {
    let answer: (() => void) | undefined;
    respond = (_recorded, response) => {
      answer = () => json(response, { success: true });
    };
    const { gateway, url } = await startOverRecorder();
    const leaving = new AbortController();
    const request = fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', token: 'sandbox-key' },
      body: JSON.stringify({ query: TOGGLE }),
      signal: leaving.signal,
    });
    await eventually(() => expect(recorder.calls).toHaveLength(1));
    leaving.abort();
    await expect(request).rejects.toThrow();

    gateway.signal('SIGTERM');
    await eventually(async () => expect(await refusal(url)).toBe('ECONNREFUSED'));
    expect((recorder.calls[0] as Recorded).socket.closed).toBe(false);
    answer?.();
    expect(await gateway.ended).toBe(0);
  });

  it('waits no longer than its grace time, and ends with 0', async () => {
    respond = () => undefined;
    const { gateway, url } = await startOverRecorder({ SHUTDOWN_GRACE_MS: '1' });
    const results = Promise.all([post(url, NAME), post(url, TOGGLE)]);
    await eventually(() => expect(recorder.calls).toHaveLength(2));
    gateway.signal('SIGTERM');
    const cut = { errors: [{ extensions: { code: 'SHUTTING_DOWN' } }] };
    expect(await results).toMatchObject([cut, cut]);
    expect(await gateway.ended).toBe(0);
  });

  it('ends at once on a second signal, of either kind, although something is under way', async () => {
    respond = () => undefined;
    const { gateway, url } = await startOverRecorder();
    const result = post(url, NAME).catch(() => 'cut off');
    await eventually(() => expect(recorder.calls).toHaveLength(1));
    gateway.signal('SIGINT');
    await eventually(async () => expect(await refusal(url)).toBe('ECONNREFUSED'));
    gateway.signal('SIGTERM');
    expect(await gateway.ended).toBe(1);
    expect(await result).toBe('cut off');
  });
});

describe('the output', () => {
  const SECRETS = {
    held: 'sentinel-held-8d1f',
    gatewayKey: 'sentinel-gateway-27aa',
    otherGatewayKey: 'sentinel-gateway-90c4',
    callerKey: 'sentinel-caller-5b3e',
    licenceKey: 'sentinel-licence-e6d2',
    source: 'sentinel-source-41f7',
  };
  const FILTER = `{ script(id: "a") { sessions(filter: { userKey: "${SECRETS.licenceKey}" }) { nodes { userKey } } } }`;
  const UPDATE = `mutation { updateScript(input: { id: "a", source: "${SECRETS.source}" }) { __typename } }`;
  const ANSWERS: ((response: ServerResponse) => void)[] = [
    (response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>'),
    (response) =>
      json(response, { success: false, error: { code: -1, message: 'internal server error' } }, 500),
    (response) => json(response, { success: true, script: null, sessions: 'none' }),
    (response) => response.socket?.destroy(),
  ];

  it.each([
    [
      'holds the key',
      { LUAAUTH_TOKEN: SECRETS.held, GATEWAY_KEYS: `${SECRETS.gatewayKey},${SECRETS.otherGatewayKey}` },
    ],
    ['is sent the key', {}],
  ])('of a process that %s holds no secret, whatever goes wrong', async (_how, variables: Variables) => {
    const { gateway, url } = await startOverRecorder({ LOG_LEVEL: 'trace', ...variables });
    const answers: unknown[] = [];
    for (const answer of ANSWERS) {
      respond = (_recorded, response) => answer(response);
      for (const headers of [
        { authorization: `Bearer ${SECRETS.gatewayKey}` },
        { token: SECRETS.callerKey },
        { token: `${SECRETS.callerKey} malformed` },
        { token: SECRETS.callerKey, authorization: `Bearer ${SECRETS.held}` },
      ] as Record<string, string>[]) {
        for (const document of [NAME, FILTER, UPDATE, `{ nope(key: "${SECRETS.licenceKey}") }`]) {
          answers.push(await post(url, document, headers));
        }
      }
    }
    gateway.signal('SIGTERM');
    expect(await gateway.ended).toBe(0);
    expect(recorder.calls.length).toBeGreaterThan(0);

    const text = gateway.output.stdout + gateway.output.stderr + JSON.stringify(answers);
    expect(text).toContain('"msg":"started"');
    expect(Object.values(SECRETS).filter((secret) => text.includes(secret))).toEqual([]);
  });
});
