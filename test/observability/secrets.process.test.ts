import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCollector } from '../features/tracing/collector.ts';
import { answerPlainly, wireProject, wireSession, wireUser } from '../support/api/plain-api.ts';
import { json, type Respond, startRecorder } from '../support/api/recorder.ts';
import { jsonPost } from '../support/clients/json-post.ts';
import { openGateway } from '../support/gateways/gateway.ts';
import { type GatewayProcess, startProcess } from '../support/processes/process.ts';
import { eventually } from '../support/vitest/waiting.ts';
import { LEAKS, leakExceptScript } from './leaky-api.ts';

// Each word that must not come back holds this one, and so does each larger piece of the source.
const SENTINEL = /sentinel/i;
/** The keys, which not even the client that has sent them gets back. */
const ANY_KEY = /sentinel-(api|held|gateway)-key/i;
const KEY = 'sentinel-api-key-4f1d';
const HELD_KEY = 'sentinel-held-key-8a2c';
const GATEWAY_KEY = 'sentinel-gateway-key-77b0';
const LICENCE_KEY = 'sentinel-licence-key-e91f';
const USER_KEY = 'sentinel-user-key-52aa';
const WEBHOOK = 'https://hooks.example.com/api/webhooks/1/sentinel-webhook-token-9be2';
const SCRAPER_KEY = 'sentinel-scraper-key-0c55';
const NOTE = 'the sentinel note about whoever has the key';
const DATA = { say: 'the sentinel of the data', to: [{ key: LICENCE_KEY }, 'and the sentinel of a list'] };
const SOURCE = Array.from(
  { length: 40 },
  (_line, index) => `local sentinel_${index} = "the sentinel's line ${index}"`,
).join('\n');

const filtered = `query ($key: String) {
  script(id: "a") { name sessions(filter: { userKey: $key }) { nodes { id robloxId } } }
}`;
const update = `mutation ($source: String!) {
  updateScript(input: { id: "a", source: $source }) {
    __typename
    ... on Refusal { message }
    ... on InvalidFields { fields { path messages } }
    ... on NotPermitted { reasons }
    ... on UpdateScriptSuccess { script { name } }
  }
}`;
const inline = `mutation {
  updateScript(input: { id: "a", source: ${JSON.stringify(SOURCE)} }) { __typename ... on Refusal { message } }
}`;
const edit = `mutation {
  editScript(input: { id: "a", name: "new" }) {
    __typename
    ... on Refusal { message }
    ... on InvalidFields { fields { path messages } }
  }
}`;

const editUser = `mutation ($key: ID!, $note: String) {
  editUser(input: { key: $key, note: $note }) {
    __typename
    ... on Refusal { message }
    ... on InvalidFields { fields { path messages } }
    ... on NotPermitted { reasons }
    ... on EditUserSuccess { user { executions } }
  }
}`;
const editProject = `mutation ($url: String) {
  editProject(input: { id: "a", executionWebhook: $url, informationWebhook: $url, blacklistWebhook: $url }) {
    __typename
    ... on Refusal { message }
    ... on InvalidFields { fields { path messages } }
    ... on NotPermitted { reasons }
    ... on EditProjectSuccess { project { id } }
  }
}`;
const blacklist = `mutation ($key: ID!) {
  blacklistUser(input: { key: $key }) {
    __typename
    ... on Refusal { message }
    ... on NotPermitted { reasons }
    ... on BlacklistUserSuccess { user { executions } }
    ... on AlreadyBlacklisted { user { executions } }
  }
}`;

