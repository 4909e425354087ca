import { Agent } from 'undici';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { jsonPost } from '../support/clients/json-post.ts';
import { openRaw, postText } from '../support/clients/raw-http.ts';
import { useSandbox } from '../support/gateways/fixture.ts';

const fixture = useSandbox({ shared: true });
const client = new Agent();
afterAll(() => client.destroy());
afterEach(() => {
  expect(fixture.gateway.logged).toEqual([]);
  expect({}).not.toHaveProperty('polluted');
});

const { scriptId: id } = seeded;
const NAME = `{ script(id: "${id}") { name } }`;
const FOUND = { data: { script: { name: 'Nightfall Hub' } } };
const FREE = '{ __typename }';
const DELETE = `mutation { deleteScript(input: { id: "${id}" }) { __typename } }`;
const GRAPHQL = 'application/graphql-response+json';
const JSON_TYPE = 'application/json';
const KEY = { token: 'sandbox-key' };
const SECRET = 'SECRET-SOURCE';

type Headers = Readonly<Record<string, string>>;
type Body = string | Uint8Array;

/** Sends headers and a body as they are. */
async function send(headers: Headers, body?: Body, method = 'POST', path = '/graphql') {
  const { url } = fixture.gateway;
  const response = await client.request({
    ...{ origin: url, path, headers: { ...headers } },
    ...{ method: method as 'POST', body: body ?? null },
  });
  const text = await response.body.text();
  const { errors = [] } = JSON.parse(text || '{}') as {
    errors?: { message: string; extensions: { code: string } }[];
  };
  const [error] = errors;
  return {
    ...{ status: response.statusCode, headers: response.headers, text },
    ...{ code: error?.extensions.code, message: error?.message, errors: errors.length },
  };
}

const post = (body: Body, headers: Headers = {}) =>
  send({ 'content-type': JSON_TYPE, ...KEY, ...headers }, body);
const get = (parameters: Record<string, string>, headers: Headers = {}) =>
  send(headers, undefined, 'GET', `/graphql?${new URLSearchParams(parameters)}`);
const query = (text: string, more: object = {}) => JSON.stringify({ query: text, ...more });

