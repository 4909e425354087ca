import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { getIntrospectionQuery } from 'graphql';
import { Agent } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seeded } from '../../src/features/sandbox/seed-data.ts';
import { type Sandbox, startSandbox } from '../../src/features/sandbox/server.ts';
import { openGateway, type TestGateway } from '../support/gateways/gateway.ts';

let sandbox: Sandbox;
let gateway: TestGateway;
/** A plugin makes Yoga its host. */
let yoga: TestGateway;
/** A third of the work of the global fetch, whose headers it sends. */
const client = new Agent();
const FETCH = {
  accept: '*/*',
  'accept-encoding': 'gzip, deflate',
  'accept-language': '*',
  'user-agent': 'node',
};

beforeAll(async () => {
  sandbox = await startSandbox({ rate: 0 });
  const persisted = { mode: 'allowed', listed: new Map([['listed', SCRIPT]]) } as const;
  gateway = await openGateway({ upstream: sandbox.url, persisted });
  yoga = await openGateway({ upstream: sandbox.url, persisted, plugins: [{}] });
});
afterAll(async () => {
  await client.destroy();
  await gateway.close();
  await yoga.close();
  await sandbox.close();
});

const { scriptId: id, sessionId, placeId } = seeded;
const persistedQuery = (document: string) => ({
  persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(document).digest('hex') },
});
const SCRIPT = 'query Script($id: ID!) { script(id: $id) { id name totalExecutions } }';
const EDIT =
  'mutation Edit($input: EditScriptInput!) { editScript(input: $input) { __typename ... on EditScriptSuccess { script { name } } ... on Refusal { message } } }';