const message = `mutation ($data: JSON) {
  messageSession(input: { id: "a", handler: "h", data: $data }) {
    __typename
    ... on MessageNotDelivered { reason }
    ... on Refusal { message }
    ... on InvalidFields { fields { path messages } }
    ... on NotPermitted { reasons }
  }
}`;
const messageInline = `mutation {
  messageSession(input: { id: "a", handler: "h", data: { say: "the sentinel in a document" } }) {
    __typename
    ... on Refusal { message }
  }
}`;
const read = `query ($key: ID!, $id: ID!) {
  user(key: $key) { executions }
  project(id: $id) { totalExecutions }
  session(id: $id) { jobId }
}`;
const shownRead = `query ($key: ID!, $id: ID!) {
  user(key: $key) { note fingerprint blacklist { reason } }
  project(id: $id) { executionWebhook }
  session(id: $id) { userKey }
}`;
const shownMessage = `mutation ($data: JSON) {
  messageSession(input: { id: "a", handler: "h", data: $data }) {
    ... on MessageDelivered { response }
    ... on MessageNotDelivered { reason detail }
  }
}`;

/** What every caller of the account sees. */
const STATUS = '{ status { upstream reason } }';

type Operations = readonly (readonly [query: string, variables?: object])[];

/** Operations that carry every kind of secret but sources and messages, and are otherwise in order. */
const QUICK: Operations = [
  ['{ script(id: "b") { name enabled } }'],
  ['{ script(id: "a") { executions { date count } } }'],
  [filtered, { key: LICENCE_KEY }],
  [edit],
  [
    'query ($key: ID!) { user(key: $key) { executions } users(keys: [$key]) { executions } }',
    { key: USER_KEY },
  ],
  [editUser, { key: USER_KEY, note: NOTE }],
  [blacklist, { key: USER_KEY }],
  [editProject, { url: WEBHOOK }],
];
const UPDATES: Operations = [[update, { source: SOURCE }], [inline]];
const MESSAGES: Operations = [[message, { data: DATA }], [message, { data: DATA.say }], [messageInline]];

const OPERATIONS: Operations = [...QUICK, ...UPDATES, ...MESSAGES];

/** Updates and messages wait for the end of silence longer than a test may. */
const operationsFor = (leak: string) => (leak === 'silence' ? QUICK : OPERATIONS);

/** Answers that a client's function gives: for the one who has asked, and for nobody else. */
const OUTCOMES: readonly object[] = [
  { processed: true, response: { told: 'the sentinel of the answer' } },
  { processed: true, response: `${'x'.repeat(70_000)}the sentinel of an answer that is too large` },
  { processed: false, reason: 'function errored, message: the sentinel of the reason' },
  { processed: false, reason: 'the sentinel of a reason that nobody documents' },
  { processed: 'the sentinel of an outcome that is none', reason: 'the sentinel of its reason' },
];

