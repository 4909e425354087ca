import { setTimeout as delay } from 'node:timers/promises';
import type { LuaScript } from './lua/lua.ts';

export type Argument = string | number | Buffer;

export interface RedisConnection {
  /** Runs a script; texts come back as Buffers. @throws when it fails or takes too long: it may have run all the same. */
  run(script: LuaScript, keys: readonly string[], args: readonly Argument[]): Promise<unknown>;
  /** Names the run of the Redis process: another one after each start. */
  readonly runId: string;
  end(): void;
}

export interface RedisConnectionOptions {
  readonly url: string;
  /** How long a command may take, in ms. */
  readonly commandTimeoutMs: number;
  /** How long it may take to connect, in ms. */
  readonly connectTimeoutMs: number;
  /** The connection is gone, and not because `end` was called. */
  readonly onLost: (reason: Error) => void;
}

/** `@redis/client` is not installed. */
export class RedisClientMissing extends Error {
  override name = 'RedisClientMissing' as const;
}

/** One connection to Redis, for as long as it lasts. @throws when there is none; RedisClientMissing. */
export async function connectToRedis(options: RedisConnectionOptions): Promise<RedisConnection> {
  const { url, connectTimeoutMs, commandTimeoutMs, onLost } = options;
  const { createClient, RESP_TYPES } = await loadClient();
  const client = createClient({
    url,
    // Whoever loses a connection has more to do than to open another one.
    socket: { reconnectStrategy: false, connectTimeout: connectTimeoutMs },
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    commandOptions: { timeout: commandTimeoutMs, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  });
  const watch = new PatienceWatch(commandTimeoutMs, () => lose(new Error('Redis does not answer')));
  let isOpen = false;
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    watch.stop();
    client.destroy();
  };
  const lose = (reason: Error) => {
    if (isOver) return;
    end();
    if (isOpen) onLost(reason);
  };
  client.on('error', lose);
  client.on('end', () => lose(new Error('Redis has closed the connection')));

  const send = (args: readonly Argument[]): Promise<unknown> => {
    if (isOver) return Promise.reject(new Error('The connection to Redis is gone'));
    const ended = watch.begin();
    const texts = args.map((arg) => (typeof arg === 'number' ? String(arg) : arg));
    return client.sendCommand(texts).finally(ended);
  };
  try {
    const tooLate = delay(connectTimeoutMs, undefined, { ref: false }).then(() => {
      throw new Error('Redis does not answer');
    });
    const opened = client.connect().then(() => client.sendCommand(['INFO', 'server']));
    // One of the two fails when nobody waits for it any more.
    for (const one of [tooLate, opened]) one.catch(() => undefined);
    const facts = String(await Promise.race([opened, tooLate]));
    const [, runId = ''] = /^run_id:(\w+)/m.exec(facts) ?? [];
    isOpen = true;
    return {
      runId,
      end,
      async run({ sha, source }, keys, args) {
        try {
          return await send(['EVALSHA', sha, keys.length, ...keys, ...args]);
        } catch (error) {
          if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
          return send(['EVAL', source, keys.length, ...keys, ...args]);
        }
      },
    };
  } catch (error) {
    end();
    throw error;
  }
}

/** @throws RedisClientMissing */
export async function loadClient() {
  try {
    return await import('@redis/client');
  } catch (cause) {
    throw new RedisClientMissing('The package @redis/client is not installed', { cause });
  }
}

const LOOK_EVERY_MS = 25;

/**
 * Notices when an answer takes too long. Redis answers in order, so the oldest question tells. A process that stood still
 * itself comes late to look, and finds the answer waiting: then it looks once more after that is read.
 */
class PatienceWatch {
  readonly #patienceMs: number;
  readonly #onOver: () => void;
  readonly #waiting = new Set<{ readonly since: number }>();
  #timer: NodeJS.Timeout | undefined;
  #lookedAt = 0;

  constructor(patienceMs: number, onOver: () => void) {
    this.#patienceMs = patienceMs;
    this.#onOver = onOver;
  }

  /** What is given back is called when the answer is there. */
  begin(): () => void {
    const question = { since: performance.now() };
    this.#waiting.add(question);
    this.#timer ??= this.#lookLater();
    return () => this.#waiting.delete(question);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  #lookLater(): NodeJS.Timeout {
    this.#lookedAt = performance.now();
    return setTimeout(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  #look(): void {
    const now = performance.now();
    const wasLate = now - this.#lookedAt > 2 * LOOK_EVERY_MS;
    const [oldest] = this.#waiting;
    this.#timer = oldest && this.#lookLater();
    if (oldest && !wasLate && now - oldest.since > this.#patienceMs) this.#onOver();
  }
}
