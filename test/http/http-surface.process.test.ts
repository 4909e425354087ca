import { afterEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { json, startRecorder } from '../support/api/recorder.ts';
import { watchSockets } from '../support/clients/one-byte-chunks.ts';
import { openRaw, postText } from '../support/clients/raw-http.ts';
import { useSandbox } from '../support/gateways/fixture.ts';
import { openGateway } from '../support/gateways/gateway.ts';
import { liveBytes } from '../support/processes/live-memory.ts';
import { startProcess } from '../support/processes/process.ts';
import { eventually } from '../support/vitest/waiting.ts';

const fixture = useSandbox({ shared: true });
afterEach(async () => {
  expect(fixture.gateway.logged).toEqual([]);
  expect((await fetch(`${fixture.gateway.url}/health`)).status).toBe(200);
});

const KEY = { token: 'sandbox-key' };
const NAME = `{ script(id: "${seeded.scriptId}") { name } }`;
const DELETE = `mutation { deleteScript(input: { id: "${seeded.scriptId}" }) { __typename } }`;

interface Refusal {
  errors: { message: string; extensions: { code: string } }[];
}

/** POSTs a body as it is, as JSON unless the headers say otherwise. */
function post(body: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${fixture.gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...KEY, ...headers },
    body,
  });
}

