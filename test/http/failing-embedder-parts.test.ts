import type { ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GatewayOptions } from '../../src/gateway-options.ts';
import type { TransportOptions } from '../../src/transport/transport.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import { startRecorder } from '../support/api/recorder.ts';
import { subscribeBySse } from '../support/clients/event-stream.ts';
import { jsonPost } from '../support/clients/json-post.ts';
import { createManualClock } from '../support/clocks/clock.ts';
import { openGateway } from '../support/gateways/gateway.ts';

const READ = '{ script(id: "a") { name } }';
const ANSWER = { data: { script: { name: 'name of a' } } };
const LIVE = 'subscription { scriptSessions(scriptId: "a") { __typename } }';

let recorder: Awaited<ReturnType<typeof startRecorder>>;
const rejections: unknown[] = [];
const note = (reason: unknown) => void rejections.push(reason);
beforeAll(async () => {
  recorder = await startRecorder(answerPlainly);
  process.on('unhandledRejection', note).on('uncaughtException', note);
});
afterAll(async () => {
  process.off('unhandledRejection', note).off('uncaughtException', note);
  await recorder.close();
});
beforeEach(() => void recorder.calls.splice(0));
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  expect(rejections.splice(0)).toEqual([]);
});

type Broken = () => unknown;

/** How each function of an embedder fails. */
const FAILURES: Readonly<Record<string, Broken>> = {
  throws: () => {
    throw new Error('broken in /srv/host/secret-path.js');
  },
  rejects: () => Promise.reject(new Error('broken in /srv/host/secret-path.js')),
  'throws nothing': () => {
    throw undefined;
  },
  'never settles': () => new Promise(() => undefined),
  'gives undefined': () => undefined,
  'gives a getter that throws': () => ({
    get [['then'].join()]() {
      throw new Error('broken in /srv/host/secret-path.js');
    },
  }),
};

interface Parts {
  readonly gateway?: Partial<GatewayOptions>;
  readonly transport?: Partial<TransportOptions>;
}

const each = (names: readonly string[], hook: Broken) =>
  Object.fromEntries(names.map((name) => [name, hook])) as object;

/** Each part that an embedder may give, made of a broken function. */
const PARTS: Readonly<Record<string, (broken: Broken) => Parts>> = {
  'a log': (broken) => ({
    gateway: { log: { error: broken as () => void }, observers: [each(['began', 'ended'], broken)] },
  }),
  'an observer of requests': (broken) => ({
    gateway: { observers: [each(['began', 'running', 'wrote', 'ended'], broken)] },
  }),
  'an observer of calls': (broken) => ({
    transport: { observer: each(['queued', 'requested', 'retried', 'answered', 'breakerChanged'], broken) },
  }),
  'an observer of calls, at the end of each': (broken) => ({
    transport: { observer: each(['queued', 'requested'], () => broken) },
  }),
  'a log of calls': (broken) => ({
    transport: { log: { error: broken as () => void }, observer: each(['queued', 'answered'], broken) },
  }),
  'an observer of streams': (broken) => ({
    gateway: { liveObserver: each(['counted', 'polled', 'delivered'], broken) },
  }),
};

const open = ({ gateway, transport }: Parts) =>
  openGateway({ upstream: recorder.url, ...gateway, transport });

describe.each(Object.entries(PARTS))('%s of an embedder', (_part, partsFor) => {
  it.each(Object.entries(FAILURES))('that %s harms no request and not the process', async (_how, broken) => {
    const gateway = await open(partsFor(broken));
    expect(await gateway.execute(READ)).toMatchObject({ status: 200, ...ANSWER });
    expect(await gateway.execute('mutation { toggleScript(input: {id: "a"}) { __typename } }')).toMatchObject(
      {
        status: 200,
      },
    );
    const viaFetch = await gateway.fetch('http://localhost/graphql', jsonPost(READ, { token: 'key' }));
    expect(await viaFetch.json()).toEqual(ANSWER);
    const events = await subscribeBySse(gateway, LIVE);
    expect(await events.next()).toMatchObject({ data: { scriptSessions: {} } });
    events.leave();
    expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
    await gateway.close();
  });
});

/** Hooks of plugins that fail outside of what Yoga looks after, and inside of it. */
const HOOKS = ['onRequest', 'onRequestParse', 'onParams', 'onResultProcess', 'onResponse'];
const INSTRUMENTS = ['request', 'requestParse', 'operation', 'resultProcess'];

describe.each([
  ...HOOKS.map((hook) => [hook, (broken: Broken) => ({ [hook]: broken })] as const),
  ...INSTRUMENTS.map(
    (hook) =>
      [`instrumentation.${hook}`, (broken: Broken) => ({ instrumentation: { [hook]: broken } })] as const,
  ),
])('a plugin whose %s', (hook, pluginOf) => {
  it.each(['throws', 'rejects'])('%s is answered without a stack, and the log hears of it', async (how) => {
    const ended: number[] = [];
    const gateway = await open({
      gateway: {
        plugins: [pluginOf(FAILURES[how] as Broken)],
        observers: [{ ended: (_record, { status }) => void ended.push(status) }],
      },
    });
    const init = jsonPost(READ, { token: 'key' });
    const answers = [
      await fetch(`${gateway.url}/graphql`, init),
      // When the hook around the whole request fails, `fetch` itself rejects.
      ...(hook === 'instrumentation.request' ? [] : [await gateway.fetch('http://localhost/graphql', init)]),
    ];
    for (const answer of answers) {
      const text = await answer.text();
      expect(text).not.toMatch(/secret-path|broken|node_modules|\bat /);
      expect(answer.status).toBe(500);
      expect(answer.headers.get('content-type')).toContain('json');
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(JSON.parse(text)).toMatchObject({
        errors: [
          expect.toBeError('INTERNAL_SERVER_ERROR', { requestId: answer.headers.get('x-request-id') }),
        ],
      });
    }
    const told = gateway.logged.filter((error) => String(error).includes('broken in /srv/host'));
    expect(told.length).toBeGreaterThanOrEqual(answers.length);
    expect(gateway.logged).toEqual(told);
    await gateway.close();
    expect(ended).toEqual(answers.map(({ status }) => status));
  });
});

