import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wireScript } from '../support/api/plain-api.ts';
import { json, startRecorder } from '../support/api/recorder.ts';
import { jsonTextPost } from '../support/clients/json-post.ts';
import { openRaw } from '../support/clients/raw-http.ts';
import { upgradeText } from '../support/clients/socket-client.ts';
import { type GatewayProcess, startProcess } from '../support/processes/process.ts';

/** The heap of a process of the product: a small machine's worth. */
const HEAP_MB = 256;
const SIX = 6;
/** The most that the bodies of one client may hold together with it: half of all, and an eighth. */
const MOST_BYTES = ((HEAP_MB * 2 ** 20) / 16) * (5 / 8);

let api: Awaited<ReturnType<typeof startRecorder>>;
let gateway: GatewayProcess;
let url = '';

beforeAll(async () => {
  api = await startRecorder((recorded, response) => {
    if (recorded.line.includes('endless')) {
      // A text that never ends, in an answer that does.
      response.end(`{"success":true,"script":{"id":"endless","name":"${'n'.repeat(7_000_000)}`);
    } else if (recorded.line.includes('executions')) {
      const executions = Object.fromEntries(Array.from({ length: 400_000 }, (_, day) => [`day ${day}`, day]));
      json(response, { success: true, executions });
    } else {
      const sessions = Array.from({ length: 50_000 }, () => ({}));
      json(response, { success: true, script: wireScript('a'), sessions });
    }
  });
  gateway = startProcess({
    PORT: '0',
    LUAAUTH_API_URL: api.url,
    LUAAUTH_RATE: '0',
    // Endless answers at once take a busy machine longer than the API may take for one.
    LUAAUTH_TIMEOUT_MS: '60000',
    OPERATION_TIMEOUT_MS: '60000',
    NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}`,
  });
  url = await gateway.listening();
});

afterAll(async () => {
  await gateway.kill();
  await api.close();
});

async function post(body: string): Promise<{ status: number; code: string | undefined }> {
  const headers = { token: 'key', accept: 'application/graphql-response+json' };
  const response = await fetch(`${url}/graphql`, jsonTextPost(body, headers));
  const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
  return { status: response.status, code: errors?.[0]?.extensions.code };
}

const entities = (count: number, reference: string) =>
  `{"query":"query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }","variables":{"r":[${Array(count).fill(reference).join()}]}}`;
const scripts = (count: number, id: string) =>
  `{"query":"query ($r: [ID!]!) { scripts(ids: $r) { id } }","variables":{"r":[${Array(count).fill(id).join()}]}}`;
const query = (text: string) => JSON.stringify({ query: text });
const names = (count: number, write: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => write(index)).join(' ');

const HEALTH = 'GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n';
const offer = (protocol: string) =>
  HEALTH.replace('\r\n\r\n', `\r\nconnection: Upgrade\r\nupgrade: ${protocol}\r\n\r\n`);

/** Bodies that once cost far more time or memory than other bodies of their size, each with its answer. */
const ATTACKS: readonly [string, string, string][] = [
  ['references that name no type', entities(20_000, '{"__typename":"Nope"}'), 'BAD_USER_INPUT'],
  ['a body full of references', entities(1_350_000, '{}'), 'BAD_REQUEST'],
  ['ids that are none', scripts(19_990, '"."'), 'BAD_USER_INPUT'],
  ['a body full of numbers for references', entities(1_900_000, '0'), 'BAD_REQUEST'],
  [
    'an alias as long as a document',
    entities(20_000, '{}').replace('_entities(', `${'x'.repeat(17_500)}: _entities(`),
    'ALIAS_TOO_LONG',
  ],
  [
    'lists in lists under many names',
    query(
      `{ script(id: "a") { sessions { nodes { script { sessions { ${names(55, (i) => `n${i}: edges { cursor }`)} } } } } } }`,
    ),
    'ANSWER_TOO_LARGE',
  ],
  [
    'introspection in introspection',
    query(`{ __schema { ${names(10, (i) => `t${i}: types { fields { args { type { name } } } }`)} } }`),
    '',
  ],
  [
    'a page of far more rows than were asked for',
    query('{ script(id: "a") { sessions { nodes { id } } } }'),
    'UPSTREAM_BAD_RESPONSE',
  ],
  [
    'a list that the API makes endless',
    query('{ script(id: "a") { executions { date } } }'),
    'UPSTREAM_BAD_RESPONSE',
  ],
  [
    'an answer with a text that never ends',
    query('{ script(id: "endless") { name } }'),
    'UPSTREAM_BAD_RESPONSE',
  ],
  [
    'variables that nest',
    `{"query":"{ __typename }","variables":{"a":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}}`,
    'BAD_REQUEST',
  ],
  ['brackets that nest', query(`{ scripts(ids: ${'['.repeat(9_000)}`), 'TOO_DEEP'],
];

describe(`a process with a heap of ${HEAP_MB} MB lives on, and others are answered`, {
  timeout: 180_000,
}, () => {
  it.each(ATTACKS)('six at once: %s', async (_what, body, code) => {
    const answers = await Promise.all([
      ...Array.from({ length: SIX }, () => post(body)),
      post(query('{ __typename }')),
    ]);
    expect(answers.pop()).toEqual({ status: 200, code: undefined });
    const codes = answers.map((answer) => answer.code ?? '');
    // More than the client may hold, if they are there together: some are told that there is no room.
    const isTooMuch = SIX * body.length > MOST_BYTES;
    const told = isTooMuch ? codes.filter((one) => one !== 'OVERLOADED') : codes;
    expect([...new Set(told)]).toEqual([code]);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it.each([
    ['of HTTP/2, and are reset', offer('h2c').repeat(8), 'resetAndDestroy'],
    ['of HTTP/2, and are closed', offer('h2c').repeat(8), 'destroy'],
    ['of WebSockets, and are reset', HEALTH.repeat(2) + upgradeText('/graphql'), 'resetAndDestroy'],
    ['of WebSockets, and are closed', HEALTH.repeat(2) + upgradeText('/graphql'), 'destroy'],
  ] as const)('connections with offers behind requests %s at once', async (_how, text, leave) => {
    let opened = 0;
    const comeAndGo = async () => {
      while (opened < 1_000) {
        opened += 1;
        const { socket, closed } = await openRaw(url);
        socket.write(text);
        await setTimeout(opened % 5);
        socket[leave]();
        await closed;
      }
    };
    await Promise.all(Array.from({ length: 50 }, comeAndGo));
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect(gateway.output.stderr).toBe('');
  });

  it('as many ids as a request can have', async () => {
    const { code } = await post(scripts(109_000, '"a"'));
    expect(code).toBe('ANSWER_TOO_LARGE');
  });
});