function get(parameters: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${fixture.gateway.url}/graphql?${new URLSearchParams(parameters)}`, {
    headers: { ...KEY, ...headers },
  });
}

/** The one error of a refused request: its status, code and message. */
async function refusal(response: Response) {
  const text = await response.text();
  const { errors } = JSON.parse(text) as Refusal;
  expect(Object.keys(JSON.parse(text))).toEqual(['errors']);
  expect(errors).toHaveLength(1);
  return { status: response.status, code: errors[0]?.extensions.code, message: errors[0]?.message, text };
}

describe('POST as text/plain, urlencoded, multipart, or without content type is refused', () => {
  const operation = JSON.stringify({ query: DELETE });
  const form = new FormData();
  form.set('operations', operation);
  form.set('map', '{}');
  const cases: [name: string, contentType: string | undefined, body: BodyInit][] = [
    ['text/plain', 'text/plain', operation],
    ['text/plain that mentions JSON', 'text/plain; application/json', operation],
    ['a list of types', 'text/plain, application/json', operation],
    ['a list of types that begins with JSON', 'application/json, text/plain', operation],
    ['urlencoded', 'application/x-www-form-urlencoded', new URLSearchParams({ query: DELETE })],
    ['multipart', undefined, form],
    ['application/graphql', 'application/graphql', DELETE],
    ['application/graphql+json', 'application/graphql+json', operation],
    ['JSON in another encoding', 'application/json; charset=utf-16', operation],
    ['no content type', undefined, new TextEncoder().encode(operation)],
    ['an empty content type', '', operation],
  ];

  for (const [name, contentType, body] of cases) {
    it(`${name}: 415 that names the header to send, 0 calls`, async () => {
      const response = await fetch(`${fixture.gateway.url}/graphql`, {
        method: 'POST',
        headers: { ...KEY, ...(contentType === undefined ? {} : { 'content-type': contentType }) },
        body,
      });
      const { status, code, message } = await refusal(response);
      expect({ status, code }).toEqual({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' });
      expect(message).toContain('"content-type: application/json"');
      expect(fixture.sandbox.calls).toEqual([]);
    });
  }

  it('takes application/json with and without a charset', async () => {
    for (const contentType of [
      'application/json',
      'application/json; charset=utf-8',
      'Application/JSON;charset="UTF-8"',
      // HTTP allows a semicolon without a parameter.
      'application/json;',
      'application/json; charset=utf-8 ; ',
    ]) {
      const response = await post(JSON.stringify({ query: NAME }), { 'content-type': contentType });
      expect(await response.json()).toEqual({ data: { script: { name: 'Nightfall Hub' } } });
    }
  });

  it.each(['Identity', ''])(
    'takes a body with the content-encoding %j, which is not compressed',
    async (encoding) => {
      const response = await post(JSON.stringify({ query: NAME }), { 'content-encoding': encoding });
      expect(await response.json()).toEqual({ data: { script: { name: 'Nightfall Hub' } } });
    },
  );

  it('refuses a compressed body, which it could only unpack without knowing how large it becomes', async () => {
    const { status, message } = await refusal(await post('{}', { 'content-encoding': 'gzip' }));
    expect(status).toBe(415);
    expect(message).toContain('content-encoding');
  });
});

describe('GET query without a preflight header is refused', () => {
  /** Without a key, which keeps other pages out by itself. */
  function getUnguarded(parameters: Record<string, string>, headers: Record<string, string> = {}) {
    return fetch(`${fixture.gateway.url}/graphql?${new URLSearchParams(parameters)}`, { headers });
  }

  it('answers 400 that names the header to add, 0 calls', async () => {
    const safelisted: Record<string, string>[] = [
      {},
      { accept: 'application/json' },
      { 'content-type': 'text/plain' },
      { 'x-graphql-csrf': '' },
      { token: '' },
      { authorization: 'Bearer ' },
      // A browser sends these by itself, once it has asked its user.
      { authorization: 'Basic c2FuZGJveC1rZXk6' },
      { authorization: 'Negotiate abc' },
    ];
    for (const headers of safelisted) {
      const { status, code, message } = await refusal(await getUnguarded({ query: NAME }, headers));
      expect({ status, code }).toEqual({ status: 400, code: 'CSRF_PREVENTED' });
      expect(message).toContain('x-graphql-csrf');
    }
    expect(fixture.sandbox.calls).toEqual([]);
  });

  it('runs the query when one of the documented headers is there', async () => {
    const documented: Record<string, string>[] = [
      { 'x-graphql-csrf': '1' },
      { 'graphql-require-preflight': '1' },
      { 'x-graphql-yoga-csrf': '1' },
      { 'apollo-require-preflight': 'true' },
      { 'x-apollo-operation-name': 'Name' },
      { 'content-type': 'application/json' },
    ];
    for (const headers of documented) {
      const response = await getUnguarded({ query: '{ __typename }' }, headers);
      expect({ status: response.status, body: await response.json() }).toEqual({
        status: 200,
        body: { data: { __typename: 'Query' } },
      });
    }
  });

  it('runs the query when a key is there, as a page must set its header itself', async () => {
    const withKey: Record<string, string>[] = [{ ...KEY }, { authorization: 'bearer sandbox-key' }];
    for (const headers of withKey) {
      const response = await getUnguarded({ query: NAME }, headers);
      expect(await response.json()).toEqual({ data: { script: { name: 'Nightfall Hub' } } });
    }
  });

  it('reads variables and the operation name from the URL', async () => {
    const query = 'query One($id: ID!) { script(id: $id) { name } } query Two { __typename }';
    const variables = JSON.stringify({ id: seeded.scriptId });
    const one = await get({ query, operationName: 'One', variables }, { 'x-graphql-csrf': '1' });
    expect(await one.json()).toEqual({ data: { script: { name: 'Nightfall Hub' } } });
    const two = await get({ query, operationName: 'Two' }, { 'x-graphql-csrf': '1' });
    expect(await two.json()).toEqual({ data: { __typename: 'Query' } });
  });
});

describe('mutation by GET', () => {
  it('answers 405 and makes 0 calls, with and without a preflight header', async () => {
    for (const headers of [undefined, { 'x-graphql-csrf': '1' }]) {
      const response = await get({ query: DELETE }, headers);
      expect(response.headers.get('allow')).toBe('POST');
      expect((await refusal(response)).status).toBe(405);
    }
    const named = await get(
      { query: `query Read { __typename } mutation Write { __typename }`, operationName: 'Write' },
      { 'x-graphql-csrf': '1' },
    );
    expect((await refusal(named)).status).toBe(405);
    expect(fixture.sandbox.calls).toEqual([]);
  });
});

describe('foreign Origin', () => {
  const corsHeaders = ({ headers }: Response) =>
    Object.fromEntries(
      [...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'),
    );
  const preflight = (url: string, origin: string) =>
    fetch(`${url}/graphql`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type, token',
      },
    });
  const read = (url: string, origin: string) =>
    fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { origin, 'content-type': 'application/json', ...KEY },
      body: JSON.stringify({ query: NAME }),
    });

  it('gets no access-control header by default, on any path', async () => {
    const origin = 'https://evil.example';
    const answers = [
      await preflight(fixture.gateway.url, origin),
      await read(fixture.gateway.url, origin),
      await fetch(`${fixture.gateway.url}/health`, { headers: { origin } }),
      await fetch(`${fixture.gateway.url}/nowhere`, { headers: { origin } }),
    ];
    expect(answers.map(corsHeaders)).toEqual([{}, {}, {}, {}]);
  });

  it('is let in only if the list has it whole, and never with credentials', async () => {
    const listed = await openGateway({
      upstream: fixture.sandbox.url,
      corsOrigins: ['https://app.example', 'http://localhost:3000'],
    });
    expect(corsHeaders(await preflight(listed.url, 'https://app.example'))).toEqual({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-methods': 'GET, POST, QUERY',
      'access-control-allow-headers':
        'content-type, token, authorization, x-upstream, x-request-id, traceparent, tracestate, apollographql-client-name, apollographql-client-version, graphql-client-name, graphql-client-version, x-graphql-csrf, graphql-require-preflight, x-graphql-yoga-csrf, apollo-require-preflight, x-apollo-operation-name',
      'access-control-max-age': '86400',
      vary: 'origin',
    });
    expect(corsHeaders(await read(listed.url, 'http://localhost:3000'))).toEqual({
      'access-control-allow-origin': 'http://localhost:3000',
      'access-control-expose-headers': 'x-request-id, retry-after',
      vary: 'origin',
    });
    for (const origin of [
      'https://evil.example',
      'https://app.example.evil.example',
      'http://app.example',
      'null',
    ]) {
      expect(corsHeaders(await preflight(listed.url, origin))).toEqual({ vary: 'origin' });
      expect(corsHeaders(await read(listed.url, origin))).toEqual({ vary: 'origin' });
    }
    await listed.close();
  });

  it('is let in as * when every origin is allowed, never reflected and never with credentials', async () => {
    const open = await openGateway({ upstream: fixture.sandbox.url, corsOrigins: ['*'] });
    expect(corsHeaders(await preflight(open.url, 'https://any.example'))).toMatchObject({
      'access-control-allow-origin': '*',
    });
    expect(corsHeaders(await read(open.url, 'https://any.example'))).toEqual({
      'access-control-allow-origin': '*',
      'access-control-expose-headers': 'x-request-id, retry-after',
    });
    await open.close();
  });
});

describe('malformed requests answer 400 or 422, never 500, and quote nothing of the body', () => {
  const secret = 'SECRET-SOURCE';
  const deep = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);
  const bodies: [name: string, body: BodyInit, says: string][] = [
    ['malformed JSON', `{"query": "${secret}`, 'not JSON'],
    ['an empty body', '', 'empty'],
    ['null', 'null', 'null'],
    ['[]', '[]', 'Batching is not supported'],
    ['a batch', JSON.stringify([{ query: NAME }, { query: NAME }]), 'Batching is not supported'],
    ['"x"', `"${secret}"`, 'a string'],
    ['a number', '1', 'a number'],
    ['no query', '{}', 'no query'],
    ['query: 1', '{"query": 1}', 'query is a number'],
    ['query: null', '{"query": null}', 'no query'],
    ['variables as a list', '{"query": "{ __typename }", "variables": []}', 'variables is a list'],
    ['variables as text', `{"query": "{ __typename }", "variables": "${secret}"}`, 'variables is a string'],
    [
      'an operation name that is no text',
      '{"query": "{ __typename }", "operationName": {}}',
      'operationName is an object',
    ],
    ['extensions as a list', '{"query": "{ __typename }", "extensions": []}', 'extensions is a list'],
    [
      '__proto__ in variables',
      '{"query": "{ __typename }", "variables": {"__proto__": {"polluted": true}}}',
      '__proto__',
    ],
    [
      '__proto__ deep in variables',
      '{"query": "{ __typename }", "variables": {"a": [{"__proto__": {"polluted": true}}]}}',
      '__proto__',
    ],
    [
      '100,000-deep variables as lists',
      `{"query": "{ __typename }", "variables": {"a": ${deep('[', ']', 100_000)}}}`,
      'nested more than 52 levels',
    ],
    [
      '100,000-deep variables as objects',
      `{"query": "{ __typename }", "variables": ${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`,
      'nested more than 52 levels',
    ],
    ['100,000 brackets that never close', '['.repeat(100_000), 'not JSON'],
    ['bytes that are not UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), 'not UTF-8'],
  ];

  for (const [name, body, says] of bodies) {
    it(`${name}: says what is expected`, async () => {
      const isJson = !/^(?:not JSON|not UTF-8|empty)$/.test(says);
      for (const [accept, expected] of [
        ['application/json', 400],
        ['application/graphql-response+json', isJson ? 422 : 400],
      ] as const) {
        const response = await post(body, { accept });
        expect(response.headers.get('content-type')).toContain(accept);
        const { status, code, message, text } = await refusal(response);
        expect({ status, code }).toEqual({ status: expected, code: 'BAD_REQUEST' });
        expect(message).toContain(says);
        expect(text).not.toContain(secret);
      }
      expect(fixture.sandbox.calls).toEqual([]);
      expect({}).not.toHaveProperty('polluted');
    });
  }

  it('says the same about broken parameters of a GET', async () => {
    const broken: Record<string, string>[] = [
      { query: '{ __typename }', variables: `{"${secret}` },
      { query: '{ __typename }', variables: '[]' },
      { query: '{ __typename }', variables: '1' },
      { query: '{ __typename }', variables: '{"__proto__": {"polluted": true}}' },
      { query: '{ __typename }', variables: `{"a": ${deep('[', ']', 10_000)}}` },
      { query: '{ __typename }', extensions: `${secret}` },
      { query: '' },
      {},
    ];
    for (const parameters of broken) {
      const { status, code, text } = await refusal(await get(parameters, { 'x-graphql-csrf': '1' }));
      expect({ status, code }).toEqual({ status: 400, code: 'BAD_REQUEST' });
      expect(text).not.toContain(secret);
    }
    expect({}).not.toHaveProperty('polluted');
  });

  it('takes members that are not known, and keeps nothing of them', async () => {
    for (const member of [`"${secret}": 1`, '"__proto__": {"polluted": true}', '"onError": "NULL"']) {
      const response = await post(`{"query": "{ __typename }", ${member}}`);
      expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
    }
    expect({}).not.toHaveProperty('polluted');
  });

  it('takes null for whatever may be left out', async () => {
    const body = { query: '{ __typename }', variables: null, operationName: null, extensions: null };
    expect(await (await post(JSON.stringify(body))).json()).toEqual({ data: { __typename: 'Query' } });
  });

  it.each([
    ['application/graphql-response+json, application/json;q=0.9', 'application/graphql-response+json'],
    ['application/json;q=0.9, application/graphql-response+json', 'application/graphql-response+json'],
    ['application/json, application/graphql-response+json;q=0.5', 'application/json'],
    ['application/json;q=0, */*', 'application/graphql-response+json'],
    ['application/graphql-response+json;q=0, application/*', 'application/json'],
    ['Application/JSON; charset="UTF-8"', 'application/json'],
    ['*/*', 'application/json'],
    [
      'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed',
      'application/graphql-response+json',
    ],
  ])('answers who accepts %s in %s, by every adapter', async (accept, mediaType) => {
    for (const query of ['{ __typename }', '{ nothing }']) {
      for (const path of ['/graphql', '/graphql/']) {
        const response = await fetch(fixture.gateway.url + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json', accept, ...KEY },
          body: JSON.stringify({ query }),
        });
        expect([path, response.headers.get('content-type')]).toEqual([path, `${mediaType}; charset=utf-8`]);
        await response.text();
      }
    }
    const refused = await fetch(`${fixture.gateway.url}/nowhere`, { headers: { accept } });
    expect(refused.headers.get('content-type')).toBe(`${mediaType}; charset=utf-8`);
  });

  it('tells a client that accepts nothing it can send, before anything is carried out, and reads 4 kB of what it accepts', async () => {
    const longAccept = (count: number) => `${'a/b,'.repeat(count)}application/json`;
    const nothing = ['text/html', 'text/*', 'multipart/mixed'];
    const unwanted = [
      '*/*;q=0',
      'application/json;q=0',
      'application/json;charset=utf-16',
      'text/html, */*;q=0',
      longAccept(1_100),
    ];
    for (const accept of [...nothing, ...unwanted]) {
      const { status, message } = await refusal(await post(JSON.stringify({ query: DELETE }), { accept }));
      expect(status).toBe(406);
      expect(message).toContain('application/json');
    }
    expect(fixture.sandbox.calls).toEqual([]);
    const { status } = await post('{"query": "{ __typename }"}', { accept: longAccept(1_000) });
    expect(status).toBe(200);
  });

  it('refuses a host or a path that make no URL, without a stack', async () => {
    const heads = [
      'GET /graphql HTTP/1.1\r\nHost: [',
      'GET /graphql HTTP/1.1\r\nHost: a b',
      'GET /graphql HTTP/1.1\r\nHost: evil/graphql?',
      'GET /graphql HTTP/1.1\r\nHost: user@evil',
      'GET /graphql HTTP/1.1\r\nX-No: host',
      'GET /graphql HTTP/1.1\r\nHost: localhost\r\nhost: evil',
      'GET /health HTTP/1.1\r\nHost: localhost\r\nHOST: localhost',
      'NONSENSE',
    ];
    for (const head of heads) {
      const client = await openRaw(fixture.gateway.url);
      client.socket.write(`${head}\r\n\r\n`);
      const text = await client.until('}]}');
      expect(text).toMatch(/^HTTP\/1\.1 400 /);
      expect(text).not.toMatch(/ at |node_modules|evil/);
      client.socket.destroy();
    }
  });

  it('refuses more than 200 headers with 431, which says so, and takes 200', async () => {
    const ask = async (count: number) => {
      const client = await openRaw(fixture.gateway.url);
      // Beside three of its own.
      const more = Object.fromEntries(
        Array.from({ length: count - 3 }, (_one, index) => [`x-${index}`, 'y']),
      );
      client.socket.write(postText('{"query":"{ __typename }"}', more));
      return client.until('}');
    };
    expect(await ask(200)).toMatch(/^HTTP\/1\.1 200 /);
    const refusal = await ask(201);
    expect(refusal).toMatch(/^HTTP\/1\.1 431 /);
    expect(refusal).toContain('more than 200 headers');
    expect(await ask(3_000)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('refuses a head over 64 kB with 431', async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.write(`GET /graphql HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(70_000)}\r\n\r\n`);
    expect(await client.closed).toMatch(/^HTTP\/1\.1 431 /);
  });
});

describe('body over the limit', () => {
  const LIMIT = 4 * 1024 * 1024;
  const sourceOf = (bytes: number) => {
    const body = (source: string) =>
      JSON.stringify({
        query: 'mutation ($input: UpdateScriptInput!) { updateScript(input: $input) { __typename } }',
        variables: { input: { id: seeded.scriptId, source } },
      });
    return body('x'.repeat(bytes - body('').length));
  };

  it('takes a body of exactly the limit', async () => {
    const response = await post(sourceOf(LIMIT));
    expect(await response.json()).toEqual({ data: { updateScript: { __typename: 'UpdateScriptSuccess' } } });
    expect(fixture.sandbox.calls).toHaveLength(1);
  });

  it('refuses one byte more with 413 that says the limit, 0 calls, and goes on with the connection', async () => {
    const { status, code, message } = await refusal(await post(sourceOf(LIMIT + 1)));
    expect({ status, code }).toEqual({ status: 413, code: 'BODY_TOO_LARGE' });
    expect(message).toContain(`${LIMIT} bytes`);
    expect(fixture.sandbox.calls).toEqual([]);
  });

  it('answers 413 to the content-length alone, before any of the body has come', async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.write(postText('', { 'content-length': 1_000_000_000 }));
    expect(await client.until('BODY_TOO_LARGE')).toMatch(/^HTTP\/1\.1 413 /);
    client.socket.destroy();
  });

  it('answers 413 to a body without content-length as soon as the limit is passed, and keeps none of the rest', async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.write(postText('', { 'transfer-encoding': 'chunked' }));
    const mebibyte = Buffer.alloc(1024 * 1024, 'x');
    const send = () =>
      new Promise((resolve) => {
        client.socket.write('100000\r\n');
        client.socket.write(mebibyte);
        client.socket.write('\r\n', resolve);
      });
    for (let sent = 0; sent < 5; sent++) await send();
    expect(await client.until('BODY_TOO_LARGE')).toMatch(/^HTTP\/1\.1 413 /);

    const before = liveBytes();
    for (let sent = 0; sent < 100; sent++) await send();
    expect(liveBytes() - before).toBeLessThan(50 * 1024 * 1024);
    client.socket.destroy();
  });

  it('answers what a lying content-length makes of the bytes: a cut body, and a next request that is none', async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.write(postText(sourceOf(1_000), { 'content-length': 10 }));
    const text = await client.closed;
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).not.toContain('xxx');
    expect(fixture.sandbox.calls).toEqual([]);
  });

  it('a broken request behind a good one does not take the answer that is due', async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.write(`${postText(JSON.stringify({ query: NAME }), KEY)}garbage\r\n\r\n`);
    const text = await client.closed;
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).toContain('Nightfall Hub');
    expect(text.split('HTTP/1.1')).toHaveLength(2);
  });

  it('a broken request behind several good ones takes the answer of none of them', async () => {
    const client = await openRaw(fixture.gateway.url);
    const good = postText(JSON.stringify({ query: NAME }), KEY);
    client.socket.write(`${good}${good}garbage\r\n\r\n`);
    expect((await client.closed).match(/Nightfall Hub/g)).toHaveLength(2);
  });

  it('closes the connection of a client that goes on sending after its answer', async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.write(postText('', { 'content-length': 1_000_000_000 }));
    await client.until('BODY_TOO_LARGE');
    const drip = setInterval(() => client.socket.write('x'), 20);
    await client.closed;
    clearInterval(drip);
  });

  it('refuses a body with both a content-length and a transfer-encoding', async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.write(postText('', { 'content-length': 5, 'transfer-encoding': 'chunked' }));
    expect(await client.closed).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('holds for an embedded fetch handler, with and without content-length', async () => {
    const url = 'http://gateway.example/graphql';
    const headers = { 'content-type': 'application/json', ...KEY };
    const whole = await fixture.gateway.fetch(url, {
      method: 'POST',
      headers: { ...headers },
      body: sourceOf(LIMIT + 1),
    });
    expect((await refusal(whole)).status).toBe(413);
    let pulled = 0;
    const endless = new ReadableStream({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(1024 * 1024));
      },
    });
    const streamed = await fixture.gateway.fetch(
      new Request(url, { method: 'POST', headers, body: endless, duplex: 'half' } as RequestInit),
    );
    expect((await refusal(streamed)).status).toBe(413);
    expect(pulled).toBeLessThan(10);
    const fits = await fixture.gateway.fetch(url, {
      method: 'POST',
      headers: { ...headers },
      body: JSON.stringify({ query: NAME }),
    });
    expect(await fits.json()).toEqual({ data: { script: { name: 'Nightfall Hub' } } });
  });
});