async function* repeat<Item>(item: Item): AsyncGenerator<Item> {
  for (;;) yield item;
}

it.each(['text/event-stream', 'multipart/mixed;subscriptionSpec=1.0'])(
  'a result that cannot be written ends its stream as %s with an error',
  async (accept) => {
    const unwritable = { data: { name: 1n } };
    const plugin: Plugin = {
      onExecutionResult: ({ result, setResult }) =>
        setResult(result && Symbol.asyncIterator in result ? repeat(unwritable) : unwritable),
    };
    const gateway = await open({ gateway: { plugins: [plugin] } });
    for (const query of [READ, LIVE]) {
      const response = await fetch(`${gateway.url}/graphql`, jsonPost(query, { accept, token: 'key-a' }));
      const text = await response.text();
      expect(text).toContain('"code":"INTERNAL_SERVER_ERROR"');
      expect(text).toMatch(/(?:event: complete\ndata:\n\n|--graphql--\r\n)$/);
      expect(gateway.logged.splice(0)).toMatchObject([{ name: 'TypeError' }]);
    }
    await gateway.close();
  },
);

it('logs a page that cannot be sent, and closes its connection alone', async () => {
  const response = { status: 200, headers: { 'no header': 'x' }, body: 'page' };
  const gateway = await open({
    gateway: { pages: [({ path }) => (path === '/page' ? response : undefined)] },
  });
  await expect(fetch(`${gateway.url}/page`)).rejects.toThrow('fetch failed');
  expect(gateway.logged).toMatchObject([{ code: 'ERR_INVALID_HTTP_TOKEN' }]);
  expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
  await gateway.close();
});

const fail = FAILURES.throws as () => never;

describe.each<[hook: string, plugin: object]>([
  ['onResponse fails', { onResponse: FAILURES.rejects }],
  ['onResultProcess fails', { onResultProcess: fail }],
  [
    'onResultProcess puts another result in its place',
    { onResultProcess: ({ setResult }: { setResult(result: object): void }) => setResult({ data: null }) },
  ],
  ['onExecutionResult fails', { onExecutionResult: fail }],
  [
    'instrumentation.operation fails once it has begun',
    {
      instrumentation: {
        operation: async (_: unknown, wrapped: () => Promise<void>) => {
          await wrapped();
          fail();
        },
      },
    },
  ],
])('a stream of a plugin whose %s', (_how, plugin) => {
  it.each(['node:http', 'fetch'])('ends, by %s', async (adapter) => {
    const counts: number[] = [];
    const gateway = await open({
      gateway: { plugins: [plugin], liveObserver: { counted: ({ streams }) => void counts.push(streams) } },
    });
    const init = jsonPost(LIVE, { accept: 'text/event-stream', token: 'key' });
    const url = `${gateway.url}/graphql`;
    const response = await (adapter === 'fetch' ? gateway.fetch(url, init) : fetch(url, init));
    expect(await response.text()).not.toContain('scriptSessions');
    expect(counts).toContain(1);
    await expect.poll(() => counts.at(-1)).toBe(0);
    await gateway.close();
  });
});

type Results = AsyncIterable<ExecutionResult>;

/** Results of a plugin that end by a function of its own, or cannot be ended. */
const wrapped = (results: Results, end?: Broken) => {
  const source = results[Symbol.asyncIterator]();
  return {
    next: () => source.next(),
    ...(end && { return: end }),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
};

describe('a stream that a plugin has wrapped', () => {
  it.each<[how: string, wrap: (results: Results) => object, logged: string[]]>([
    [
      'in a generator, which waits for an event before it ends',
      async function* (results) {
        yield* results;
      },
      [],
    ],
    ['without a way to end it', (results) => wrapped(results), []],
    [
      'so that its end throws',
      (results) => wrapped(results, FAILURES.throws),
      ['Error: broken in /srv/host/secret-path.js'],
    ],
    [
      'so that its end rejects',
      (results) => wrapped(results, FAILURES.rejects),
      ['Error: broken in /srv/host/secret-path.js'],
    ],
  ])('%s, ends with its client, and ends nothing else', async (_how, wrap, logged) => {
    const counts: number[] = [];
    const plugin: Plugin = {
      onExecutionResult({ result, setResult }) {
        if (result && Symbol.asyncIterator in result) setResult(wrap(result) as never);
      },
    };
    const gateway = await open({
      gateway: { plugins: [plugin], liveObserver: { counted: ({ streams }) => void counts.push(streams) } },
      // No poll finds anything meanwhile.
      transport: { clock: createManualClock() },
    });
    const events = await subscribeBySse(gateway, LIVE);
    expect(await events.next()).toMatchObject({ data: { scriptSessions: {} } });
    events.leave();
    await expect.poll(() => counts.at(-1)).toBe(0);
    await expect.poll(() => gateway.logged.map(String)).toEqual(logged);
    expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
    await gateway.close();
  });
});
