import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Connections, watchConnections } from '../../src/server/connections.ts';
import { createUnreadAnswersCheck } from '../../src/server/unread-answers.ts';
import { eventually } from '../support/vitest/waiting.ts';

const SIZE = 32 * 1024 * 1024;
const TIMEOUT_MS = 1_000;

let server: Server;
let connections: Connections;
const clients: Socket[] = [];

beforeEach(async () => {
  // One write that the system takes piece by piece.
  server = createServer(({ url }, response) => response.end('x'.repeat(url === '/double' ? 2 * SIZE : SIZE)));
  connections = watchConnections(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
});

/** A client that has asked, and reads when a test says so. */
async function ask(path = '/') {
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  clients.push(client);
  const before = connections.unanswered().length;
  client.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
  client.pause();
  await eventually(() => expect(connections.unanswered()).toHaveLength(before + 1));
  let read = 0;
  let goal = 0;
  client.on('data', (chunk) => {
    read += chunk.length;
    // At once: a busy process would read all there is before it looks again.
    if (read >= goal) client.pause();
  });
  client.pause();
  return {
    client,
    async read(bytes: number): Promise<void> {
      goal = read + bytes;
      client.resume();
      await eventually(() => expect(read).toBeGreaterThanOrEqual(goal));
    },
  };
}

const isOpen = () => [...connections.all()].filter(({ socket }) => !socket.destroyed).length;

it('leaves a client alone that reads slowly, and closes the connection of a client that has stopped', async () => {
  const check = createUnreadAnswersCheck({ writeTimeoutMs: TIMEOUT_MS, maxUnreadBytes: SIZE * 2 });
  const { read } = await ask();
  let now = 0;
  check(connections.all(), now);
  for (let round = 0; round < 5; round++) {
    // More than the sockets' buffers hold, so that the server has sent some.
    await read(4 * 1024 * 1024);
    now += TIMEOUT_MS;
    check(connections.all(), now);
    expect([round, isOpen()]).toEqual([round, 1]);
  }
  // Bytes on their way may still go into the buffers: time passes until nothing has moved for as long as is allowed.
  await eventually(() => {
    now += TIMEOUT_MS;
    check(connections.all(), now);
    expect(isOpen()).toBe(0);
  });
});

it('closes as many connections as suffice, at once, when unread answers take too much memory', async () => {
  for (let asked = 0; asked < 3; asked += 1) await ask();
  for (const [answers, open] of [
    [3.5, 3],
    [1.5, 1],
  ] as const) {
    const check = createUnreadAnswersCheck({ writeTimeoutMs: TIMEOUT_MS, maxUnreadBytes: SIZE * answers });
    check(connections.all(), 0);
    // The timers of a busy process may fire twice before it closes what they have destroyed.
    check(connections.all(), 0);
    expect(isOpen()).toBe(open);
  }
});

it('closes the connection of a client that has paused, although one that reads has more left', async () => {
  const check = createUnreadAnswersCheck({ writeTimeoutMs: 10_000, maxUnreadBytes: SIZE * 3.5 });
  for (const path of ['/', '/', '/double']) await ask(path);
  const [paused = [], [reading]] = [[...connections.all()].slice(0, 2), [...connections.all()].slice(2)];
  // Nothing is awaited between the checks, so the first two send nothing; the third one is new.
  check(paused, 0);
  check(connections.all(), 1_000);
  expect(paused.filter(({ socket }) => socket.destroyed)).toHaveLength(1);
  expect(reading?.socket.destroyed).toBe(false);
});

it('leaves a connection without an answer alone, however long it is idle', async () => {
  const check = createUnreadAnswersCheck({ writeTimeoutMs: TIMEOUT_MS, maxUnreadBytes: 0 });
  const { read } = await ask();
  await read(SIZE);
  await eventually(() => expect(connections.unanswered()).toEqual([]));
  for (const now of [0, TIMEOUT_MS, 10 * TIMEOUT_MS]) check(connections.all(), now);
  expect(isOpen()).toBe(1);
});