describe('slow clients', () => {
  const limits = { headersTimeoutMs: 300, requestTimeoutMs: 600, checkIntervalMs: 50 };
  const sockets = watchSockets();

  it('are none whose request came while the process stood still', async () => {
    const stalled = await openGateway({
      upstream: fixture.sandbox.url,
      server: { ...limits, headersTimeoutMs: 2_000, requestTimeoutMs: 2_000 },
    });
    const client = await openRaw(stalled.url);
    await eventually(() => expect(sockets.accepted.at(-1)?.remotePort).toBe(client.socket.localPort));
    client.socket.write(postText(JSON.stringify({ query: NAME }), { ...KEY, connection: 'close' }));
    const end = performance.now() + 2_500;
    while (performance.now() < end);
    expect(await client.closed).toMatch(/^HTTP\/1\.1 200 /);
    await stalled.close();
  });

  it('headers dripped, body dripped: 408 while normal requests go on', async () => {
    const impatient = await openGateway({ upstream: fixture.sandbox.url, server: limits });
    const head = await openRaw(impatient.url);
    const body = await openRaw(impatient.url);
    const silent = await openRaw(impatient.url);
    head.socket.write('POST /graphql HTTP/1.1\r\nHost: x\r\nX-Drip: ');
    body.socket.write(postText('{"query": "', { 'content-length': 1_000 }));
    const drip = setInterval(() => {
      for (const { socket } of [head, body]) if (socket.writable) socket.write('x');
    }, 20);

    const answers = Promise.all([head.closed, body.closed, silent.closed]);
    const { data } = await impatient.execute<{ script: unknown }, unknown>(NAME);
    expect(data?.script).toEqual({ name: 'Nightfall Hub' });
    for (const text of await answers) {
      expect(text).toMatch(/^HTTP\/1\.1 408 /);
      expect(text).toContain('REQUEST_TIMEOUT');
      expect(text).toContain('x-content-type-options: nosniff');
    }
    clearInterval(drip);
    expect(impatient.logged).toEqual([]);
    await impatient.close();
  });

  it('500 idle sockets: normal requests are unaffected', async () => {
    const idle = await Promise.all(Array.from({ length: 500 }, () => openRaw(fixture.gateway.url)));
    for (const [index, { socket }] of idle.entries())
      if (index % 2) socket.write('POST /graphql HTTP/1.1\r\n');
    const answers = await Promise.all(Array.from({ length: 50 }, () => fixture.gateway.execute(NAME)));
    for (const { data } of answers) expect(data).toEqual({ script: { name: 'Nightfall Hub' } });
    for (const { socket } of idle) socket.destroy();
  });
});

