import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { plain, startCollector } from './support/collector.ts';
import { busiestSecond, startDistantRecorder } from './support/distant-recorder.ts';
import { answerPlainly, wireScript } from './support/plain-api.ts';
import { type GatewayProcess, startProcess, type Variables } from './support/process.ts';
import { json, type Recorded, type Respond, startRecorder } from './support/recorder.ts';

// Each test waits for several processes to start, which a busy machine makes slow.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const nameOf = (id: string) => `{ script(id: "${id}") { name } }`;
const rename = (id: string, name: string) =>
  `mutation { editScript(input: { id: "${id}", name: "${name}" }) { __typename } }`;

interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly extensions: Record<string, unknown> }[];
  readonly extensions?: { readonly upstream: Record<string, number> };
}

/** Workers over a recorder, for all tests of a section. */
function useWorkers(variables: Variables = {}) {
  const stage = {
    respond: answerPlainly as Respond,
    recorder: undefined as unknown as Awaited<ReturnType<typeof startRecorder>>,
    gateway: undefined as unknown as GatewayProcess,
    url: '',
  };
  beforeAll(async () => {
    stage.recorder = await startRecorder((recorded, response) => stage.respond(recorded, response));
    stage.gateway = startProcess({
      PORT: '0',
      WORKERS: '2',
      LUAAUTH_API_URL: stage.recorder.url,
      ...variables,
    });
    stage.url = await stage.gateway.listening();
  });
  beforeEach(() => {
    stage.respond = answerPlainly;
    stage.recorder.calls.length = 0;
  });
  afterAll(async () => {
    await stage.gateway.kill();
    await stage.recorder.close();
  });
  return stage;
}

/** Asks on a connection of its own: the workers take connections in turns. */
async function ask(url: string, body: object, signal?: AbortSignal): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      connection: 'close',
      token: 'a-key',
      'x-upstream': 'report',
    },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
  return (await response.json()) as Answer;
}

const query = (url: string, document: string, signal?: AbortSignal) => ask(url, { query: document }, signal);

/** Asks on a connection that is kept. */
async function postBy(agent: Agent, url: string, document: string, requestId: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json', token: 'a-key', 'x-request-id': requestId };
  const sent = request(`${url}/graphql`, { method: 'POST', agent, headers });
  sent.end(JSON.stringify({ query: document }));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return JSON.parse(await text(response));
}

/** A connection to one worker, and its process. */
async function connectTo({ url, gateway }: { url: string; gateway: GatewayProcess }, requestId: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const send = (document: string) => postBy(agent, url, document, requestId);
  expect(await send(nameOf('h'))).toMatchObject({ data: { script: {} } });
  const line = await vi.waitFor(() => {
    const found = gateway.output.stdout.split('\n').find((one) => one.includes(requestId));
    expect(found).toBeDefined();
    return found as string;
  });
  return { send, agent, pid: JSON.parse(line).pid as number };
}

const dataOf = async (url: string, document: string) => (await query(url, document)).data;

/** The processes that have logged an operation. */
const workersOf = ({ output }: GatewayProcess): readonly number[] => {
  const lines = output.stdout.split('\n').filter((line) => line.startsWith('{'));
  const operations = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'operation');
  return [...new Set(operations.map(({ pid }) => pid as number))];
};

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function refuses(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const refused = await Promise.race([
    once(socket, 'connect').then(() => false),
    once(socket, 'error').then(() => true),
  ]).catch(() => true);
  socket.destroy();
  return refused;
}

