import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { createDocumentResolver } from '../../../src/features/persisted/resolve.ts';
import { seeded } from '../../../src/features/sandbox/seed-data.ts';
import type { PersistedDocuments } from '../../../src/operation/document-resolver.ts';
import { type Answer, jsonPost } from '../../support/clients/json-post.ts';
import { sha256 } from '../../support/clients/keys.ts';
import { configOf, problemsIn, useFolder } from '../../support/gateways/configured.ts';
import { useSandbox } from '../../support/gateways/fixture.ts';

const SCRIPT = 'query Script($id: ID!) { script(id: $id) { name } }';
const BOTH = 'query First { __typename } query Second { second: __typename }';
const DELETE = 'mutation Delete($id: ID!) { deleteScript(input: { id: $id }) { __typename } }';
const variables = { id: seeded.scriptId };
const NAME = { data: { script: { name: 'Nightfall Hub' } } };

const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const apq = (sha256Hash: string) => ({ persistedQuery: { version: 1, sha256Hash } });

const listed: PersistedDocuments['listed'] = new Map([
  [sha256(SCRIPT), SCRIPT],
  [md5(BOTH), BOTH],
  ['app~1.0~delete', DELETE],
]);

const allowed = useSandbox({ shared: true, gateway: { persisted: { mode: 'allowed', listed } } });
const only = useSandbox({ shared: true, gateway: { persisted: { mode: 'only', listed } } });
const off = useSandbox({ shared: true, gateway: { persisted: { mode: 'off', listed: new Map() } } });
type Fixture = typeof allowed;

async function read(response: Response) {
  return { status: response.status, body: (await response.json()) as Answer };
}
const post = async (fixture: Fixture, body: object, path = '/graphql', headers = {}) =>
  read(await fetch(fixture.gateway.url + path, jsonPost(body, { token: 'sandbox-key', ...headers })));

async function get(
  fixture: Fixture,
  parameters: object,
  path = '/graphql',
  headers: Record<string, string> = {},
) {
  const texts = Object.entries(parameters).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  const url = `${fixture.gateway.url}${path}?${new URLSearchParams(texts)}`;
  return read(await fetch(url, { headers: { token: 'sandbox-key', 'x-graphql-csrf': '1', ...headers } }));
}

const codes = ({ body }: { body: Answer }) => body.errors?.map(({ extensions }) => extensions.code);

