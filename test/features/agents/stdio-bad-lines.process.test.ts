import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { scriptIdOf, wireScript } from '../../support/api/plain-api.ts';
import { json, startRecorder } from '../../support/api/recorder.ts';
import { MAIN } from '../../support/processes/built.ts';

const KEY = 'agent-key-0123456789';
const env = {
  ...process.env,
  LUAAUTH_SANDBOX: 'true',
  LUAAUTH_TOKEN: 'sandbox-key',
  GATEWAY_KEYS: `desk=${KEY}`,
  GATEWAY_KEY: KEY,
  PERSISTED_DOCUMENTS_FILE: fileURLToPath(new URL('../../../examples/agents/documents', import.meta.url)),
  MAX_BODY_BYTES: '100000',
};

const open: { kill(signal: 'SIGKILL'): unknown }[] = [];
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) one.kill('SIGKILL');
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** A client that keeps to no rule of the protocol. */
function connect(more: Record<string, string> = {}, reads = true) {
  const child = spawn(process.execPath, [MAIN, 'mcp'], {
    env: { ...env, ...more },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  open.push(child);
  child.stdin.on('error', () => undefined);
  let received = '';
  const read = () =>
    child.stdout.on('data', (text) => {
      received += text;
    });
  if (reads) read();
  let log = '';
  child.stderr.on('data', (text) => {
    log += text;
  });
  return {
    read,
    log: () => log,
    ended: once(child, 'exit').then(([code]) => code as number | null),
    send: (text: string) => void child.stdin.write(`${text}\n`),
    end: () => void child.stdin.end(),
    answers: () =>
      received
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line)),
  };
}

const message = (id: number, method: string, params: object = {}) =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params });
const NO_MESSAGE = {
  id: null,
  error: { code: -32_600, message: expect.stringContaining('Send one message per line.') },
};

it('a batch, and what is no message, is refused with a sentence, and others are answered', async () => {
  const client = connect();
  client.send(`[${message(1, 'tools/list')}]`);
  await expect.poll(client.answers).toMatchObject([NO_MESSAGE]);
  client.send('{"jsonrpc":"1.0","id":1,"method":"tools/list"}');
  await expect.poll(client.answers).toMatchObject([NO_MESSAGE, NO_MESSAGE]);
  client.send(message(2, 'tools/list'));
  await expect.poll(client.answers).toMatchObject([NO_MESSAGE, NO_MESSAGE, { id: 2, result: {} }]);
  client.end();
  expect(await client.ended).toBe(0);
});

it('a line that is too large is refused with a sentence, and ends the process', async () => {
  const client = connect();
  client.send(message(1, 'tools/list'));
  await expect.poll(client.answers).toMatchObject([{ id: 1 }]);
  client.send(message(2, 'tools/call', { name: 'lookUpKey', arguments: { key: 'x'.repeat(1_000_000) } }));
  await expect.poll(client.answers).toMatchObject([{ id: 1 }, NO_MESSAGE]);
  expect(await client.ended).toBe(0);
});

it('of 300 calls at once each is answered, and nothing is warned of', async () => {
  const client = connect();
  const args = { name: 'lookUpKey', arguments: { key: 'nobody' } };
  const ids = Array.from({ length: 300 }, (_, index) => index);
  client.send(ids.map((id) => message(id, 'tools/call', args)).join('\n'));
  const answered = () => new Set(client.answers().map(({ id }) => id)).size;
  await expect.poll(answered).toBe(300);
  client.end();
  expect(await client.ended).toBe(0);
  expect(client.log()).not.toContain('Warning');
});

it('a client that reads no answers is read no further, and is answered once it reads', async () => {
  const api = await startRecorder((recorded, response) =>
    json(response, { success: true, script: wireScript(scriptIdOf(recorded), { name: 'n'.repeat(2_000) }) }),
  );
  closing.push(api.close);
  const list = join(mkdtempSync(join(tmpdir(), 'luaauth-graphql-')), 'list.json');
  writeFileSync(
    list,
    '{"a":"query script($id: ID!) { script(id: $id) { a: name b: name c: name d: name } }"}',
  );
  const client = connect(
    { LUAAUTH_SANDBOX: '', LUAAUTH_API_URL: api.url, LUAAUTH_RATE: '0', PERSISTED_DOCUMENTS_FILE: list },
    false,
  );
  const ids = Array.from({ length: 600 }, (_, index) => index);
  for (const id of ids)
    client.send(message(id, 'tools/call', { name: 'script', arguments: { id: `id${id}` } }));
  // The answers to all calls are 10 MB: until they stop coming, and while none is read.
  for (let before = -1; before < api.calls.length || before === 0; await delay(1_000))
    before = api.calls.length;
  expect(api.calls.length).toBeLessThan(100);
  client.read();
  await expect.poll(() => client.answers().length).toBe(600);
  expect(new Set(client.answers().map(({ id }) => id))).toEqual(new Set(ids));
  client.end();
  expect(await client.ended).toBe(0);
});
