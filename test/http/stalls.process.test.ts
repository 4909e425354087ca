import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startServer } from '../../src/server/listen.ts';
import { eventually } from '../support/waiting.ts';

const SIZE = 32 * 1024 * 1024;
const TIMEOUT_MS = 1_500;

/** Asks, reads once it is told to, and says how much there was. */
const CLIENT = `
  require('node:http').get(process.argv[1], (response) => {
    let read = 0;
    process.stdin.once('data', () => response.on('data', (chunk) => (read += chunk.length)));
    response.on('close', () => console.log(read));
  });
`;

it('a process that stood still longer than a client may take gives up none who reads', async () => {
  let answer: ServerResponse | undefined;
  const server = await startServer({
    listener: (_request, response) => {
      answer = response.end('x'.repeat(SIZE));
    },
    host: '127.0.0.1',
    port: 0,
    writeTimeoutMs: TIMEOUT_MS,
    checkIntervalMs: 10,
  });
  const client = spawn(process.execPath, ['-e', CLIENT, server.url], { stdio: ['pipe', 'pipe', 'inherit'] });
  const said = once(client.stdout, 'data');
  await eventually(() => expect(answer).toBeDefined());
  // So that the system has taken what it takes, and the server has seen that nothing moves.
  await delay(100);
  client.stdin.end('read');
  // Timers are the first to run after it.
  await setImmediate();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TIMEOUT_MS + 500);
  const [read] = (await said) as [Buffer];
  expect(Number(read)).toBe(SIZE);
  await server.drain(0);
});