describe('several workers', () => {
  const stage = useWorkers({ FRESH_MS: '60000', LUAAUTH_RATE: '0' });

  it('take connections in turns, and serve each other’s copies', async () => {
    const answers = [];
    for (let index = 0; index < 4; index++) answers.push(await query(stage.url, nameOf('copied')));
    expect(answers.map(({ data }) => data)).toEqual(
      answers.map(() => ({ script: { name: 'name of copied' } })),
    );
    expect(answers.map(({ extensions }) => extensions?.upstream.calls)).toEqual([1, 0, 0, 0]);
    expect(answers.map(({ extensions }) => extensions?.upstream.fresh)).toEqual([0, 1, 1, 1]);
    expect(stage.recorder.lines()).toEqual(['GET /scripts/copied']);
    await vi.waitFor(() => expect(workersOf(stage.gateway)).toHaveLength(2));
    expect(stage.gateway.output.stdout).toContain('  Workers   2\n');
  });

  it('share a read that is under way', async () => {
    const release: (() => void)[] = [];
    stage.respond = (recorded, response) => {
      release.push(() => void answerPlainly(recorded, response));
    };
    const answers = Promise.all(Array.from({ length: 6 }, () => query(stage.url, nameOf('shared'))));
    await vi.waitFor(() => expect(release).toHaveLength(1));
    // Long enough for all six to have arrived.
    await delay(300);
    release[0]?.();
    const upstream = (await answers).map(({ extensions }) => extensions?.upstream);
    expect(upstream.map((one) => one?.calls).sort()).toEqual([0, 0, 0, 0, 0, 1]);
    expect(stage.recorder.lines()).toEqual(['GET /scripts/shared']);
  });

  it('never show what was before a write that any of them was told of', async () => {
    let name = 'first';
    stage.respond = ({ line, body }, response) => {
      if (line.startsWith('POST')) name = JSON.parse(body).name;
      json(response, { success: true, script: { ...wireScript('w'), name } });
    };
    for (const next of ['second', 'third', 'fourth']) {
      // Twice for each worker: the second time it need not ask any more.
      for (let index = 0; index < 4; index++) {
        expect(await dataOf(stage.url, nameOf('w'))).toEqual({ script: { name } });
      }
      expect(await dataOf(stage.url, rename('w', next))).toEqual({
        editScript: { __typename: 'EditScriptSuccess' },
      });
      expect(name).toBe(next);
    }
    expect(await dataOf(stage.url, nameOf('w'))).toEqual({ script: { name: 'fourth' } });
    expect(stage.recorder.lines().filter((line) => line.startsWith('GET'))).toHaveLength(4);
  });

  it('nor while reads and writes come all at once', async () => {
    const versions = new Map<string, number>();
    stage.respond = async ({ line, body }, response) => {
      const [, id = ''] = /scripts\/([^/]+)/.exec(line) ?? [];
      const before = versions.get(id) ?? 0;
      // What an answer shows is from some moment on its way.
      await delay(Math.random() * 5);
      if (line.startsWith('POST'))
        versions.set(id, Math.max(versions.get(id) ?? 0, Number(JSON.parse(body).name)));
      await delay(Math.random() * 5);
      const script = {
        ...wireScript(id),
        name: String(Math.random() < 0.5 ? before : (versions.get(id) ?? 0)),
      };
      json(response, { success: true, script });
    };
    const told = new Map<string, number>();
    let written = 0;
    const read = async (id: string) => {
      const least = told.get(id) ?? 0;
      const data = (await dataOf(stage.url, nameOf(id))) as { script: { name: string } };
      expect(Number(data.script.name)).toBeGreaterThanOrEqual(least);
    };
    const write = async (id: string) => {
      written += 1;
      const version = written;
      expect((await query(stage.url, rename(id, String(version)))).errors).toBeUndefined();
      told.set(id, Math.max(told.get(id) ?? 0, version));
    };
    const client = async () => {
      for (let step = 0; step < 40; step++) {
        const id = `v${Math.floor(Math.random() * 3)}`;
        await (Math.random() < 0.15 ? write(id) : read(id));
      }
    };
    await Promise.all(Array.from({ length: 8 }, client));
    // Most reads were answered by a copy.
    expect(stage.recorder.calls.length).toBeLessThan(250);
    expect(written).toBeGreaterThan(10);
  });

  it('end a read upstream when its client leaves, and let a write finish', async () => {
    let answerWrite: (() => void) | undefined;
    stage.respond = ({ line }, response) => {
      if (line.startsWith('POST')) answerWrite = () => json(response, { success: true });
    };
    const clients = new AbortController();
    const requests = [
      query(stage.url, nameOf('left'), clients.signal),
      query(stage.url, rename('left', 'x'), clients.signal),
    ];
    await vi.waitFor(() => expect(stage.recorder.calls).toHaveLength(2));
    const socketOf = (method: string) =>
      (stage.recorder.calls.find(({ line }) => line.startsWith(method)) as Recorded).socket;
    clients.abort();
    await Promise.all(requests.map((sent) => expect(sent).rejects.toThrow('abort')));
    await vi.waitFor(() => expect(socketOf('GET').destroyed).toBe(true));
    expect(socketOf('POST').destroyed).toBe(false);
    answerWrite?.();
    // What was read before the write shows nothing of it.
    stage.respond = answerPlainly;
    await vi.waitFor(async () =>
      expect(await dataOf(stage.url, nameOf('left'))).toEqual({ script: { name: 'name of left' } }),
    );
  });

  it('do not begin a write behind one whose client has left', async () => {
    const held: (() => void)[] = [];
    stage.respond = ({ line }, response) => {
      if (line.startsWith('POST')) held.push(() => json(response, { success: true }));
    };
    const client = new AbortController();
    const two = `mutation { a: deleteScript(input: { id: "d1" }) { __typename } b: deleteScript(input: { id: "d2" }) { __typename } }`;
    const sent = query(stage.url, two, client.signal);
    await vi.waitFor(() => expect(held).toHaveLength(1));
    client.abort();
    await expect(sent).rejects.toThrow('abort');
    // The worker has told the primary by the time it answers something else.
    stage.respond = answerPlainly;
    await dataOf(stage.url, nameOf('between-1'));
    await dataOf(stage.url, nameOf('between-2'));
    held[0]?.();
    await dataOf(stage.url, nameOf('after-1'));
    await dataOf(stage.url, nameOf('after-2'));
    expect(stage.recorder.lines().filter((line) => line.startsWith('POST'))).toEqual([
      'POST /scripts/d1/remove',
    ]);
  });

  it('know the documents that clients register with any of them', async () => {
    const document = '{ script(id: "registered") { name } }';
    const sha256Hash = createHash('sha256').update(document).digest('hex');
    const extensions = { persistedQuery: { version: 1, sha256Hash } };
    expect((await ask(stage.url, { extensions })).errors?.[0]?.extensions.code).toBe(
      'PERSISTED_QUERY_NOT_FOUND',
    );
    await ask(stage.url, { query: document, extensions });
    await vi.waitFor(async () => {
      for (let index = 0; index < 4; index++) {
        expect((await ask(stage.url, { extensions })).data).toEqual({
          script: { name: 'name of registered' },
        });
      }
    });
  });

  it('carry answers of every kind: lists, fields that cannot be used, refusals', async () => {
    const session = { id: 's', script_id: 'a', roblox_id: 1, place_id: 2, job_id: 'j', created_at: 1 };
    stage.respond = ({ line }, response) => {
      if (line.includes('sessions'))
        json(response, { success: true, sessions: [session, { ...session, job_id: 7 }] });
      else if (line.includes('executions')) json(response, { success: true, executions: { '24/11': 3 } });
      else if (line.startsWith('GET'))
        json(response, { success: true, script: { ...wireScript('a'), enabled: 'yes' } });
      else json(response, { success: false, error: { code: 2, message: 'no such tier' } });
    };
    const flawed = (field: string, path: readonly (string | number)[], endpoint: string) => ({
      message: expect.stringContaining(`has no usable "${field}"`),
      path,
      extensions: { code: 'UPSTREAM_BAD_RESPONSE', endpoint },
    });
    expect(await query(stage.url, '{ script(id: "a") { name enabled } }')).toMatchObject({
      data: { script: null },
      errors: [flawed('enabled', ['script', 'enabled'], 'GET /scripts/:script_id')],
    });
    const lists = (field: string) =>
      `{ script(id: "a") { name executions { date count } sessions { nodes { ${field} } } } }`;
    expect(await dataOf(stage.url, lists('id'))).toEqual({
      script: {
        name: 'name of a',
        executions: [{ date: '24/11', count: 3 }],
        sessions: { nodes: [{ id: 's' }, { id: 's' }] },
      },
    });
    expect((await query(stage.url, lists('jobId'))).errors).toMatchObject([
      flawed('job_id', ['script', 'sessions', 'nodes', 1, 'jobId'], 'POST /scripts/:script_id/sessions'),
    ]);
    expect(
      await dataOf(
        stage.url,
        'mutation { editScript(input: { id: "a", freeForAll: true }) { __typename ... on TierTooLow { message } } }',
      ),
    ).toEqual({ editScript: { __typename: 'TierTooLow', message: 'no such tier' } });
  });
});

