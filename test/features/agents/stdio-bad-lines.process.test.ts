import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
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
afterEach(() => {
  for (const one of open.splice(0)) one.kill('SIGKILL');
});

/** A client that keeps to no rule of the protocol. */
function connect() {
  const child = spawn(process.execPath, [MAIN, 'mcp'], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  open.push(child);
  child.stdin.on('error', () => undefined);
  let received = '';
  child.stdout.on('data', (text) => {
    received += text;
  });
  let log = '';
  child.stderr.on('data', (text) => {
    log += text;
  });
  return {
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