/** Bodies as clients send them, by what is special about them. */
const bodies: Record<string, unknown> = {
  'a read': { query: SCRIPT, variables: { id } },
  'a read again': { query: SCRIPT, variables: { id } },
  'an operation with a name': { query: SCRIPT, operationName: 'Script', variables: { id } },
  'an unknown operation name': { query: SCRIPT, operationName: 'Other', variables: { id } },
  'two operations, one named': { query: `${SCRIPT} query B { __typename }`, operationName: 'B' },
  'two operations, none named': { query: `${SCRIPT} query B { __typename }` },
  'null members': { query: '{ __typename }', variables: null, operationName: null, extensions: null },
  extensions: { query: '{ __typename }', extensions: { a: 1 } },
  'nested lists': {
    query: `{ script(id: "${id}") { executions { date count } sessions(first: 3, filter: { placeId: "${placeId}" }) { edges { cursor node { id script { id name } createdAt } } pageInfo { hasNextPage endCursor } } } }`,
  },
  'partial results': { query: `{ a: script(id: "nope") { name } b: script(id: "${id}") { name } }` },
  'slots of a list': { query: `{ scripts(ids: ["nope", "${id}", "../x", "${id}"]) { id } }` },
  'a session': { query: `{ session(id: "${sessionId}") { userKey robloxId script { id } } }` },
  fragments: { query: `{ script(id: "${id}") { ...F } } fragment F on Script { id ... on Script { name } }` },
  directives: { query: `query ($s: Boolean!) { __typename @skip(if: $s) }`, variables: { s: true } },
  introspection: { query: getIntrospectionQuery() },
  'a field twice, with different selections': {
    query: `{ script(id: "${id}") { sessions(first: 2) { nodes { id } } } script(id: "${id}") { name sessions(first: 2) { nodes { robloxId script { id } } pageInfo { startCursor } } } }`,
  },
  'fragments in fragments': {
    query: `query ($id: ID!) { a: script(id: $id) { ...A } b: script(id: $id) { ...B ...A } } fragment A on Script { project { __typename id } ...B } fragment B on Script { __typename freeForAll executions { __typename count } }`,
    variables: { id },
  },
  'the name of a prototype': {
    query: `{ __proto__: script(id: "${id}") { constructor: name toString: id } }`,
  },
  'a list with an id twice': {
    query: 'query ($ids: [ID!]!) { scripts(ids: $ids) { id name enabled } }',
    variables: { ids: [id, id] },
  },
  'one id for a list': {
    query: 'query ($ids: [ID!]!) { scripts(ids: $ids) { id } }',
    variables: { ids: id },
  },
  'an empty list': { query: '{ scripts(ids: []) { id } }' },
  'variables with defaults': {
    query: `query ($id: ID! = "${id}", $first: Int = 2, $after: String, $filter: SessionFilter = { placeId: "${placeId}" }) { script(id: $id) { sessions(first: $first, after: $after, filter: $filter) { nodes { id userKey placeId jobId } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`,
  },
  'variables inside an input': {
    query: `query ($id: ID!, $place: ID) { script(id: $id) { sessions(first: 1, filter: { placeId: $place, userKey: null }) { edges { cursor } } } }`,
    variables: { id, place: placeId },
  },
  'null for a variable': {
    query: `query ($id: ID!, $first: Int) { script(id: $id) { sessions(first: $first) { nodes { id } } } }`,
    variables: { id, first: null },
  },
  'a page behind a cursor that is none': {
    query: `query ($after: String) { script(id: "${id}") { name sessions(after: $after) { nodes { id } } } }`,
    variables: { after: 'nonsense' },
  },
  'a page out of range, by a variable': {
    query: `query ($first: Int!) { script(id: "${id}") { name sessions(first: $first) { nodes { id } } } }`,
    variables: { first: 101 },
  },
  'an empty page': {
    query: `query ($first: Int!) { script(id: "${id}") { name sessions(first: $first) { nodes { id } pageInfo { hasNextPage } } } }`,
    variables: { first: 0 },
  },
  'what is refetched': {
    query: `query ($id: ID!) { fetch__Script(id: $id) { id } fetch__Session(id: "${sessionId}") { id createdAt } }`,
    variables: { id },
  },
  'a malformed id': { query: SCRIPT, variables: { id: '..' } },
  'an unknown script': { query: SCRIPT, variables: { id: 'nope' } },
  'fields without a key': { query: '{ __typename _service { __typename } }' },
  'the subgraph': { query: '{ _service { sdl } }' },
  entities: {
    query: `query ($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Script { name } } }`,
    variables: {
      r: [{ __typename: 'Script', id }, { __typename: 'Script', id: '..' }, { __typename: 'Nope' }],
    },
  },
  'an edit': { query: EDIT, variables: { input: { id, name: 'new' } } },
  'an edit of nothing': { query: EDIT, variables: { input: { id } } },
  'an edit with null': { query: EDIT, variables: { input: { id, name: null } } },
  'a refused edit': { query: EDIT, variables: { input: { id: 'nope', name: 'new' } } },
  'a deletion': { query: `mutation { deleteScript(input: { id: "${id}" }) { __typename } }` },
  'a syntax error': { query: '{ script(id: ' },
  'an unknown field': { query: '{ nothing }' },
  'a missing variable': { query: SCRIPT },
  'a variable of a wrong type': { query: SCRIPT, variables: { id: { a: 1 } } },
  'an id above 2^53': { query: SCRIPT, variables: { id: 2 ** 53 } },
  'a page out of range': { query: `{ script(id: "${id}") { sessions(first: 101) { nodes { id } } } }` },
  'too many aliases': { query: `{ ${Array.from({ length: 61 }, (_, i) => `a${i}: __typename`).join(' ')} }` },
  'too deep': {
    query: `{ script(id: "a") ${'{ sessions { nodes { script '.repeat(4)}{ id }${' } } }'.repeat(4)} }`,
  },
  'too expensive': {
    query: 'query ($ids: [ID!]!) { scripts(ids: $ids) { id } }',
    variables: { ids: Array(251).fill('a') },
  },
  'too long': { query: `{ __typename } #${'x'.repeat(20_000)}` },
  'a subscription': { query: 'subscription { a }' },
  'no query': {},
  'a number for a query': { query: 1 },
  'a list': [{ query: '{ __typename }' }],
  'a string': 'x',
  'a registration': { query: '{ __typename }', extensions: persistedQuery('{ __typename }') },
  'the hash of an unknown document': { extensions: persistedQuery('{ unknown: __typename }') },
  'a registration under a wrong hash': {
    query: '{ other: __typename }',
    extensions: persistedQuery('{ a }'),
  },
  'the id of a listed document': { documentId: 'listed', variables: { id } },
  'the id of a listed document, as Relay has it': { doc_id: 'listed', query: null, variables: { id } },
  'the id of an unknown document': { documentId: 'unknown' },
  'an id and a document': { documentId: 'listed', query: '{ __typename }' },
  'an id that is no text': { documentId: 1 },
  'an unknown member': { query: '{ __typename }', other: 1 },
  'variables that are a list': { query: '{ __typename }', variables: [] },
};