describe('the quota of several workers', () => {
  let recorder: Awaited<ReturnType<typeof startDistantRecorder>>;
  let gateway: GatewayProcess;
  let url: string;
  beforeAll(async () => {
    recorder = await startDistantRecorder();
    gateway = startProcess({
      PORT: '0',
      WORKERS: '3',
      LUAAUTH_API_URL: recorder.url,
      LUAAUTH_RATE: '20',
      FRESH_MS: '0',
      STALE_MS: '0',
    });
    url = await gateway.listening();
  });
  afterAll(async () => {
    await gateway.kill();
    recorder.close();
  });

  it('is that of one process', async () => {
    const ids = Array.from({ length: 60 }, (_one, index) => `q${index}`);
    const answers = await Promise.all(ids.map((id) => query(url, nameOf(id))));
    expect(answers.map(({ data }) => data)).toEqual(ids.map((id) => ({ script: { name: `name of ${id}` } })));
    const arrivals = await recorder.arrivals();
    expect(arrivals).toHaveLength(60);
    expect(busiestSecond(arrivals)).toBeLessThanOrEqual(20);
    await vi.waitFor(() => expect(workersOf(gateway)).toHaveLength(3));
  });

  it('is taken in turns by the operations of different workers', async () => {
    const many = Array.from({ length: 80 }, (_one, index) => `many${index}`);
    const long = query(url, `{ scripts(ids: ${JSON.stringify(many)}) { name } }`);
    const began = async () =>
      expect((await recorder.arrivals()).some(({ line }) => line.includes('many'))).toBe(true);
    await vi.waitFor(began, { timeout: 5_000 });
    expect(await dataOf(url, nameOf('single'))).toEqual({ script: { name: 'name of single' } });
    expect((await long).errors).toBeUndefined();
    const lines = (await recorder.arrivals()).map(({ line }) => line);
    expect(lines.slice(60)).toHaveLength(81);
    // It came while most of the others waited, and did not wait for all of them.
    expect(lines.slice(60).indexOf('GET /scripts/single')).toBeLessThan(70);
  });
});

