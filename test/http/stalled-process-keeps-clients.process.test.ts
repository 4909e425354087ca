import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { startServer } from '../../src/server/listen.ts';
import { openGateway } from '../support/gateways/gateway.ts';
import { eventually } from '../support/vitest/waiting.ts';

/** A file that the client makes once it has done its part. */
const MARK = join(mkdtempSync(join(tmpdir(), 'luaauth-graphql-stall-')), 'mark');

afterEach(() => rmSync(MARK, { force: true }));

const SIZE = 32 * 1024 * 1024;
const TIMEOUT_MS = 1_500;

/** Asks, reads once it is told to, and says how much there was. */
const CLIENT = `
  require('node:http').get(process.argv[1], (response) => {
    let read = 0;
    const count = (chunk) => {
      if (read === 0) require('node:fs').writeFileSync(process.argv[2], '');
      read += chunk.length;
    };
    process.stdin.once('data', () => response.on('data', count));
    response.on('close', () => console.log(read));
  });
`;

it('keeps a client that reads, after the process stood still for longer than the write timeout', async () => {
  let answer: ServerResponse | undefined;
  const server = await startServer({
    listener: (_request, response) => {
      answer = response.end('x'.repeat(SIZE));
    },
    upgrade: (_request, socket) => void socket.destroy(),
    host: '127.0.0.1',
    port: 0,
    writeTimeoutMs: TIMEOUT_MS,
    checkIntervalMs: 10,
  });
  const client = spawn(process.execPath, ['-e', CLIENT, server.url, MARK], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const said = once(client.stdout, 'data');
  await eventually(() => expect(answer).toBeDefined());
  // So that the system has taken what it takes, and the server has seen that nothing moves.
  await delay(100);
  client.stdin.end('read');
  await standStill(TIMEOUT_MS + 500);
  const [read] = (await said) as [Buffer];
  expect(Number(read)).toBe(SIZE);
  await server.drain(0);
});

/** Opens a WebSocket, begins once it is told to, and says what comes of it. */
const SOCKET = `
  const { WebSocket } = require('ws');
  const socket = new WebSocket(process.argv[1], 'graphql-transport-ws');
  socket.on('open', () => console.log('open'));
  const sent = () => require('node:fs').writeFileSync(process.argv[2], '');
  process.stdin.once('data', () => socket.send('{"type":"connection_init"}', sent));
  socket.on('message', (data) => console.log(String(data)));
  socket.on('close', (code) => console.log(code));
`;

it('accepts a WebSocket that began in time, after the process stood still', async () => {
  const gateway = await openGateway({ upstream: 'http://127.0.0.1:9' });
  const url = `${gateway.url.replace('http', 'ws')}/graphql`;
  const client = spawn(process.execPath, ['-e', SOCKET, url, MARK], { stdio: ['pipe', 'pipe', 'inherit'] });
  expect(String(await once(client.stdout, 'data'))).toBe('open\n');
  const said = once(client.stdout, 'data');
  client.stdin.end('begin');
  await standStill(3_500);
  expect(String(await said)).toBe('{"type":"connection_ack"}\n');
  client.kill();
  await gateway.close();
});

/** Opens a WebSocket whose pongs are written at once, says what it receives, and pings once it is told to. */
const PONGS = `
  const { WebSocket } = require('ws');
  const socket = new WebSocket(process.argv[1], 'graphql-transport-ws', { autoPong: false });
  const sent = () => require('node:fs').writeFileSync(process.argv[2], '');
  socket.on('open', () => socket.send('{"type":"connection_init"}'));
  socket.on('ping', (data) => socket.pong(data, true, sent));
  socket.on('message', (data) => console.log(String(data)));
  socket.on('close', (code) => console.log(code));
  process.stdin.once('data', () => socket.send('{"type":"ping"}'));
`;

it('keeps a WebSocket whose pong came while the process stood still', async () => {
  const PING_MS = 12_000;
  let skippedMs = 0;
  let timers = 0;
  let ticks = 0;
  const clock: Clock = {
    ...systemClock,
    now: () => systemClock.now() + skippedMs,
    after(delayMs, action) {
      if (Math.round(delayMs) !== PING_MS || timers === 2) return systemClock.after(delayMs, action);
      timers += 1;
      return systemClock.after(100, () => {
        ticks += 1;
        // Until the pong to the first ping has arrived and the second ping is due.
        if (ticks === 1) void standStill(200);
        else skippedMs = PING_MS;
        action();
      });
    },
  };
  const gateway = await openGateway({ upstream: 'http://127.0.0.1:9', transport: { clock } });
  const url = `${gateway.url.replace('http', 'ws')}/graphql`;
  const client = spawn(process.execPath, ['-e', PONGS, url, MARK], { stdio: ['pipe', 'pipe', 'inherit'] });
  expect(String(await once(client.stdout, 'data'))).toBe('{"type":"connection_ack"}\n');
  const said = once(client.stdout, 'data');
  await eventually(() => expect(ticks).toBe(2));
  client.stdin.end('ping');
  expect(String(await said)).toBe('{"type":"pong"}\n');
  client.kill();
  await gateway.close();
});

/** Stops all, as a paused virtual machine does, until the client has done its part. Timers are the first to run after it. */
async function standStill(leastMs: number): Promise<void> {
  await setImmediate();
  const cell = new Int32Array(new SharedArrayBuffer(4));
  Atomics.wait(cell, 0, 0, leastMs);
  for (let waits = 0; waits < 600 && !existsSync(MARK); waits += 1) Atomics.wait(cell, 0, 0, 100);
}
