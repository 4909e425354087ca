import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Plugin } from 'graphql-yoga';
import { describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { useSandbox } from '../support/gateways/fixture.ts';
import { openGateway } from '../support/gateways/gateway.ts';

const fixture = useSandbox({ shared: true });
const { scriptId: id } = seeded;
const NAME = `{ script(id: "${id}") { name } }`;
const DELETE = `mutation { deleteScript(input: { id: "${id}" }) { __typename } }`;
const FOUND = { data: { script: { name: 'Nightfall Hub' } } };
const GRAPHQL = 'application/graphql-response+json';
const JSON_TYPE = 'application/json';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

interface Sent {
  readonly url?: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** By node:http, as `fetch` of Node 20 does not know every method. */
function send({
  url = fixture.gateway.url,
  method = 'POST',
  path = '/graphql',
  headers = {},
  body,
}: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const all = { 'content-type': JSON_TYPE, token: 'sandbox-key', ...headers };
    const sent = request(url + path, { method, headers: all }, async (response) => {
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: await text(response),
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const codesOf = ({ body }: Answer): string[] =>
  (JSON.parse(body).errors ?? []).map((error: { extensions: { code: string } }) => error.extensions.code);

/** Rows of the draft of GraphQL over HTTP of 2026-08-06, section Status Codes; under `application/json` it is as it was. */
const rows: [what: string, body: unknown, status: number, jsonStatus: number, code?: string][] = [
  ['data without errors', { query: NAME }, 200, 200],
  ['data with errors', { query: `{ a: script(id: "..") { name } __typename }` }, 294, 200, 'BAD_USER_INPUT'],
  ['a body that is no JSON', '{"query":', 400, 400, 'BAD_REQUEST'],
  ['no body', '', 400, 400, 'BAD_REQUEST'],
  ['a query under a misspelt name', { qeury: NAME }, 422, 400, 'BAD_REQUEST'],
  ['variables that are a list', { query: NAME, variables: [7] }, 422, 400, 'BAD_REQUEST'],
  ['a query that is a number', { query: 7 }, 422, 400, 'BAD_REQUEST'],
  ['an operation name that is an object', { query: NAME, operationName: {} }, 422, 400, 'BAD_REQUEST'],
  ['extensions that are a text', { query: NAME, extensions: 'x' }, 422, 400, 'BAD_REQUEST'],
  ['a batch', [{ query: NAME }], 422, 400, 'BAD_REQUEST'],
  ['two documents', { query: NAME, documentId: 'x' }, 422, 400, 'BAD_REQUEST'],
  ['a document that cannot be parsed', { query: '{' }, 400, 200, 'GRAPHQL_PARSE_FAILED'],
  ['a document that is not valid', { query: '{ nothing }' }, 422, 200, 'GRAPHQL_VALIDATION_FAILED'],
  ['no such operation', { query: NAME, operationName: 'B' }, 422, 400, 'OPERATION_RESOLUTION_FAILURE'],
  [
    'two operations, none named',
    { query: 'query A { __typename } query B { __typename }' },
    422,
    400,
    'OPERATION_RESOLUTION_FAILURE',
  ],
  [
    'a missing variable',
    { query: 'query ($id: ID!) { script(id: $id) { id } }' },
    422,
    200,
    'BAD_USER_INPUT',
  ],
  ['too many fields', { query: `{ ${'a '.repeat(3_000)} }` }, 422, 200, 'OPERATION_TOO_LARGE'],
  ['an id of a document that is nowhere', { documentId: 'x' }, 404, 200, 'PERSISTED_DOCUMENT_NOT_FOUND'],
  [
    'a subscription without a stream',
    { query: `subscription { scriptSessions(scriptId: "${id}") { __typename } }` },
    406,
    406,
    'NOT_ACCEPTABLE',
  ],
];

it.each(rows)('%s has its status in each media type', async (_what, sent, status, jsonStatus, code) => {
  const body = typeof sent === 'string' ? sent : JSON.stringify(sent);
  for (const [accept, expected] of [
    [GRAPHQL, status],
    [JSON_TYPE, jsonStatus],
    ['*/*', jsonStatus],
  ] as const) {
    const answer = await send({ headers: { accept }, body });
    expect([accept, answer.status]).toEqual([accept, expected]);
    expect(codesOf(answer)).toEqual(code === undefined ? [] : [code]);
    expect(answer.body).not.toContain('jsonStatus');
  }
});

it('an operation that cannot be chosen is answered with how to choose one', async () => {
  const answer = await send({ body: JSON.stringify({ query: NAME, operationName: 'B' }) });
  expect(JSON.parse(answer.body).errors[0].message).toContain(
    'Set operationName to the name of an operation',
  );
});

it('data that is null with errors is a partial success too', async () => {
  const query = `query ($s: Boolean = true) { __typename @skip(if: $s) }`;
  const body = JSON.stringify({ query, variables: { s: null } });
  const answer = await send({ headers: { accept: GRAPHQL }, body });
  expect([JSON.parse(answer.body).data, answer.status]).toEqual([null, 294]);
});

it('members of a request that are not known are ignored', async () => {
  const strangers = { onError: 'NULL', operation_name: 'Other', id: 1, SECRET: { deep: [] }, variable: 'x' };
  const body = JSON.stringify({ query: NAME, ...strangers });
  expect(JSON.parse((await send({ body })).body)).toEqual(FOUND);
  expect({}).not.toHaveProperty('deep');
});

describe('the method QUERY', () => {
  const ask = (sent: Sent) => send({ method: 'QUERY', ...sent });
  const body = JSON.stringify({ query: NAME });

  it('carries a query as POST does, with each media type', async () => {
    for (const accept of [GRAPHQL, JSON_TYPE]) {
      const answer = await ask({ headers: { accept }, body });
      expect([answer.status, JSON.parse(answer.body)]).toEqual([200, FOUND]);
    }
  });

  it('needs no header beside its content type, which has to be JSON', async () => {
    const free = JSON.stringify({ query: '{ __typename }' });
    const answer = await ask({ headers: { token: '' }, body: free });
    expect(JSON.parse(answer.body)).toEqual({ data: { __typename: 'Query' } });
    for (const type of ['', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const refused = await ask({ headers: { 'content-type': type }, body: free });
      expect([type, refused.status, codesOf(refused)]).toEqual([type, 415, ['UNSUPPORTED_MEDIA_TYPE']]);
    }
  });

  it('carries no mutation: 422 that says what to send, and nothing is called', async () => {
    for (const accept of [GRAPHQL, JSON_TYPE]) {
      const answer = await ask({ headers: { accept }, body: JSON.stringify({ query: DELETE }) });
      expect([answer.status, codesOf(answer)]).toEqual([422, ['BAD_REQUEST']]);
      expect(answer.body).toContain('Send it by POST');
    }
    expect(fixture.lines()).toEqual([]);
  });

  it('is named by OPTIONS, by what refuses other methods, and to pages of listed origins', async () => {
    const options = await send({ method: 'OPTIONS' });
    expect(options.headers).toMatchObject({
      allow: 'GET, HEAD, POST, QUERY, OPTIONS',
      'accept-query': 'application/json',
    });
    const refused = await send({ method: 'PUT' });
    expect([refused.status, refused.headers.allow]).toEqual([405, 'GET, HEAD, POST, QUERY, OPTIONS']);
    const listed = await openGateway({ upstream: fixture.sandbox.url, corsOrigins: ['https://app.example'] });
    try {
      const headers = { origin: 'https://app.example' };
      const preflight = await send({ url: listed.url, method: 'OPTIONS', headers });
      expect(preflight.headers['access-control-allow-methods']).toBe('GET, POST, QUERY');
      const answer = await ask({ url: listed.url, headers, body });
      expect([answer.headers['access-control-allow-origin'], JSON.parse(answer.body)]).toEqual([
        'https://app.example',
        FOUND,
      ]);
    } finally {
      await listed.close();
    }
  });

  it('comes through to plugins of an embedder, and by an embedded fetch handler', async () => {
    const seen: string[] = [];
    const plugin: Plugin = { onParams: ({ params }) => void seen.push(params.query ?? '') };
    const embedded = await openGateway({ upstream: fixture.sandbox.url, plugins: [plugin as never] });
    try {
      expect(JSON.parse((await ask({ url: embedded.url, body })).body)).toEqual(FOUND);
      const headers = { 'content-type': JSON_TYPE, token: 'sandbox-key' };
      const fetched = (query: string) =>
        embedded.fetch('http://gateway.example/graphql', {
          method: 'QUERY',
          headers: { ...headers },
          body: JSON.stringify({ query }),
        });
      expect(await (await fetched(NAME)).json()).toEqual(FOUND);
      expect((await fetched(DELETE)).status).toBe(422);
      expect(seen).toEqual([NAME, NAME, DELETE]);
    } finally {
      await embedded.close();
    }
  });
});
