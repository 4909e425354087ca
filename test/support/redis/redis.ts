import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, RESP_TYPES } from '@redis/client';
import { afterAll, beforeEach, describe } from 'vitest';
import { freePort } from '../network/free-port.ts';
import { ENGINES } from '../processes/tools.ts';

/** Tests of several gateways need a Redis, and are skipped where there is none; the end of a run counts them. */
export const describeWithRedis = describe.skipIf(ENGINES.length === 0);

/** The same for each engine that there is. They run beside each other, as such tests wait more than they work. */
export function describeWithEachEngine(title: string, tests: (engine: string | undefined) => void): void {
  for (const engine of ENGINES.length > 0 ? ENGINES : [undefined]) {
    describeWithRedis.concurrent(title, () => {
      describe.sequential(`(${engine ?? 'no Redis'})`, () => tests(engine));
    });
  }
}

/**
 * A Redis for all tests of a file, with nothing in it when one begins. Another one takes its place after a test that has stopped
 * it, or has changed more than what is in it.
 */
export function useRedis(engine?: string): { readonly server: RedisServer } {
  let server: RedisServer | undefined;
  beforeEach(async () => {
    if (server?.isAsStarted()) return void (await server.empty());
    await server?.close();
    server = await startRedis(engine);
  });
  afterAll(() => server?.close());
  return {
    get server() {
      if (!server) throw new Error('There is a Redis from the first test on.');
      return server;
    },
  };
}

/** Commands that change more than what is in a Redis, or let it answer late. */
const CHANGES = ['ACL', 'CLIENT', 'CONFIG', 'DEBUG', 'REPLICAOF', 'SCRIPT'];

/** Gateways are silent for more than a second before a store that is new. So this leaves what says that it is not. */
const EMPTY = `
for _, key in ipairs(redis.call('KEYS', '*')) do
  if not string.find(key, ':store$') then redis.call('DEL', key) end
end`;

export type RedisServer = Awaited<ReturnType<typeof startRedis>>;

/** A duplicate has its class, which the driver takes a tenth of a second to make. */
const first = createClient();

/** A server of its own on a loopback port, with nothing in it. The caller ends it by `close`. */
export async function startRedis(engine = ENGINES[0] ?? '', settings: readonly string[] = []) {
  const directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-redis-'));
  const port = await freePort();
  const args = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', directory];
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess;
  let isChanged = false;
  let connection: ReturnType<typeof connect> | undefined;

  async function start(): Promise<void> {
    const options = ['--enable-debug-command', 'yes', '--rdbcompression', 'no', ...settings];
    child = spawn(engine, [...args, ...options], { stdio: ['ignore', 'pipe', 'ignore'] });
    let said = '';
    for await (const text of child.stdout?.setEncoding('utf8') ?? []) {
      said += text;
      if (!said.includes('Ready to accept connections')) continue;
      child.stdout?.resume();
      return;
    }
    throw new Error(`${engine} has ended: is port ${port} taken?\n${said}`);
  }

  /** Runs one command. */
  function command(...words: readonly string[]): Promise<unknown> {
    isChanged ||= CHANGES.includes(words[0] ?? '');
    return run(words);
  }

  async function run(words: readonly (string | Buffer)[], typeMapping = {}): Promise<unknown> {
    connection ??= connect();
    return (await connection).sendCommand([...words], { typeMapping });
  }

  /** One for all commands, as long as it lasts. */
  async function connect() {
    const client = first.duplicate({ url, socket: { reconnectStrategy: false } });
    client.on('error', () => {
      connection = undefined;
    });
    return client.connect();
  }

  async function disconnect(): Promise<void> {
    const client = await connection?.catch(() => undefined);
    connection = undefined;
    if (client?.isOpen) client.destroy();
  }

  async function stop(): Promise<void> {
    isChanged = true;
    await disconnect();
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  }

  await start();
  return {
    url,
    command,
    /** The same for values that are no text. */
    bytes: (...words: readonly (string | Buffer)[]) =>
      run(words, { [RESP_TYPES.BLOB_STRING]: Buffer }) as Promise<Buffer>,
    start,
    /** Ends it at once; `start` begins with what it has saved. */
    stop,
    /** Lets it stand still, with its connections, until `resume`. */
    pause(): void {
      isChanged = true;
      child.kill('SIGSTOP');
    },
    resume: () => void child.kill('SIGCONT'),
    isAsStarted: () => !isChanged,
    empty: () => command('EVAL', EMPTY, '0'),
    /** All that is in it, as it writes it to a disk. */
    async dump(): Promise<Buffer> {
      await command('SAVE');
      return readFileSync(join(directory, 'dump.rdb'));
    },
    async close(): Promise<void> {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