describe('a body', () => {
  const withVariables = (variables: string) => `{"query": "${FREE}", "variables": ${variables}}`;

  /** The answer in each media type: all that is refused is refused with one error, which quotes nothing. */
  async function expectStatus(body: Body, status: number, jsonStatus: number, code?: string, says = '') {
    for (const [accept, expected] of [
      [GRAPHQL, status],
      [JSON_TYPE, jsonStatus],
      ['*/*', jsonStatus],
    ] as const) {
      const answer = await post(body, { accept });
      expect([accept, answer.status, answer.code]).toEqual([accept, expected, code]);
      expect(answer.errors).toBe(code === undefined ? 0 : 1);
      expect(answer.message ?? '').toContain(says);
      expect(answer.text).not.toContain(SECRET);
    }
  }

  it.each<[what: string, body: Body, says: string]>([
    ['malformed JSON', `{"query": "${SECRET}`, 'not JSON'],
    ['brackets that never close', '['.repeat(100_000), 'not JSON'],
    ['other bytes than UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), 'not UTF-8'],
    ['nothing', '', 'empty'],
    ['null', 'null', 'null'],
    ['a text', `"${SECRET}"`, 'a string'],
    ['a number', '1', 'a number'],
    ['an empty batch', '[]', 'Batching is not supported'],
    ['a batch', `[${query(NAME)},${query(NAME)}]`, 'Batching is not supported'],
    ['no query', '{}', 'no query'],
    ['a misspelt query', '{"qeury": "{ a }"}', 'no query'],
    ['a query that is null', '{"query": null}', 'no query'],
    ['a query that is a number', '{"query": 1}', 'query is a number'],
    ['a list of variables', withVariables('[]'), 'variables is a list'],
    ['a text of variables', withVariables(`"${SECRET}"`), 'variables is a string'],
    ['an object as the name', query(FREE, { operationName: {} }), 'operationName is an object'],
    ['a list of extensions', query(FREE, { extensions: [] }), 'extensions is a list'],
    ['__proto__', withVariables('{"__proto__": {"polluted": true}}'), '__proto__'],
    ['__proto__ below', withVariables('{"a": [{"__proto__": {"polluted": true}}]}'), '__proto__'],
    ['100,000 lists', withVariables(`{"a": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`), '52 levels'],
    ['100,000 objects', withVariables(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`), '52 levels'],
    ['two documents', query(NAME, { documentId: 'x' }), 'Send only one'],
  ])('of %s is refused, and says what is expected', async (_what, body, says) => {
    const isNoJson = /^(not JSON|not UTF-8|empty)$/.test(says);
    await expectStatus(body, isNoJson ? 400 : 422, 400, 'BAD_REQUEST', says);
    expect(fixture.sandbox.calls).toEqual([]);
  });

  const NULL = query('query ($s: Boolean = true) { a: __typename @skip(if: $s) }', {
    variables: { s: null },
  });
  const LIVE = query(`subscription { scriptSessions(scriptId: "${id}") { __typename } }`);
  const TWO = 'query A { __typename } query B { __typename }';

  /** The status is that of GraphQL over HTTP of 2026-08-06; that of `application/json` is of the drafts before. */
  it.each<[what: string, body: string, status: number, jsonStatus: number, code?: string]>([
    ['data', query(NAME), 200, 200],
    ['data with errors', query('{ a: script(id: "..") { name } __typename }'), 294, 200, 'BAD_USER_INPUT'],
    ['null with errors', NULL, 294, 200, 'BAD_USER_INPUT'],
    ['an unknown document', '{"documentId": "x"}', 404, 200, 'PERSISTED_DOCUMENT_NOT_FOUND'],
    ['no document', query('{'), 400, 200, 'GRAPHQL_PARSE_FAILED'],
    ['an invalid document', query('{ nothing }'), 422, 200, 'GRAPHQL_VALIDATION_FAILED'],
    ['two operations', query(TWO), 422, 400, 'OPERATION_RESOLUTION_FAILURE'],
    ['no such operation', query(TWO, { operationName: 'C' }), 422, 400, 'OPERATION_RESOLUTION_FAILURE'],
    ['no variable', query('query ($id: ID!) { script(id: $id) { id } }'), 422, 200, 'BAD_USER_INPUT'],
    ['too many fields', query(`{ ${'a '.repeat(3_000)} }`), 422, 200, 'OPERATION_TOO_LARGE'],
    ['a subscription without a stream', LIVE, 406, 406, 'NOT_ACCEPTABLE'],
  ])('that leads to %s has a status in each media type', async (_what, body, status, jsonStatus, code) => {
    await expectStatus(body, status, jsonStatus, code);
  });

  it('may have null for what may be left out, and members that nobody knows', async () => {
    const nothing = { variables: null, operationName: null, extensions: null };
    const unknown = { onError: 'NULL', operation_name: 'Other', id: 1, [SECRET]: { deep: [] } };
    for (const members of [nothing, unknown])
      expect((await post(query(NAME, members))).text).toBe(JSON.stringify(FOUND));
    expect((await post(`{"query": "${FREE}", "__proto__": {"polluted": true}}`)).status).toBe(200);
  });
});

describe('a content type', () => {
  it.each<[type: string | undefined, body?: Body]>([
    ['text/plain'],
    ['text/plain; application/json'],
    ['text/plain, application/json'],
    ['application/json, text/plain'],
    ['application/x-www-form-urlencoded', String(new URLSearchParams({ query: DELETE }))],
    ['application/graphql', DELETE],
    ['application/graphql+json'],
    ['application/json; charset=utf-16'],
    [''],
    ['multipart/form-data; boundary=x'],
    [undefined],
  ])('%s is refused: any page can send it', async (type, body = query(DELETE)) => {
    const { status, code, message } = await send(
      { ...KEY, ...(type !== undefined && { 'content-type': type }) },
      body,
    );
    expect([status, code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    expect(message).toContain('"content-type: application/json"');
    expect(fixture.sandbox.calls).toEqual([]);
  });

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
    // HTTP allows a semicolon without a parameter.
    'application/json;',
    'application/json; charset=utf-8 ; ',
  ])('%s is taken', async (type) => {
    expect((await post(query(NAME), { 'content-type': type })).text).toBe(JSON.stringify(FOUND));
  });

  it('of a compressed body is refused, and of one that says it is not compressed taken', async () => {
    for (const encoding of ['Identity', ''])
      expect((await post(query(NAME), { 'content-encoding': encoding })).status).toBe(200);
    const { status, message } = await post('{}', { 'content-encoding': 'gzip' });
    expect([status, message]).toEqual([415, expect.stringContaining('content-encoding')]);
  });
});

describe('a query by GET', () => {
  it.each<Headers>([
    {},
    { accept: JSON_TYPE },
    { 'content-type': 'text/plain' },
    { 'x-graphql-csrf': '' },
    { token: '' },
    { authorization: 'Bearer ' },
    // A browser sends these by itself, once it has asked its user.
    { authorization: 'Basic c2FuZGJveC1rZXk6' },
    { authorization: 'Negotiate abc' },
  ])('is refused with %j, which a page of another origin can send', async (headers) => {
    const { status, code, message } = await get({ query: NAME }, headers);
    expect([status, code, message]).toEqual([
      400,
      'CSRF_PREVENTED',
      expect.stringContaining('x-graphql-csrf'),
    ]);
    expect(fixture.sandbox.calls).toEqual([]);
  });

  it.each<Headers>([
    { 'x-graphql-csrf': '1' },
    { 'graphql-require-preflight': '1' },
    { 'x-graphql-yoga-csrf': '1' },
    { 'apollo-require-preflight': 'true' },
    { 'x-apollo-operation-name': 'Name' },
    { 'content-type': JSON_TYPE },
    KEY,
    { authorization: 'bearer sandbox-key' },
  ])('runs with %j, which takes a preflight', async (headers) => {
    expect((await get({ query: FREE }, headers)).text).toBe('{"data":{"__typename":"Query"}}');
  });

  it('reads variables and the operation name from the URL', async () => {
    const both = 'query One($id: ID!) { script(id: $id) { name } } query Two { __typename }';
    const variables = JSON.stringify({ id });
    expect((await get({ query: both, operationName: 'One', variables }, KEY)).text).toBe(
      JSON.stringify(FOUND),
    );
    expect((await get({ query: both, operationName: 'Two' }, KEY)).text).toBe(
      '{"data":{"__typename":"Query"}}',
    );
  });

  it.each<Record<string, string>>([
    { query: FREE, variables: `{"${SECRET}` },
    { query: FREE, variables: '[]' },
    { query: FREE, variables: '1' },
    { query: FREE, variables: '{"__proto__": {"polluted": true}}' },
    { query: FREE, variables: `{"a": ${'['.repeat(10_000)}${']'.repeat(10_000)}}` },
    { query: FREE, extensions: SECRET },
    { query: '' },
    {},
  ])('is refused with broken parameters, and quotes none of them: %#', async (parameters) => {
    const { status, code, text } = await get(parameters, KEY);
    expect([status, code]).toEqual([400, 'BAD_REQUEST']);
    expect(text).not.toContain(SECRET);
  });

  it('carries no mutation', async () => {
    const named = {
      query: 'query Read { __typename } mutation Write { __typename }',
      operationName: 'Write',
    };
    for (const [parameters, headers] of [
      [{ query: DELETE }, {}],
      [{ query: DELETE }, KEY],
      [named, KEY],
    ] as const) {
      const { status, headers: given } = await get(parameters, headers);
      expect([status, given.allow]).toEqual([405, 'POST']);
    }
    expect(fixture.sandbox.calls).toEqual([]);
  });
});

describe('an accept header', () => {
  it.each([
    [`${GRAPHQL}, application/json;q=0.9`, GRAPHQL],
    [`application/json;q=0.9, ${GRAPHQL}`, GRAPHQL],
    [`application/json, ${GRAPHQL};q=0.5`, JSON_TYPE],
    ['application/json;q=0, */*', GRAPHQL],
    [`${GRAPHQL};q=0, application/*`, JSON_TYPE],
    ['Application/JSON; charset="UTF-8"', JSON_TYPE],
    ['*/*', JSON_TYPE],
    [`${GRAPHQL}, application/graphql+json, application/json, text/event-stream, multipart/mixed`, GRAPHQL],
  ])('%s gets %s', async (accept, type) => {
    const answers = [
      await post(query(FREE), { accept }),
      await post(query('{ nothing }'), { accept }),
      await send({ accept }, undefined, 'GET', '/nowhere'),
    ];
    for (const { headers } of answers) expect(headers['content-type']).toBe(`${type}; charset=utf-8`);
  });

  it('that allows nothing is refused before anything is carried out', async () => {
    const unwanted = ['text/html', 'text/*', 'multipart/mixed', '*/*;q=0', 'application/json;q=0'];
    for (const accept of [...unwanted, 'application/json;charset=utf-16', 'text/html, */*;q=0']) {
      const { status, message } = await post(query(DELETE), { accept });
      expect([status, message]).toEqual([406, expect.stringContaining('application/json')]);
    }
    expect(fixture.sandbox.calls).toEqual([]);
  });

  it('of more than 1,024 characters is refused by every path and method', async () => {
    const short = `${','.repeat(1_008)}${JSON_TYPE}`;
    expect((await post(query(FREE), { accept: short })).status).toBe(200);
    const accept = `,${short}`;
    for (const answer of [
      await post(query(FREE), { accept }),
      await send({ accept }, undefined, 'GET', '/graphql?query={__typename}'),
      await send({ accept }, undefined, 'GET', '/nowhere'),
    ]) {
      expect(answer).toMatchObject({ status: 431, code: 'BAD_REQUEST' });
      expect(answer.message).toContain('accept header has more than 1024 characters');
    }
    const response = await fixture.gateway.fetch('http://gateway.test/graphql', jsonPost(FREE, { accept }));
    expect(response.status).toBe(431);
  });
});

describe('the head of a request', () => {
  it.each([
    'GET /graphql HTTP/1.1\r\nHost: [',
    'GET /graphql HTTP/1.1\r\nHost: a b',
    'GET /graphql HTTP/1.1\r\nHost: evil/graphql?',
    'GET /graphql HTTP/1.1\r\nHost: user@evil',
    'GET /graphql HTTP/1.1\r\nX-No: host',
    'GET /graphql HTTP/1.1\r\nHost: localhost\r\nhost: evil',
    'GET /health HTTP/1.1\r\nHost: localhost\r\nHOST: localhost',
    'NONSENSE',
  ])('%j is refused without a stack', async (head) => {
    const raw = await openRaw(fixture.gateway.url);
    raw.socket.write(`${head}\r\n\r\n`);
    const text = await raw.until('}]}');
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).not.toMatch(/ at |node_modules|evil/);
    raw.socket.destroy();
  });

  it('may have 200 headers and 64 kB', async () => {
    const ask = async (more: Headers) => {
      const raw = await openRaw(fixture.gateway.url);
      raw.socket.write(postText(query(FREE), { ...more, connection: 'close' }));
      return raw.closed;
    };
    // Beside four of its own.
    const others = (count: number) =>
      Object.fromEntries(Array.from({ length: count - 4 }, (_, index) => [`x-${index}`, 'y']));
    expect(await ask(others(200))).toMatch(/^HTTP\/1\.1 200 /);
    expect(await ask(others(201))).toMatch(/^HTTP\/1\.1 431 .*more than 200 headers/s);
    expect(await ask(others(3_000))).toMatch(/^HTTP\/1\.1 431 /);
    expect(await ask({ 'x-long': 'x'.repeat(70_000) })).toMatch(/^HTTP\/1\.1 431 /);
  });
});