/** Requests that are refused before anything is sent. */
const INVALID: readonly (readonly [title: string, query: unknown, variables?: unknown])[] = [
  ['a source of the wrong type', update, { source: [SOURCE] }],
  [
    'a source in the place of an input',
    'mutation ($i: UpdateScriptInput!) { updateScript(input: $i) { __typename } }',
    { i: SOURCE },
  ],
  [
    'an unknown field beside a source',
    'mutation ($i: UpdateScriptInput!) { updateScript(input: $i) { __typename } }',
    { i: { id: 'a', source: SOURCE, more: 1 } },
  ],
  ['a source with a lone surrogate', update, { source: `${SOURCE}\ud800` }],
  ['a licence key that cannot stand in a path', '{ user(key: "sentinel/user/key") { note } }'],
  [
    'licence keys of which none can be one',
    'query ($k: [ID!]!) { users(keys: $k) { note } }',
    { k: [`${USER_KEY} `] },
  ],
  [
    'a licence key of a reference that cannot be one',
    '{ _entities(representations: [{ __typename: "User", key: "sentinel key" }]) { __typename } }',
  ],
  [
    'a licence key where an object should be',
    'query ($k: ID!) { user(key: $k) { note } }',
    { k: { of: USER_KEY } },
  ],
  ['a licence key to edit that cannot be one', editUser, { key: `${USER_KEY}/`, note: NOTE }],
  ['a note that is too long', editUser, { key: 'a', note: NOTE.repeat(10) }],
  ['a note that is no text', editUser, { key: 'a', note: `${NOTE}\ud800` }],
  ['a note of the wrong type', editUser, { key: 'a', note: [NOTE] }],
  ['a webhook that is no text', editProject, { url: `${WEBHOOK}\ud800` }],
  ['a webhook of the wrong type', editProject, { url: { of: WEBHOOK } }],
  [
    'a Discord id that is a licence key',
    `mutation { editUser(input: { key: "a", discordId: "${USER_KEY}" }) { __typename } }`,
  ],
  [
    'an instant that is a licence key',
    `mutation ($at: DateTime) { editUser(input: { key: "a", keyExpiresAt: $at }) { __typename } }`,
    { at: USER_KEY },
  ],
  [
    'an instant that is a note in the document',
    `mutation { editUser(input: { key: "a", keyExpiresAt: "${NOTE}" }) { __typename } }`,
  ],
  ['data that is too large', message, { data: DATA.say.repeat(3_000) }],
  [
    'data that is nested too deep in the document',
    `mutation { messageSession(input: { id: "a", handler: "h", data: ${'['.repeat(51)}"${DATA.say}"${']'.repeat(51)} }) { __typename } }`,
  ],
  [
    'data beside a session that cannot be one',
    'mutation ($data: JSON) { messageSession(input: { id: "a/b", handler: "h", data: $data }) { __typename } }',
    { data: DATA },
  ],
  [
    'a handler of the wrong type',
    'mutation ($h: String!) { messageSession(input: { id: "a", handler: $h }) { __typename } }',
    { h: DATA },
  ],
  ['a licence key of the wrong type', filtered, { key: { of: LICENCE_KEY } }],
  ['a licence key that is too long', filtered, { key: LICENCE_KEY.repeat(100) }],
  ['a licence key that is no text', filtered, { key: `${LICENCE_KEY}\ud800` }],
  [
    'a cursor that is a licence key',
    'query ($c: String) { script(id: "a") { sessions(after: $c) { nodes { id } } } }',
    { c: LICENCE_KEY },
  ],
  ['a source where a name should be', `mutation { updateScript(${JSON.stringify(SOURCE)}) { __typename } }`],
  ['a source in a block where a name should be', `mutation { updateScript("""${SOURCE}""") { __typename } }`],
  [
    'a source where a flag should be',
    `mutation { toggleScript(input: { id: "a", enabled: ${JSON.stringify(SOURCE)} }) { __typename } }`,
  ],
  [
    'a source where a number should be',
    `{ script(id: "a") { sessions(first: ${JSON.stringify(SOURCE)}) { nodes { id } } } }`,
  ],
  [
    'a source in a list where text should be',
    `mutation { updateScript(input: { id: "a", source: [${JSON.stringify(SOURCE)}] }) { __typename } }`,
  ],
  [
    'a source in an object where an input should be',
    `mutation { updateScript(input: { source: ${JSON.stringify(SOURCE)} }) { __typename } }`,
  ],
  ['a source that does not end', `mutation { updateScript(input: { id: "a", source: "${SOURCE}`],
  [
    'a source as a default of the wrong type',
    `query ($n: Int = ${JSON.stringify(SOURCE)}) { script(id: "a") { sessions(first: $n) { nodes { id } } } }`,
  ],
  ['a source as the variables', update, SOURCE],
  ['a source as the operation', { source: SOURCE }],
];

/** Answers with secrets of users, projects and sessions, in the type that is documented or in another. */
const tellSecrets =
  (as: (secret: string) => unknown): Respond =>
  ({ line }, response) => {
    const [, , kind, id = ''] = line.split(/[ /]/);
    const user = {
      note: as(NOTE),
      luaauth_fingerprint: as('sentinel mark\n -> \nsentinel fingerprint'),
      blacklisted: true,
      blacklist_reason: as('the sentinel of the reason'),
    };
    if (kind === 'users') json(response, { success: true, user: wireUser(id, user) });
    else if (kind === 'projects')
      json(response, { success: true, project: wireProject(id, { execution_webhook: as(WEBHOOK) }) });
    else
      json(response, {
        success: true,
        session: { ...wireSession('a', 'job'), id, user_key: as(LICENCE_KEY) },
      });
  };