describe('a worker that ends', () => {
  const stage = useWorkers();

  it('is replaced, ends its reads upstream, and the log tells of it', async () => {
    for (let index = 0; index < 4; index++) await dataOf(stage.url, nameOf('any'));
    await vi.waitFor(() => expect(workersOf(stage.gateway)).toHaveLength(2));
    const [first = 0] = workersOf(stage.gateway);
    stage.respond = ({ line }, response) => {
      if (!line.endsWith('held-1') && !line.endsWith('held-2'))
        void answerPlainly({ line } as Recorded, response);
    };
    const cut = [query(stage.url, nameOf('held-1')), query(stage.url, nameOf('held-2'))].map((sent) =>
      sent.catch(() => 'cut off'),
    );
    await vi.waitFor(() =>
      expect(stage.recorder.lines().filter((line) => line.includes('held'))).toHaveLength(2),
    );
    process.kill(first, 'SIGKILL');
    expect(await Promise.race(cut)).toBe('cut off');
    const sockets = stage.recorder.calls
      .filter(({ line }) => line.includes('held'))
      .map(({ socket }) => socket);
    await vi.waitFor(() => expect(sockets.filter(({ destroyed }) => destroyed)).toHaveLength(1));
    await vi.waitFor(() =>
      expect(stage.gateway.output.stdout).toContain('a worker has ended (SIGKILL); another takes its place'),
    );
    await vi.waitFor(
      async () => {
        expect(await dataOf(stage.url, nameOf('later'))).toEqual({ script: { name: 'name of later' } });
        expect(workersOf(stage.gateway)).toHaveLength(3);
      },
      { timeout: 20_000 },
    );
  });
});

describe('a worker that hangs', () => {
  const stage = useWorkers({ FRESH_MS: '60000' });

  it('holds a write up until it is ended: it could show what was before', async () => {
    let name = 'before';
    stage.respond = ({ line, body }, response) => {
      if (line.startsWith('POST')) name = JSON.parse(body).name;
      json(response, { success: true, script: { ...wireScript('h'), name } });
    };
    const [one, other] = [await connectTo(stage, 'to-one'), await connectTo(stage, 'to-other')];
    expect(one.pid).not.toBe(other.pid);

    process.kill(one.pid, 'SIGSTOP');
    const late = one.send(nameOf('h')).catch(() => 'cut off');
    expect(await other.send(rename('h', 'after'))).toMatchObject({ data: { editScript: {} } });
    expect(stage.gateway.output.stdout).toContain('a worker has ended (SIGKILL)');
    expect(await late).toBe('cut off');
    expect(await other.send(nameOf('h'))).toEqual({ data: { script: { name: 'after' } } });
    for (const { agent } of [one, other]) agent.destroy();
  });
});

