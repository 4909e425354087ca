import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, RESP_TYPES } from '@redis/client';
import { describe } from 'vitest';
import { freePort } from './free-port.ts';
import { ENGINES } from './store-engines.ts';

/** Tests of several gateways need a store; the end of the run says how to get one where there is none. */
export const describeWithRedis = describe.skipIf(ENGINES.length === 0);

/** The same for each engine that there is. */
export function describeWithEachEngine(title: string, tests: (engine: string | undefined) => void): void {
  for (const engine of ENGINES.length > 0 ? ENGINES : [undefined]) {
    describeWithRedis(`${title} (${engine ?? 'no Redis'})`, () => tests(engine));
  }
}

export type RedisServer = Awaited<ReturnType<typeof startRedis>>;

/** A server of its own on a loopback port, with nothing in it. Whoever starts it calls `close`. */
export async function startRedis(engine = ENGINES[0] ?? '', settings: readonly string[] = []) {
  const directory = mkdtempSync(join(tmpdir(), 'luaauth-graphql-redis-'));
  const port = await freePort();
  const args = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', directory];
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess;

  async function start(): Promise<void> {
    child = spawn(engine, [...args, '--enable-debug-command', 'yes', ...settings], { stdio: 'ignore' });
    await answering();
  }

  async function answering(): Promise<void> {
    for (;;) {
      try {
        // Another server may have taken the port since it was free: what answers has to be this one.
        if (String(await command('INFO', 'server')).includes(`process_id:${child.pid}\r`)) return;
      } catch {
        // It does not listen yet.
      }
      if (child.exitCode !== null) throw new Error(`${engine} has ended: is port ${port} taken?`);
      await delay(10);
    }
  }

  /** Runs one command on a connection of its own. */
  const command = (...words: readonly string[]) => run(words, {});

  async function run(words: readonly (string | Buffer)[], typeMapping: object): Promise<unknown> {
    const client = createClient({
      url,
      socket: { reconnectStrategy: false },
      commandOptions: { typeMapping },
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await client.sendCommand([...words]);
    } finally {
      if (client.isOpen) client.destroy();
    }
  }

  async function stop(): Promise<void> {
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
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    /** All that is in it, as it would be written to a disk. */
    async dump(): Promise<Buffer> {
      const keys = (await command('KEYS', '*')) as string[];
      const parts: Buffer[] = [];
      const client = createClient({ url });
      await client.connect();
      for (const key of keys) {
        parts.push(Buffer.from(key));
        const type = await client.sendCommand(['TYPE', key]);
        parts.push(Buffer.from(JSON.stringify(await everythingIn(client, String(type), key))));
      }
      client.destroy();
      return Buffer.concat(parts);
    },
    async close(): Promise<void> {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function everythingIn(
  client: { sendCommand(words: string[]): Promise<unknown> },
  type: string,
  key: string,
): Promise<unknown> {
  if (type === 'hash') return client.sendCommand(['HGETALL', key]);
  if (type === 'zset') return client.sendCommand(['ZRANGE', key, '0', '-1', 'WITHSCORES']);
  if (type === 'stream') return client.sendCommand(['XRANGE', key, '-', '+']);
  return client.sendCommand(['GET', key]);
}
