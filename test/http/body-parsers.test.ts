import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGateway, createTransport, type EmbeddedGatewayOptions } from '../../src/index.ts';
import { answerPlainly } from '../support/api/plain-api.ts';
import { startRecorder } from '../support/api/recorder.ts';
import { jsonTextPost } from '../support/clients/json-post.ts';
import { openRaw } from '../support/clients/raw-http.ts';
import { useOpened } from '../support/gateways/fixture.ts';
import { listen } from '../support/network/listen.ts';

const READ = 'query ($id: ID!) { script(id: $id) { name } }';
const OPERATION = JSON.stringify({ query: READ, variables: { id: 'a' } });
const ANSWER = { data: { script: { name: 'name of a' } } };

let recorder: Awaited<ReturnType<typeof startRecorder>>;
beforeAll(async () => {
  recorder = await startRecorder(answerPlainly);
});
afterAll(() => recorder.close());
beforeEach(() => void recorder.calls.splice(0));

/** A parser that reads the body before the gateway, and leaves what it has made of it. */
type Parser = (request: IncomingMessage & { body?: unknown }) => Promise<void>;

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
}

const leaving =
  (make: (text: string) => unknown): Parser =>
  async (request) => {
    request.body = make(await textOf(request));
  };
const asJson = leaving((text) => JSON.parse(text));

const { closing } = useOpened();