describe('a worker that hangs and has no copies', () => {
  const stage = useWorkers({ FRESH_MS: '0' });

  it('holds no write up', async () => {
    const [one, other] = [await connectTo(stage, 'to-one'), await connectTo(stage, 'to-other')];
    process.kill(one.pid, 'SIGSTOP');
    expect(await other.send(rename('h', 'after'))).toMatchObject({ data: { editScript: {} } });
    process.kill(one.pid, 'SIGCONT');
    expect(await one.send(nameOf('h'))).toEqual({ data: { script: { name: 'name of h' } } });
    expect(stage.gateway.output.stdout).not.toContain('has ended');
    for (const { agent } of [one, other]) agent.destroy();
  });
});

describe('workers that are told to stop', () => {
  let recorder: Awaited<ReturnType<typeof startRecorder>>;
  let respond: Respond;
  const started: GatewayProcess[] = [];
  beforeEach(async () => {
    respond = answerPlainly;
    recorder = await startRecorder((recorded, response) => respond(recorded, response));
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((gateway) => gateway.kill()));
    await recorder.close();
  });

  async function start(variables: Variables = {}) {
    const gateway = startProcess({ PORT: '0', WORKERS: '2', LUAAUTH_API_URL: recorder.url, ...variables });
    started.push(gateway);
    const url = await gateway.listening();
    for (let index = 0; index < 2; index++) await dataOf(url, nameOf('any'));
    await vi.waitFor(() => expect(workersOf(gateway)).toHaveLength(2));
    return { gateway, url, workers: workersOf(gateway) };
  }

  it('say 503 at /readiness first, finish what is under way, take nothing new, and end with 0', async () => {
    const { gateway, url, workers } = await start({ SHUTDOWN_DELAY_MS: '1000' });
    const answers: (() => void)[] = [];
    respond = (recorded: Recorded, response: ServerResponse) => {
      answers.push(() => void answerPlainly(recorded, response));
    };
    const results = Promise.all([query(url, nameOf('late')), query(url, rename('late', 'x'))]);
    await vi.waitFor(() => expect(answers).toHaveLength(2));
    gateway.signal('SIGTERM');
    // Each connection goes to another worker.
    const readiness = async () =>
      (await fetch(`${url}/readiness`, { headers: { connection: 'close' } })).status;
    await vi.waitFor(async () => expect([await readiness(), await readiness()]).toEqual([503, 503]));
    await vi.waitFor(async () => expect(await refuses(url)).toBe(true), { timeout: 5_000 });
    for (const answer of answers) answer();
    expect((await results).map(({ data }) => data)).toEqual([
      { script: { name: 'name of late' } },
      { editScript: { __typename: 'EditScriptSuccess' } },
    ]);
    expect(await gateway.ended).toBe(0);
    expect(workers.filter(isAlive)).toEqual([]);
    expect(gateway.output.stdout).not.toContain('has ended');
  });

  it('all end when a terminal tells every one of them', async () => {
    const { gateway, workers } = await start();
    for (const pid of workers) process.kill(pid, 'SIGINT');
    gateway.signal('SIGINT');
    expect(await gateway.ended).toBe(0);
    expect(workers.filter(isAlive)).toEqual([]);
    expect(gateway.output.stderr).toBe('');
  });

  it('let a write finish whose client has left', async () => {
    const { gateway, url } = await start();
    let answer: (() => void) | undefined;
    respond = (_recorded, response) => {
      answer = () => json(response, { success: true });
    };
    const client = new AbortController();
    const sent = query(url, rename('w', 'x'), client.signal);
    await vi.waitFor(() => expect(answer).toBeDefined());
    client.abort();
    await expect(sent).rejects.toThrow('abort');
    gateway.signal('SIGTERM');
    await vi.waitFor(async () => expect(await refuses(url)).toBe(true), { timeout: 5_000 });
    expect(recorder.calls.at(-1)?.socket.destroyed).toBe(false);
    answer?.();
    expect(await gateway.ended).toBe(0);
  });

  it('end with the first process, when that is ended', async () => {
    const { gateway, workers } = await start();
    await gateway.kill();
    await vi.waitFor(() => expect(workers.filter(isAlive)).toEqual([]), { timeout: 5_000 });
    started.length = 0;
  });

  it('end at once when the process is told again', async () => {
    const { gateway, url, workers } = await start();
    respond = () => undefined;
    const result = query(url, nameOf('silent')).catch(() => 'cut off');
    await vi.waitFor(() => expect(recorder.lines()).toContain('GET /scripts/silent'));
    gateway.signal('SIGTERM');
    await vi.waitFor(async () => expect(await refuses(url)).toBe(true), { timeout: 5_000 });
    gateway.signal('SIGTERM');
    expect(await gateway.ended).toBe(1);
    expect(await result).toBe('cut off');
    await vi.waitFor(() => expect(workers.filter(isAlive)).toEqual([]), { timeout: 5_000 });
  });

  it('say once that an address is taken, and end with 1', async () => {
    const { port } = new URL(recorder.url);
    const gateway = startProcess({ PORT: port, WORKERS: '2' });
    started.push(gateway);
    expect(await gateway.ended).toBe(1);
    expect(gateway.output).toEqual({
      stdout: '',
      stderr: `Cannot listen on 127.0.0.1:${port} (EADDRINUSE). Set HOST and PORT to a free address.\n`,
    });
  });

  it('are not started by hand', async () => {
    const gateway = startProcess({}, undefined, ['worker']);
    started.push(gateway);
    expect(await gateway.ended).toBe(1);
    expect(gateway.output.stderr).toBe(
      '"worker" is what "serve" starts by itself. Run "luaauth-graphql serve" with WORKERS.\n',
    );
  });
});