const headerSets: Record<string, Record<string, string>> = {
  'a key': { token: 'sandbox-key' },
  'no key': {},
  'a malformed key': { token: 'a b' },
  'two keys': { token: 'sandbox-key', authorization: 'Bearer other' },
  'a key of a low tier': { authorization: 'Bearer sandbox-basic' },
  'report mode': { token: 'sandbox-key', 'x-upstream': 'report' },
  'plan mode': { token: 'sandbox-key', 'x-upstream': 'plan' },
  'the new media type': { token: 'sandbox-key', accept: 'application/graphql-response+json' },
  'any media type': { token: 'sandbox-key', accept: '*/*' },
  'plain JSON': { token: 'sandbox-key', accept: 'application/json' },
  'no compression': { token: 'sandbox-key', 'accept-encoding': 'identity' },
};

/** All that a client can see of an answer, and the calls behind it. */
async function ask({ url }: TestGateway, body: string | Buffer, headers: Record<string, string>) {
  // To begin anew takes as long as to answer, and reads leave all as it was.
  if (sandbox.calls.some(({ method }) => method !== 'GET')) sandbox.reset();
  const { length: before } = sandbox.calls;
  const response = await client.request({
    origin: url,
    path: '/graphql',
    method: 'POST',
    // A request id of its own would tell the two adapters apart.
    headers: { 'content-type': 'application/json', 'x-request-id': 'one', ...FETCH, ...headers },
    body,
  });
  const { date: _date, 'content-length': length, ...rest } = response.headers;
  const sent = Buffer.from(await response.body.arrayBuffer());
  expect(Number(length)).toBe(sent.length);
  const plain = rest['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
  return {
    status: response.statusCode,
    headers: rest,
    text: plain.toString().replace(/"queuedMs":\d+/, '"queuedMs":0'),
    calls: sandbox.calls.slice(before).map((call) => [call.method, call.path, call.text]),
  };
}

async function expectNoDifference(body: string | Buffer, headers: Record<string, string> = {}) {
  const byYoga = await ask(yoga, body, headers);
  expect(await ask(gateway, body, headers)).toEqual(byYoga);
  // Once more: by now the document is known to every cache.
  expect(await ask(gateway, body, headers)).toEqual(byYoga);
}

describe("the adapter of node:http answers with the bytes of Yoga's, and calls the same", () => {
  for (const [who, headers] of Object.entries(headerSets)) {
    it.each(Object.entries(bodies))(`${who}: %s`, async (_what, body) => {
      await expectNoDifference(JSON.stringify(body), headers);
    });
  }

  it.each([
    ['nothing', ''],
    ['spaces', '  '],
    ['half a document', '{"query": "{ __type'],
    ['null', 'null'],
    ['a number', '1'],
    ['a byte order mark', '\ufeff{"query":"{ __typename }"}'],
    ['a member twice', '{"query":"{ a }","query":"{ __typename }"}'],
    ['__proto__', '{"query":"{ __typename }","variables":{"__proto__":{"a":1}}}'],
    ['a deep list', `{"query":"{ __typename }","variables":{"a":${'['.repeat(100)}${']'.repeat(100)}}}`],
    ['broken UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
    ['4 MB and a byte', `{"query":"{ __typename }","variables":{"a":"${'x'.repeat(4 * 1024 * 1024)}"}}`],
  ])('a body of %s', async (_what, body) => {
    await expectNoDifference(body as string | Buffer);
  });

  it.each([
    ['Yoga', () => yoga],
    ['node:http', () => gateway],
    ['node:http', () => gateway],
  ])(
    'fields in the order in which they are selected, not in which they come, by %s',
    async (_adapter, gatewayOf) => {
      const query = `{ script(id: "${id}") { executions { date } name sessions(first: 1) { pageInfo { hasNextPage } nodes { id } } enabled } }`;
      const { text } = await ask(gatewayOf(), JSON.stringify({ query }), { token: 'sandbox-key' });
      const { script } = JSON.parse(text).data;
      expect(Object.keys(script)).toEqual(['executions', 'name', 'sessions', 'enabled']);
      expect(Object.keys(script.sessions)).toEqual(['pageInfo', 'nodes']);
    },
  );

  it('an API that fails', async () => {
    const upstream = 'http://127.0.0.1:1';
    const failing = await openGateway({ upstream });
    const failingYoga = await openGateway({ upstream, plugins: [{}] });
    try {
      const send = async ({ url }: TestGateway) => {
        const response = await fetch(`${url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', token: 'sandbox-key' },
          body: JSON.stringify({ query: SCRIPT, variables: { id } }),
        });
        return { status: response.status, text: await response.text() };
      };
      const byYoga = await send(failingYoga);
      expect(byYoga.text).toContain('UPSTREAM_UNAVAILABLE');
      expect(await send(failing)).toEqual(byYoga);
    } finally {
      await failing.close();
      await failingYoga.close();
    }
  });
});