describe('answers', () => {
  const COMMON = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

  it('carry no-store and nosniff and name no product, whatever they answer', async () => {
    const answers = [
      await post(JSON.stringify({ query: NAME })),
      await post(JSON.stringify({ query: '{ nonsense }' })),
      await post('{'),
      await post('{}', { 'content-type': 'text/plain' }),
      await post('{}', { accept: 'image/png' }),
      await fetch(`${fixture.gateway.url}/graphql?query={__typename}`),
      await fetch(`${fixture.gateway.url}/graphql`, { method: 'OPTIONS' }),
      await fetch(`${fixture.gateway.url}/graphql`, { method: 'HEAD' }),
      await fetch(`${fixture.gateway.url}/graphql`, { method: 'DELETE' }),
      await fetch(`${fixture.gateway.url}/health`),
      await fetch(`${fixture.gateway.url}/readiness`),
      await fetch(`${fixture.gateway.url}/nowhere`),
    ];
    for (const { headers } of answers) {
      expect(Object.fromEntries(headers)).toMatchObject(COMMON);
      const names = [...headers.keys()];
      expect(names.filter((name) => /^x-(?!content-type-options|request-id)|server|via/.test(name))).toEqual(
        [],
      );
    }
    expect(answers.map(({ status }) => status)).toEqual([
      200, 200, 400, 415, 406, 400, 204, 400, 405, 200, 200, 404,
    ]);
  });

  it('carry them as well where a client expects what nobody knows', async () => {
    const client = await openRaw(fixture.gateway.url);
    client.socket.write(
      'GET /health HTTP/1.1\r\nHost: localhost\r\nExpect: miracles\r\nConnection: close\r\n\r\n',
    );
    const text = await client.closed;
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    for (const [name, value] of Object.entries(COMMON)) expect(text).toContain(`${name}: ${value}\r\n`);
  });

  const SESSION = {
    id: 'a',
    user_key: 'user',
    script_id: 's',
    roblox_id: 1,
    place_id: 2,
    job_id: 'job',
    created_at: 1_770_624_500_000,
  };

  it('copy no header of the REST API', async () => {
    const recorder = await startRecorder((_recorded, response) => {
      response.setHeader('set-cookie', 'session=1');
      response.setHeader('x-powered-by', 'LuaAuth');
      response.setHeader('server', 'upstream');
      response.setHeader('cache-control', 'public, max-age=600');
      response.setHeader('access-control-allow-origin', '*');
      json(response, { success: true, session: SESSION });
    });
    const over = await openGateway({ upstream: recorder.url });
    const { headers, data } = await over.execute('{ session(id: "a") { jobId } }');
    expect(data).toEqual({ session: { jobId: 'job' } });
    expect([...headers.keys()].sort()).toEqual([
      'cache-control',
      'connection',
      'content-length',
      'content-type',
      'date',
      'keep-alive',
      'x-content-type-options',
      'x-request-id',
    ]);
    expect(headers.get('cache-control')).toBe('no-store');
    await over.close();
    await recorder.close();
  });

  it('name /graphql where there is nothing', async () => {
    for (const path of [
      '/',
      '/graph',
      '/graphql/x/y/z',
      '/graphql//x',
      '/graphql/%ff',
      '/foo/graphql',
      '//graphql',
      '/health/x',
      '/x?y=/graphql',
      '/x?y=/health',
    ]) {
      const { status, code, message } = await refusal(await fetch(`${fixture.gateway.url}${path}`));
      expect({ status, code }).toEqual({ status: 404, code: 'NOT_FOUND' });
      expect(message).toContain('/graphql');
    }
  });

  it('keep to the method: HEAD and OPTIONS have no body, others are told what is allowed', async () => {
    const options = await fetch(`${fixture.gateway.url}/graphql`, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow'), await options.text()]).toEqual([
      204,
      'GET, HEAD, POST, QUERY, OPTIONS',
      '',
    ]);
    const head = await fetch(`${fixture.gateway.url}/health`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const put = await refusal(await fetch(`${fixture.gateway.url}/graphql`, { method: 'PUT', body: '{}' }));
    expect(put).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED' });
    const written = await fetch(`${fixture.gateway.url}/readiness`, { method: 'POST', body: '{}' });
    expect([written.status, written.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });

  it('tell that the process lives without asking the REST API', async () => {
    expect(await (await fetch(`${fixture.gateway.url}/health?probe=1`)).json()).toEqual({ status: 'ok' });
    expect(await (await fetch(`${fixture.gateway.url}/readiness`)).json()).toEqual({ status: 'ok' });
    expect(fixture.sandbox.calls).toEqual([]);
  });
});

describe('the configuration of the HTTP surface', () => {
  const configOf = (variables: Record<string, string>) => {
    const result = readConfig(variables);
    return 'problems' in result ? result.problems : result.config;
  };

  it('allows no origin and 4 MB by default, and takes lists of whole origins or *', () => {
    expect(configOf({})).toMatchObject({ corsOrigins: [], maxBodyBytes: 4 * 1024 * 1024 });
    expect(
      configOf({ CORS_ORIGINS: 'https://a.example, http://localhost:3000', MAX_BODY_BYTES: '1000' }),
    ).toMatchObject({
      corsOrigins: ['https://a.example', 'http://localhost:3000'],
      maxBodyBytes: 1_000,
    });
    expect(configOf({ CORS_ORIGINS: '*' })).toMatchObject({ corsOrigins: ['*'] });
  });

  it('refuses what is no origin, * in a list, and * for a key that the gateway holds for everyone', () => {
    for (const text of [
      'a.example',
      'https://a.example/',
      'https://a.example/x',
      'null',
      '*,https://a.example',
      '*.example',
    ]) {
      expect(configOf({ CORS_ORIGINS: text })).toEqual([
        expect.stringMatching(/^CORS_ORIGINS: .*: must be origins/),
      ]);
    }
    const held = { LUAAUTH_TOKEN: 'held', CORS_ORIGINS: '*' };
    expect(configOf(held)).toEqual([expect.stringContaining('GATEWAY_KEYS')]);
    expect(configOf({ ...held, GATEWAY_KEYS: 'one-Vd8sK2mQ41xZ' })).toMatchObject({ corsOrigins: ['*'] });
  });

  it('reaches the process', async () => {
    const running = startProcess({ PORT: '0', MAX_BODY_BYTES: '100', CORS_ORIGINS: 'https://a.example' });
    const url = `${await running.listening()}/graphql`;
    const send = (source: string) =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: 'https://a.example' },
        body: JSON.stringify({ query: '{ __typename }', extensions: { source } }),
      });
    expect(
      await Promise.all([send('x'), send('x'.repeat(100))].map(async (sent) => (await sent).status)),
    ).toEqual([200, 413]);
    expect((await send('x')).headers.get('access-control-allow-origin')).toBe('https://a.example');
    await running.kill();
  });
});

describe('GET /graphql as a browser in production', () => {
  it('shows no GraphiQL unless enabled', async () => {
    const response = await fetch(`${fixture.gateway.url}/graphql`, {
      headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
    });
    expect(response.headers.get('content-type')).toContain('application/json');
    expect((await refusal(response)).status).toBe(400);
  });
});