describe('what several workers tell of themselves', () => {
  let collector: Awaited<ReturnType<typeof startCollector>>;
  let recorder: Awaited<ReturnType<typeof startRecorder>>;
  const started: GatewayProcess[] = [];
  beforeAll(async () => {
    collector = await startCollector();
    recorder = await startRecorder(answerPlainly);
  });
  afterAll(async () => {
    await Promise.all(started.map((gateway) => gateway.kill()));
    await collector.close();
    await recorder.close();
  });

  async function start(variables: Variables) {
    const gateway = startProcess({ PORT: '0', WORKERS: '2', LUAAUTH_API_URL: recorder.url, ...variables });
    started.push(gateway);
    return { gateway, url: await gateway.listening() };
  }

  const sample = (metrics: string, name: string) =>
    Number(
      metrics
        .split('\n')
        .find((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
        ?.split(' ')
        .at(-1),
    );

  it('is one set of metrics, on a port of its own', async () => {
    const { gateway, url } = await start({ METRICS_PORT: '0' });
    for (let index = 0; index < 6; index++) await dataOf(url, nameOf('counted'));
    const [, metricsUrl = ''] = /Metrics {3}(\S+)/.exec(gateway.output.stdout) ?? [];
    const metrics = await (await fetch(metricsUrl)).text();
    expect(sample(metrics, 'graphql_envelop_request')).toBe(6);
    expect(sample(metrics, 'luaauth_upstream_requests_total')).toBe(1);
    expect(metrics).toContain('luaauth_upstream_breaker_state{state="closed"} 1\n');
    expect(metrics).toContain('luaauth_upstream_reads_total{source="fresh"} 5\n');
    expect(metrics).toMatch(/^graphql_envelop_request_time_summary_count\S* 6$/m);
    expect(metrics).not.toContain('quantile');
  });

  it('is one set of metrics, on the public port for who has the key', async () => {
    const { url } = await start({ METRICS_KEY: 'of-the-metrics' });
    for (let index = 0; index < 6; index++) await dataOf(url, nameOf('counted'));
    const read = (key: string) =>
      fetch(`${url}/metrics`, { headers: { connection: 'close', authorization: `Bearer ${key}` } });
    expect((await read('another')).status).toBe(401);
    for (let index = 0; index < 2; index++) {
      const metrics = await (await read('of-the-metrics')).text();
      expect(sample(metrics, 'graphql_envelop_request')).toBe(6);
    }
  });

  it('is one trace for an operation and its calls', async () => {
    const { gateway, url } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    await dataOf(url, `query Traced ${nameOf('traced')}`);
    gateway.signal('SIGTERM');
    expect(await gateway.ended).toBe(0);
    const spans = collector.spans();
    const [operation] = spans.filter(({ name }) => name === 'query Traced');
    const [call] = spans.filter(({ name }) => name === 'GET /scripts/:script_id');
    expect(operation?.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(call).toMatchObject({ traceId: operation?.traceId, parentSpanId: operation?.spanId });
    expect(plain(operation?.attributes ?? [])).toMatchObject({ 'luaauth.calls': expect.anything() });
  });
});