/** A server that runs a parser before the gateway. */
async function open(parser: Parser, options: Partial<EmbeddedGatewayOptions> = {}) {
  const transport = createTransport({ url: recorder.url });
  const logged: unknown[] = [];
  const gateway = createGateway({
    transport,
    log: { error: (error) => void logged.push(error) },
    ...options,
  });
  const server = createServer((request, response) => {
    parser(request).then(
      () => gateway(request, response),
      () => response.writeHead(400).end(),
    );
  });
  const { url, close } = await listen(server);
  closing.push(transport.close, close);
  return {
    url,
    logged,
    async send(body: string, headers: Readonly<Record<string, string>> = {}) {
      const response = await fetch(`${url}/graphql`, jsonTextPost(body, { token: 'key', ...headers }));
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
  };
}

describe('behind a body parser', () => {
  it.each([
    ['an object', asJson],
    [
      'an object with members of its class',
      leaving((text) => Object.assign(new (class {})(), JSON.parse(text))),
    ],
    ['a text', leaving((text) => text)],
    ['a Buffer', leaving((text) => Buffer.from(text))],
    ['a Uint8Array', leaving((text) => new TextEncoder().encode(text))],
  ])('the gateway takes %s that is left in req.body', async (_what, parser) => {
    const { send } = await open(parser);
    expect(await send(OPERATION)).toEqual({ status: 200, body: ANSWER });
    expect(recorder.lines()).toEqual(['GET /scripts/a']);
  });

  it.each([
    ['nothing', leaving(() => undefined)],
    ['a function', leaving(() => () => 'text')],
    [
      'an object that cannot be written as JSON',
      leaving((text) => {
        const body = JSON.parse(text);
        body.variables.itself = body;
        return body;
      }),
    ],
    [
      'an object whose getter throws',
      leaving(() => ({
        get query() {
          throw new Error('broken');
        },
      })),
    ],
    [
      'half of the body',
      async (request: IncomingMessage) => {
        await once(request, 'data');
        request.pause();
      },
    ],
  ])('one that leaves %s is answered with 500 at once, and with what to do', async (_what, parser) => {
    const { send } = await open(parser);
    const { status, body } = await send(OPERATION);
    expect(status).toBe(500);
    expect(body).toMatchObject({ errors: [expect.toBeError('INTERNAL_SERVER_ERROR')] });
    expect(JSON.stringify(body)).toContain('Put the gateway before the body parser');
    expect(recorder.calls).toEqual([]);
  });

  it('reads a body that was paused and not read', async () => {
    const { send } = await open(async (request) => void request.pause());
    expect(await send(OPERATION)).toEqual({ status: 200, body: ANSWER });
  });

  it('applies the same guards, sizes and checks as to any other body', async () => {
    const { send } = await open(asJson, { maxBodyBytes: 1_000 });
    const codeOf = async (body: string, headers?: Readonly<Record<string, string>>) => {
      const answer = await send(body, headers);
      const { errors } = answer.body as { errors: { message: string; extensions: { code: string } }[] };
      return [answer.status, errors[0]?.extensions.code, errors[0]?.message] as const;
    };
    const large = JSON.stringify({ query: READ, variables: { id: 'a'.repeat(1_000) } });
    expect(await codeOf(large)).toMatchObject([
      413,
      'BODY_TOO_LARGE',
      expect.stringContaining('larger than 1000 bytes'),
    ]);
    expect(await codeOf(OPERATION, { 'content-type': 'text/plain' })).toMatchObject([
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      expect.stringContaining('text/plain'),
    ]);
    expect(await codeOf('[]')).toMatchObject([400, 'BAD_REQUEST', expect.stringContaining('Batching')]);
    expect(await codeOf('null')).toMatchObject([400, 'BAD_REQUEST', expect.stringContaining('is null')]);
    expect(await codeOf('{}')).toMatchObject([400, 'BAD_REQUEST', expect.stringContaining('no query')]);
    expect(await codeOf(`{"query":"${READ}","variables":{"__proto__":{"id":"a"}}}`)).toMatchObject([
      400,
      'BAD_REQUEST',
      expect.stringContaining('__proto__'),
    ]);
    const unsafe = `{"query":"${READ}","variables":{"id":9007199254740993}}`;
    expect(await codeOf(unsafe)).toMatchObject([400, 'BAD_REQUEST', expect.stringContaining('past 2^53')]);
    expect(recorder.calls).toEqual([]);
  });

  it('refuses a body without a content type, which any page can send', async () => {
    const { url } = await open(asJson);
    const headers = { token: 'key' };
    const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: Buffer.from(OPERATION) });
    expect(response.status).toBe(415);
    expect(await response.text()).toContain('The request has no content type');
  });

  it('refuses a body that the parser has made larger than the limit', async () => {
    const { send } = await open(
      leaving((text) => text + ' '.repeat(2_000)),
      { maxBodyBytes: 1_000 },
    );
    expect(await send(OPERATION)).toMatchObject({
      status: 413,
      body: { errors: [expect.toBeError('BODY_TOO_LARGE')] },
    });
  });

  it('refuses a body that is nested too deep', async () => {
    const { send } = await open(asJson);
    const nested = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const { status, body } = await send(`{"query":"{ __typename }","variables":{"a":${nested}}}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ errors: [expect.toBeError('BAD_REQUEST')] });
  });

  it('reads the body behind code that only waits', async () => {
    const { send } = await open(async (request) => {
      // As Express 4 does before a parser that is not for this request.
      request.body = {};
      await new Promise((resolve) => setTimeout(resolve, 20));
    });
    expect(await send(OPERATION)).toEqual({ status: 200, body: ANSWER });
  });
});

it('knows a path that a router has cut off, as that of Express does', async () => {
  const { url, send } = await open(async (request) => {
    Object.assign(request, { originalUrl: request.url, url: request.url?.replace(/^\/graphql\/?/, '/') });
  });
  expect(await send(OPERATION)).toEqual({ status: 200, body: ANSWER });
  const query = new URLSearchParams({ query: '{ script(id: "a") { name } }' });
  const response = await fetch(`${url}/graphql?${query}`, { headers: { token: 'key' } });
  expect([response.status, await response.json()]).toEqual([200, ANSWER]);
});

it('keeps nothing of a client that leaves while code in front of the gateway waits', async () => {
  let letGo = () => {};
  const left = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const ended: number[] = [];
  const { url, logged } = await open(
    async (request) => {
      letGo();
      await new Promise((resolve) => request.socket.once('close', resolve));
    },
    { observers: [{ ended: (_record, { status }) => void ended.push(status) }] },
  );
  const { socket } = await openRaw(url);
  socket.write(
    'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
  );
  await left;
  socket.destroy();
  await expect.poll(() => ended).toEqual([499]);
  expect(logged).toEqual([]);
});

it('reads the request behind a Yoga plugin that has read it', async () => {
  const read: string[] = [];
  const plugin = {
    async onRequest({ request }: { readonly request: Request }) {
      read.push(await request.text());
    },
  };
  const { send } = await open(async () => undefined, { plugins: [plugin] });
  expect(await send(OPERATION)).toEqual({ status: 200, body: ANSWER });
  expect(read).toEqual([OPERATION]);
});

describe('`fetch` with a request', () => {
  const requestOf = (body: string | ReadableStream) =>
    new Request('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', token: 'key' },
      body,
      // Node asks for it where the body is a stream.
      ...({ duplex: 'half' } as object),
    });
  const answer = async (request: Request) => {
    const transport = createTransport({ url: recorder.url });
    const logged: unknown[] = [];
    const gateway = createGateway({ transport, log: { error: (error) => void logged.push(error) } });
    const response = await gateway.fetch(request);
    await transport.close();
    return { status: response.status, text: await response.text(), logged };
  };

  it.each([
    ['was read', (request: Request) => request.text()],
    ['somebody reads', (request: Request) => request.body?.getReader()],
  ])('whose body %s says so', async (_how, read) => {
    const request = requestOf(OPERATION);
    await read(request);
    const { status, text } = await answer(request);
    expect(status).toBe(500);
    expect(text).toContain('give gateway.fetch a request with an unread body');
  });

  it('whose body breaks off is not logged', async () => {
    const body = new ReadableStream({ pull: (stream) => stream.error(new Error('aborted')) });
    const { status, text, logged } = await answer(requestOf(body));
    expect([status, text, logged]).toEqual([400, expect.stringContaining('The connection broke'), []]);
  });
});