interface Sent {
  readonly query: unknown;
  readonly variables?: unknown;
  readonly headers?: Record<string, string>;
}

/** All of an answer as text: status, headers and body. */
async function answerOf(url: string, { query, variables, headers = { token: KEY } }: Sent): Promise<string> {
  const response = await fetch(
    `${url}/graphql`,
    jsonPost({ query, variables }, { 'x-upstream': 'report', ...headers }),
  );
  return `${response.status} ${JSON.stringify([...response.headers])} ${await response.text()}`;
}

describe('a mistake of the gateway', () => {
  it('is told to the log and masked in the answer', async () => {
    const recorder = await startRecorder((_recorded, response) => void response.writeHead(503).end());
    const random = () => {
      throw new Error(`a mistake with ${KEY}`);
    };
    const gateway = await openGateway({ upstream: recorder.url, transport: { random } });
    const answer = await answerOf(gateway.url, { query: '{ script(id: "a") { name } }' });
    expect(answer).toContain('INTERNAL_SERVER_ERROR');
    expect(answer).not.toMatch(SENTINEL);
    expect(gateway.logged).toHaveLength(1);
    await gateway.close();
    await recorder.close();
  });
});

describe.concurrent.each([
  ['callers send their own key', {}, { token: KEY }],
  [
    'the gateway holds the key',
    { LUAAUTH_TOKEN: HELD_KEY, GATEWAY_KEYS: `other-n7Yw3RtC90pL,${GATEWAY_KEY}` },
    { authorization: `Bearer ${GATEWAY_KEY}` },
  ],
])('the process, when %s,', (_title, variables, headers) => {
  let respond: Respond = answerPlainly;
  let recorder: Awaited<ReturnType<typeof startRecorder>>;
  let gateway: GatewayProcess;
  let collector: Awaited<ReturnType<typeof startCollector>>;
  const directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-secrets-'));
  const auditFile = join(directory, 'audit.log');
  beforeAll(async () => {
    collector = await startCollector();
    recorder = await startRecorder((recorded, response) => respond(recorded, response));
    gateway = startProcess({
      PORT: '0',
      LUAAUTH_API_URL: recorder.url,
      LOG_LEVEL: 'trace',
      LUAAUTH_TIMEOUT_MS: '1000',
      // Whatever would wait for the quota would not leak.
      LUAAUTH_RATE: '0',
      LUAAUTH_TOTAL_RATE: '0',
      AUDIT_LOG_FILE: auditFile,
      METRICS_KEY: SCRAPER_KEY,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      ...variables,
    });
  });
  afterAll(async () => {
    await gateway.kill();
    await recorder.close();
    await collector.close();
    rmSync(directory, { recursive: true });
  });

  it('shows no secret in what it prints or answers, whatever goes wrong', async () => {
    const url = await gateway.listening();
    /** They may quote what their own client has sent, if LuaAuth quotes it. */
    const quoting: string[] = [];
    const answers: string[] = [];
    const leaks: (readonly [title: string, respond: Respond])[] = [['a success', answerPlainly], ...LEAKS];
    for (const [index, [title, leak]] of leaks.entries()) {
      // Earlier failures can make the gateway stop asking for a while: this begins when it asks again.
      respond = answerPlainly;
      const query = `{ script(id: "before-${index}") { name } }`;
      const plain = () => answerOf(url, { query, headers });
      await eventually(async () => expect(await plain()).not.toContain('"errors"'));
      let leaked = 0;
      respond = leakExceptScript((recorded, response) => {
        leaked++;
        return leak(recorded, response);
      });
      for (const [query, given] of operationsFor(title))
        quoting.push(await answerOf(url, { query, variables: given, headers }));
      answers.push(await answerOf(url, { query: STATUS, headers }));
      expect(leaked, title).toBeGreaterThan(0);
      if (title === 'a success') expect(quoting.filter((answer) => answer.includes('"errors"'))).toEqual([]);
    }
    const sent = recorder.calls.map(({ line, body }) => line + body).join();
    for (const secret of [LICENCE_KEY, USER_KEY, NOTE, WEBHOOK, 'sentinel_39', DATA.say])
      expect(sent).toContain(secret);
    respond = answerPlainly;
    const plain = () => answerOf(url, { query: '{ script(id: "at-last") { name } }', headers });
    await eventually(async () => expect(await plain()).not.toContain('"errors"'));
    for (const outcome of OUTCOMES) {
      respond = (_recorded, response) => json(response, { success: true, ...outcome });
      const calls = recorder.calls.length;
      answers.push(await answerOf(url, { query: message, variables: { data: DATA }, headers }));
      const shown = await answerOf(url, { query: shownMessage, variables: { data: DATA }, headers });
      // A client that asks for the response has it in the answer.
      expect(SENTINEL.test(shown)).toBe(!shown.includes('UPSTREAM_BAD_RESPONSE'));
      expect(recorder.calls).toHaveLength(calls + 2);
    }
    for (const as of [(secret: string) => secret, (secret: string) => [secret]]) {
      respond = tellSecrets(as);
      const isUsable = typeof as('') === 'string';
      const variables = { key: `${USER_KEY}-${isUsable}`, id: String(isUsable) };
      answers.push(await answerOf(url, { query: read, variables, headers }));
      // A client that asks for them has them in the answer; a value that cannot be used is an error that quotes nothing.
      const shown = await answerOf(url, { query: shownRead, variables, headers });
      expect(shown.match(/sentinel/gi) ?? []).toHaveLength(isUsable ? 6 : 0);
      expect(shown.match(/UPSTREAM_BAD_RESPONSE/g) ?? []).toHaveLength(isUsable ? 0 : 5);
    }
    recorder.calls.length = 0;
    for (const [title, query, given] of INVALID) {
      const answer = await answerOf(url, { query, variables: given, headers });
      expect([title, answer.includes('"errors"')]).toEqual([title, true]);
      answers.push(answer);
    }
    // The script whose sessions are listed is still read.
    expect(recorder.lines().filter((line) => line !== 'GET /scripts/a')).toEqual([]);
    const wrongs: Record<string, string>[] = [
      { authorization: `Bearer ${KEY}-wrong` },
      { token: `${KEY} with a space` },
      { token: KEY.repeat(100) },
      { token: KEY, authorization: `Bearer ${KEY}-2` },
    ];
    for (const wrong of wrongs) answers.push(await answerOf(url, { query: edit, headers: wrong }));
    expect(quoting.length).toBeGreaterThan(200);
    for (const answer of quoting) expect(answer).not.toMatch(ANY_KEY);
    for (const answer of answers) expect(answer).not.toMatch(SENTINEL);
    const { stdout, stderr } = gateway.output;
    expect(stdout).toContain('"msg":"started"');
    expect(stdout + stderr).not.toMatch(SENTINEL);
    const scraped = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${SCRAPER_KEY}` } });
    const metrics = await scraped.text();
    expect(metrics).toContain('luaauth_writes_total');
    expect(metrics).not.toMatch(SENTINEL);
    // Not as a part of a longer number, where its digits may stand by chance.
    expect(metrics).not.toMatch(new RegExp(`(?<!\\d)${new URL(recorder.url).port}(?!\\d)`));
    const audit = readFileSync(auditFile, 'utf8');
    expect(audit).toContain('"mutation":"updateScript"');
    expect(audit).not.toMatch(SENTINEL);
    await eventually(() => expect(collector.spans().length).toBeGreaterThan(100));
    expect(JSON.stringify(collector.requests)).not.toMatch(SENTINEL);
  });
});
