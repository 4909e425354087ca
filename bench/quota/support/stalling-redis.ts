import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@redis/client';

/** A Redis of its own that can be made to stand still, and ends with the benchmark. */
export interface StallingRedis {
  readonly url: string;
  command(...words: readonly string[]): Promise<unknown>;
  /** Stands still for so many ms of every `everyMs`, until the signal aborts. */
  stall(stallMs: number, everyMs: number, signal: AbortSignal): Promise<void>;
  /** The same Redis, with a round trip of between so many ms. */
  behind(leastMs: number, mostMs: number): Promise<{ readonly url: string; close(): void }>;
  stop(): Promise<void>;
}

export async function openRedis(): Promise<StallingRedis> {
  const port = await freePort();
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', ''];
  const child: ChildProcess = spawn('redis-server', settings, { stdio: 'ignore' });
  while (!(await answers(port))) await delay(20);
  const url = `redis://127.0.0.1:${port}`;
  const client = await createClient({ url })
    .on('error', () => undefined)
    .connect();
  return {
    url,
    command: (...words) => client.sendCommand(words),
    async stall(stallMs, everyMs, signal) {
      while (!signal.aborted) {
        child.kill('SIGSTOP');
        await delay(stallMs);
        child.kill('SIGCONT');
        await delay(everyMs - stallMs);
      }
    },
    async behind(leastMs, mostMs) {
      const server = createServer((client) => {
        const upstream = connect(port, '127.0.0.1');
        pass(client, upstream, leastMs / 2, mostMs / 2);
        pass(upstream, client, leastMs / 2, mostMs / 2);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port: own } = server.address() as AddressInfo;
      return { url: `redis://127.0.0.1:${own}`, close: () => server.close() };
    },
    async stop() {
      client.destroy();
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** Bytes keep their order, and come between so many ms later. */
function pass(from: Socket, to: Socket, leastMs: number, mostMs: number): void {
  let last = Promise.resolve();
  from.on('data', (bytes) => {
    const due = delay(leastMs + Math.random() * (mostMs - leastMs), undefined, { ref: false });
    last = last.then(() => due).then(() => void to.write(bytes));
  });
  from.on('error', () => undefined);
  from.on('close', () => to.destroy());
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
