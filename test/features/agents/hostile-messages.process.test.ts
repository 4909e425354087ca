import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wireScript } from '../../support/api/plain-api.ts';
import { json, startRecorder } from '../../support/api/recorder.ts';
import { sendMessage, sendText } from '../../support/clients/agent.ts';
import { type GatewayProcess, startProcess } from '../../support/processes/process.ts';

const KEY = 'agent-key-0123456789';
const SIX = 6;
const DOCUMENTS = {
  scripts: 'query scripts($ids: [ID!]!) { scripts(ids: $ids) { name } }',
  script: 'query script($id: ID!) { script(id: $id) { name executions { date } } }',
};

let api: Awaited<ReturnType<typeof startRecorder>>;
let gateway: GatewayProcess;
let url = '';

beforeAll(async () => {
  api = await startRecorder((recorded, response) => {
    if (recorded.line.includes('executions')) {
      const executions = Object.fromEntries(Array.from({ length: 400_000 }, (_, day) => [`day ${day}`, day]));
      json(response, { success: true, executions });
    } else json(response, { success: true, script: wireScript('a', { name: 'n'.repeat(4_000) }) });
  });
  const variables = {
    MCP: 'true',
    PORT: '0',
    LUAAUTH_API_URL: api.url,
    LUAAUTH_TOKEN: 'held',
    LUAAUTH_RATE: '0',
    // Six endless lists at once take a busy machine longer than the API may take for one.
    LUAAUTH_TIMEOUT_MS: '60000',
    OPERATION_TIMEOUT_MS: '60000',
    GATEWAY_KEYS: `bot=${KEY}`,
    PERSISTED_DOCUMENTS_FILE: 'list.json',
    NODE_OPTIONS: '--max-old-space-size=256',
  };
  gateway = startProcess(variables, (folder) =>
    writeFileSync(join(folder, 'list.json'), JSON.stringify(DOCUMENTS)),
  );
  url = await gateway.listening();
});

afterAll(async () => {
  await gateway.kill();
  await api.close();
});

const ids = (count: number) => Array.from({ length: count }, (_, index) => `${index}`);

/** Calls that would cost far more than they are worth, and what is said to each. */
const ATTACKS: readonly [what: string, name: string, args: object, says: RegExp][] = [
  ['more ids than there may be calls', 'scripts', { ids: ids(100_000) }, /OPERATION_TOO_EXPENSIVE/],
  ['a message full of values', 'scripts', { ids: Array(1_500_000).fill(0) }, /BAD_REQUEST/],
  ['a text of nearly 4 MB', 'script', { id: 'x'.repeat(3_900_000) }, /BAD_USER_INPUT/],
  [
    'arguments that nobody knows',
    'script',
    Object.fromEntries(ids(50_000).map((id) => [`a${id}`, 0])),
    /there is no such argument/,
  ],
  ['a list that the API makes endless', 'script', { id: 'a' }, /UPSTREAM_BAD_RESPONSE/],
];

const callOf = (members: string) =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"script",${members}}}`;

/** Values that nothing takes: each would have a line in the library's answer. */
const WRONG = JSON.stringify(Object.fromEntries(ids(40_000).map((id) => [`a${id}`, 1])));

const isWell = async () => expect((await fetch(`${url}/health`)).status).toBe(200);

describe('a process with a heap of 256 MB lives on, and other agents are answered', {
  timeout: 120_000,
}, () => {
  it.each(ATTACKS)('six at once: %s', async (_what, name, args, says) => {
    const answers = await Promise.all([
      ...Array.from({ length: SIX }, () => sendMessage(url, KEY, 'tools/call', { name, arguments: args })),
      isWell(),
    ]);
    const texts = answers.slice(0, SIX).map((answer) => JSON.stringify(answer));
    // Together they may be more than a client may send at once.
    expect(texts.filter((text) => !says.test(text) && !text.includes('OVERLOADED'))).toEqual([]);
    expect(texts.filter((text) => says.test(text))).not.toEqual([]);
    const { result } = await sendMessage(url, KEY, 'tools/call', {
      name: 'scripts',
      arguments: { ids: ['a'] },
    });
    expect(result?.structuredContent?.errors).toBeUndefined();
    // A text of 4,000 characters is cut, and stands in it twice.
    expect(JSON.stringify(result).length).toBeLessThan(6_000);
  });

  it.each<[where: string, write: (nested: string) => string, says: RegExp]>([
    [
      'arguments',
      (nested) => callOf(`"arguments":{"id":${nested}}`),
      /variables is nested more than 52 levels/,
    ],
    [
      'arguments that nobody knows',
      (nested) => callOf(`"arguments":{"other":${nested}}`),
      /other: there is no such argument/,
    ],
    [
      'what a client says of itself',
      (nested) => callOf(`"arguments":{"id":"b"},"_meta":{"x":${nested}}`),
      /"script":/,
    ],
    ['the message', (nested) => nested, /not a valid JSON-RPC message/],
  ])('brackets that nest in %s', async (_where, write, says) => {
    const nested = (depth: number) => `${'{"a":'.repeat(depth)}0${'}'.repeat(depth)}`;
    const ask = (depth: number) => sendText(url, KEY, write(nested(depth)));
    const said = async (depth: number) => {
      const { error, result } = await ask(depth);
      return error?.message ?? JSON.stringify(result);
    };
    expect(await said(1_000)).toMatch(says);
    expect(await said(100_000)).toMatch(says);
    expect(await ask(500_000)).toMatchObject({
      status: 400,
      error: { code: -32_700, message: expect.stringContaining('holds more than 110000 values') },
    });
    await isWell();
  });

  it.each<[what: string, body: string]>([
    [
      'what a client can, as it says when it connects',
      `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{"experimental":${WRONG}},"clientInfo":{"name":"a","version":"1"}}}`,
    ],
    ['what a client says of itself', callOf(`"arguments":{"id":"b"},"_meta":{"x":${WRONG}}`)],
    ['the id', `{"jsonrpc":"2.0","id":"${'x'.repeat(3_900_000)}","method":"ping"}`],
    ['the method', `{"jsonrpc":"2.0","id":1,"method":"${'x'.repeat(3_900_000)}"}`],
    ['arguments of arguments', callOf(`"arguments":{},"other":{"arguments":${WRONG}}`)],
  ])('six messages at once that are large beside the arguments of their call: %s', async (_what, body) => {
    const answers = await Promise.all(Array.from({ length: SIX }, () => sendText(url, KEY, body)));
    for (const { status } of answers) expect([200, 503]).toContain(status);
    await isWell();
  });

  it('150 messages without a key that do not end are refused before they are read', async () => {
    const head = [
      'POST /mcp HTTP/1.1',
      'host: 127.0.0.1',
      'content-type: application/json',
      'accept: application/json, text/event-stream',
      'content-length: 4000000',
      '',
      '{',
    ].join('\r\n');
    const answers = await Promise.all(
      Array.from(
        { length: 150 },
        () =>
          new Promise<string>((resolve, reject) => {
            const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(head));
            socket.once('error', reject);
            socket.once('data', (data) => {
              socket.destroy();
              resolve(String(data));
            });
          }),
      ),
    );
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    await isWell();
  });
});