describe('a listed document', () => {
  const ways: [name: string, send: (fixture: Fixture) => ReturnType<typeof post>][] = [
    ["Apollo's hash", (fixture) => post(fixture, { variables, extensions: apq(sha256(SCRIPT)) })],
    ["Apollo's hash by GET", (fixture) => get(fixture, { variables, extensions: apq(sha256(SCRIPT)) })],
    ['documentId', (fixture) => post(fixture, { documentId: sha256(SCRIPT), variables })],
    [
      'documentId with sha256:',
      (fixture) => post(fixture, { documentId: `sha256:${sha256(SCRIPT)}`, variables }),
    ],
    ['documentId by GET', (fixture) => get(fixture, { documentId: `sha256:${sha256(SCRIPT)}`, variables })],
    ["Relay's doc_id", (fixture) => post(fixture, { doc_id: sha256(SCRIPT), query: null, variables })],
    ["Relay's doc_id by GET", (fixture) => get(fixture, { doc_id: sha256(SCRIPT), variables })],
    ['its path', (fixture) => post(fixture, { variables }, `/graphql/sha256:${sha256(SCRIPT)}`)],
    ['its path, escaped', (fixture) => post(fixture, { variables }, `/graphql/sha256%3A${sha256(SCRIPT)}`)],
    ['its path and name', (fixture) => post(fixture, { variables }, `/graphql/${sha256(SCRIPT)}/Script`)],
    ['its path by GET', (fixture) => get(fixture, { variables }, `/graphql/sha256:${sha256(SCRIPT)}`)],
    ['its whole text', (fixture) => post(fixture, { query: SCRIPT, variables })],
    [
      "its text and Apollo's hash",
      (fixture) => post(fixture, { query: SCRIPT, variables, extensions: apq(sha256(SCRIPT)) }),
    ],
  ];

  it.each(ways)('runs by %s, where it is allowed and where only it is', async (_name, send) => {
    for (const fixture of [allowed, only]) expect(await send(fixture)).toEqual({ status: 200, body: NAME });
  });

  it('runs by the hash of its text as well, whatever its id in the list', async () => {
    const body = { extensions: apq(sha256(BOTH)), operationName: 'Second' };
    expect((await post(only, body)).body).toEqual({ data: { second: 'Query' } });
    expect((await post(only, { documentId: md5(BOTH), operationName: 'First' })).body).toEqual({
      data: { __typename: 'Query' },
    });
  });

  it('with several operations runs the one that the path or the body names', async () => {
    expect((await get(only, {}, `/graphql/${md5(BOTH)}/Second`)).body).toEqual({ data: { second: 'Query' } });
    expect((await post(only, { operationName: 'Second' }, `/graphql/${md5(BOTH)}`)).body).toEqual({
      data: { second: 'Query' },
    });
    const unclear = await post(only, { operationName: 'First' }, `/graphql/${md5(BOTH)}/Second`);
    expect([unclear.status, codes(unclear)]).toEqual([400, ['BAD_REQUEST']]);
    expect(codes(await post(only, {}, `/graphql/${md5(BOTH)}`))).toEqual(['OPERATION_RESOLUTION_FAILURE']);
  });

  it('is refused by GET when it is a mutation, with nothing deleted', async () => {
    const answers = [
      await get(only, { documentId: 'app~1.0~delete', variables }),
      await get(only, { variables }, '/graphql/app~1.0~delete'),
      await get(allowed, { variables, extensions: apq(sha256(DELETE)) }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([405, 405, 405]);
    expect([...only.lines(), ...allowed.lines()]).toEqual([]);
    const { body } = await post(only, { documentId: 'app~1.0~delete', variables });
    expect(body).toEqual({ data: { deleteScript: { __typename: 'DeleteScriptSuccess' } } });
  });

  it('is not run for a page of another origin: a GET needs a header, in every form', async () => {
    const bare = { 'x-graphql-csrf': '', token: '' };
    const answers = [
      await get(only, { documentId: sha256(SCRIPT), variables }, '/graphql', bare),
      await get(only, { variables }, `/graphql/${sha256(SCRIPT)}`, bare),
      await get(only, { variables, extensions: apq(sha256(SCRIPT)) }, '/graphql', bare),
    ];
    expect(answers.map((answer) => [answer.status, codes(answer)])).toEqual(
      Array(3).fill([400, ['CSRF_PREVENTED']]),
    );
    expect(only.lines()).toEqual([]);
  });

  it('keeps to the limits like any other', async () => {
    const plan = await post(only, { documentId: sha256(SCRIPT), variables }, '/graphql', {
      'x-upstream': 'plan',
    });
    expect(plan.body).toMatchObject({ extensions: { upstream: { price: 1 } } });
    expect(only.lines()).toEqual([]);
  });
});

describe("Apollo's clients", () => {
  const query = (n: number) => `query Unlisted { a${n}: __typename }`;
  // Only what a key sends that LuaAuth has accepted is registered.
  beforeAll(async () => {
    await post(allowed, { query: SCRIPT, variables });
  });

  it('are asked for a document that is not known, register it, and run it by its hash from then on', async () => {
    const document = query(1);
    const extensions = apq(sha256(document));
    expect(await post(allowed, { extensions })).toEqual({
      status: 200,
      body: {
        errors: [
          expect.toBeJustError('PERSISTED_QUERY_NOT_FOUND', {
            message: 'PersistedQueryNotFound',
            locations: undefined,
          }),
        ],
      },
    });
    const accept = { accept: 'application/graphql-response+json' };
    expect((await post(allowed, { extensions }, '/graphql', accept)).status).toBe(404);
    for (const body of [{ query: document, extensions }, { extensions }]) {
      expect((await post(allowed, body)).body).toEqual({ data: { a1: 'Query' } });
    }
    expect((await get(allowed, { documentId: `sha256:${sha256(document)}` })).body).toEqual({
      data: { a1: 'Query' },
    });
  });

  it('register by GET as well, and cannot register under a hash that is not the document’s', async () => {
    const document = query(2);
    const wrong = await get(allowed, { query: document, extensions: apq(sha256('{ other }')) });
    expect([wrong.status, codes(wrong)]).toEqual([400, ['BAD_REQUEST']]);
    expect(codes(await post(allowed, { extensions: apq(sha256('{ other }')) }))).toEqual([
      'PERSISTED_QUERY_NOT_FOUND',
    ]);
    await get(allowed, { query: document, extensions: apq(sha256(document)) });
    expect((await post(allowed, { extensions: apq(sha256(document)) })).body).toEqual({
      data: { a2: 'Query' },
    });
  });

  it('cannot register what is too long', async () => {
    const document = `${query(3)} #${'x'.repeat(20_000)}`;
    const extensions = apq(sha256(document));
    expect(codes(await post(allowed, { query: document, extensions }))).toEqual(['DOCUMENT_TOO_LARGE']);
    expect(codes(await post(allowed, { extensions }))).toEqual(['PERSISTED_QUERY_NOT_FOUND']);
  });

  it('are told to go on without hashes where ids are off, and lose nothing when they send both', async () => {
    const extensions = apq(sha256(SCRIPT));
    expect((await post(off, { variables, extensions })).body.errors).toEqual([
      expect.toBeJustError('PERSISTED_QUERY_NOT_SUPPORTED', {
        message: 'PersistedQueryNotSupported',
        locations: undefined,
      }),
    ]);
    expect((await post(off, { query: SCRIPT, variables, extensions })).body).toEqual(NAME);
  });
});

describe('a document that is not there', () => {
  it.each([
    ['documentId', (fixture: Fixture) => post(fixture, { documentId: 'nope' })],
    ['doc_id', (fixture: Fixture) => post(fixture, { doc_id: 'nope' })],
    ['the path', (fixture: Fixture) => get(fixture, {}, '/graphql/nope')],
  ])('is said to be missing when %s names it, with what to do', async (_name, send) => {
    for (const [fixture, advice] of [
      [allowed, 'Send the document as query'],
      [only, 'runs only the documents in its list. Add this document to PERSISTED_DOCUMENTS_FILE'],
    ] as const) {
      const answer = await send(fixture);
      expect(codes(answer)).toEqual(['PERSISTED_DOCUMENT_NOT_FOUND']);
      expect(answer.body.errors?.[0]?.message).toMatch(/^There is no document with the id "nope"\. /);
      expect(answer.body.errors?.[0]?.message).toContain(advice);
    }
    expect(codes(await send(off))).toEqual(['PERSISTED_DOCUMENTS_OFF']);
  });

  it('is not asked for where only listed ones run', async () => {
    expect(codes(await post(only, { extensions: apq(sha256('{ __typename }')) }))).toEqual([
      'PERSISTED_DOCUMENT_NOT_FOUND',
    ]);
  });
});

describe('where only listed documents run', () => {
  it.each([
    ['a query', { query: '{ __typename }' }],
    ['introspection', { query: '{ __schema { queryType { name } } }' }],
    ['a listed document with a space more', { query: `${SCRIPT} `, variables }],
    ['a mutation', { query: 'mutation { deleteScript(input: { id: "a" }) { __typename } }' }],
    ['no GraphQL at all', { query: '{' }],
    ['a registration', { query: '{ __typename }', extensions: apq(sha256('{ __typename }')) }],
  ])('%s is refused by POST and GET, and nothing is called', async (_name, body) => {
    for (const answer of [
      await post(only, body),
      await get(only, body),
      await post(only, body, '/graphql/'),
    ]) {
      expect(codes(answer)).toEqual(['PERSISTED_DOCUMENTS_ONLY']);
      expect(answer.body).not.toHaveProperty('data');
    }
    expect(only.lines()).toEqual([]);
  });
});

describe('a malformed request for a document', () => {
  it.each([
    ['two ids', { documentId: 'a', doc_id: 'a' }, 'names its document in several ways'],
    ['an id and a hash', { documentId: 'a', extensions: apq('a') }, 'names its document in several ways'],
    [
      'an id and a document',
      { documentId: 'a', query: '{ __typename }' },
      'The request has both a query and the id',
    ],
    ['an id that is no text', { documentId: 1 }, 'documentId is a number'],
    ['an id that is a list', { doc_id: ['a'] }, 'doc_id is a list'],
    ['an id that is a document', { documentId: '{ __typename }' }, 'is not the id of a document'],
    ['an empty id', { documentId: '' }, 'is not the id of a document'],
    ['an id without end', { doc_id: 'a'.repeat(257) }, '1 to 256 letters'],
    [
      'another version',
      { extensions: { persistedQuery: { version: 2, sha256Hash: 'a' } } },
      '{"version": 1}',
    ],
    ['no hash', { extensions: { persistedQuery: { version: 1 } } }, 'no sha256Hash'],
    ['a hash that is no hash', { extensions: apq('{ a }') }, 'sha256Hash is not the id of a document'],
    ['no object', { extensions: { persistedQuery: 'a' } }, '{"version": 1}'],
    ['nothing at all', { variables }, 'There is no query'],
  ])('with %s is told what to send', async (_name, body, says) => {
    const answer = await post(allowed, body);
    expect([answer.status, codes(answer)]).toEqual([400, ['BAD_REQUEST']]);
    expect(answer.body.errors?.[0]?.message).toContain(says);
    expect(answer.body.errors?.[0]?.message).not.toContain('__typename');
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('for %s finds nothing', async (id) => {
    expect(codes(await post(allowed, { documentId: id }))).toEqual(['PERSISTED_DOCUMENT_NOT_FOUND']);
  });
});

describe('what clients register', () => {
  it('is bounded in weight: the document that was not used longest goes first, and never a listed one', () => {
    const resolver = createDocumentResolver({ mode: 'allowed', listed });
    const isKnown = (documentId: string) => {
      try {
        return resolver.resolve({ query: '', documentId }, 'one').text !== '';
      } catch (error) {
        expect(error).toMatchObject({ extensions: { code: 'PERSISTED_DOCUMENT_NOT_FOUND' } });
        return false;
      }
    };
    const register = (registers: string) =>
      resolver.register({ text: 'x'.repeat(2_000_000), registers }, 'one');
    for (const hash of ['h1', 'h2']) register(hash);
    expect(isKnown('h1')).toBe(true);
    register('h3');
    expect(['h1', 'h2', 'h3', ...listed.keys()].filter((id) => !isKnown(id))).toEqual(['h2']);
  });
});

describe('PERSISTED_DOCUMENTS_FILE', () => {
  const folder = useFolder();

  const given = (content: unknown, mode?: string) => ({
    PERSISTED_DOCUMENTS_FILE: folder.write(
      'list.json',
      typeof content === 'string' ? content : JSON.stringify(content),
    ),
    PERSISTED_DOCUMENTS: mode,
  });
  const problemsWith = (content: unknown) =>
    problemsIn(given(content)).map((line) => line.replace(folder.path, ''));
  const operation = (id: string, body: unknown) => ({ id, body, name: 'A', type: 'query' });
  const apollo = (...operations: unknown[]) => ({
    format: 'apollo-persisted-query-manifest',
    version: 1,
    operations,
  });

  it("is read in Apollo's format and in that of graphql-codegen and Relay", () => {
    // As a file of a folder may be called.
    const plain = { [sha256(SCRIPT)]: SCRIPT, [md5(BOTH)]: BOTH, operations: DELETE, format: BOTH };
    const manifest = apollo(...Object.entries(plain).map(([id, body]) => operation(id, body)));
    for (const content of [plain, manifest]) {
      expect(configOf(given(content, 'only'))).toMatchObject({
        persisted: { mode: 'only', listed: new Map(Object.entries(plain)) },
      });
    }
  });

  it('is read from a folder, whatever its files are called', () => {
    for (const name of ['constructor', '__proto__']) folder.write(`${name}.graphql`, SCRIPT);
    const listed = new Map([
      ['__proto__', SCRIPT],
      ['constructor', SCRIPT],
    ]);
    const read = configOf({ PERSISTED_DOCUMENTS: 'only', PERSISTED_DOCUMENTS_FILE: folder.path });
    expect(read).toMatchObject({ persisted: { listed } });
  });

  it.each([
    ['{"a": "{ b', 'is not JSON'],
    ['[]', 'has an unknown format'],
    ['null', 'has an unknown format'],
    [{}, 'has no documents'],
    [apollo(), 'has no documents'],
    [{ ...apollo(operation('a', '{ a }')), version: 2 }, 'has an unknown format'],
    [{ format: 'other', operations: [] }, 'has an unknown format'],
    [{ a: { body: '{ a }' } }, 'has no text under the id "a"'],
    [apollo(operation('a', 1)), 'has no text under the id "a"'],
    [apollo(null), 'has no text under the id "undefined"'],
    [{ 'a b': '{ a }' }, 'has the id "a b". An id is 1 to 256 letters'],
    [{ a: '{ a' }, 'has a document that is not GraphQL under the id "a": Syntax Error: Expected Name'],
    [apollo(operation('a', '{ a }'), operation('a', '{ b }')), 'has two documents with the id "a"'],
  ])('is refused as %j, and the problem says why', (content, problem) => {
    const [line, ...more] = problemsWith(content);
    expect(line).toContain(`PERSISTED_DOCUMENTS_FILE: "/list.json": it ${problem}`);
    expect(more).toEqual([]);
  });

  it('is refused with a document that is nested too deep to be read', () => {
    const deep = `${'{ a '.repeat(50_000)}${'}'.repeat(50_000)}`;
    expect(problemsWith({ a: deep })).toEqual([
      expect.stringMatching(/has a document that is not GraphQL under the id "a": Maximum call stack/),
    ]);
  });

  it('is reported when it cannot be read, and when nothing would read it', () => {
    expect(problemsIn({ PERSISTED_DOCUMENTS_FILE: '/dev/null/list.json', PORT: 'x' })).toEqual([
      expect.stringMatching(/^PORT/),
      'PERSISTED_DOCUMENTS_FILE: "/dev/null/list.json": the file cannot be read (ENOTDIR). Give the path of a readable file.',
    ]);
    const unread = given({ a: '{ a }' }, 'off');
    expect(problemsIn(unread)).toEqual([
      expect.stringMatching(/^PERSISTED_DOCUMENTS_FILE: set, but PERSISTED_DOCUMENTS is off/),
    ]);
    // Agents call the documents by the names of their tools.
    const tools = { LUAAUTH_TOKEN: 'held', GATEWAY_KEYS: 'agent-Vd8sK2mQ41xZ', MCP: 'true' };
    expect([...configOf({ ...unread, ...tools }).persisted.listed.keys()]).toEqual(['a']);
  });

  it('turns GraphiQL off where nothing else may run, unless it is wanted', () => {
    const only = given({ a: '{ a }' }, 'only');
    expect(configOf(only).graphiql).toBe(false);
    expect(configOf(given({ a: '{ a }' })).graphiql).toBe(true);
    expect(configOf({ ...only, GRAPHIQL: 'true' }).graphiql).toBe(true);
  });
});
