import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createRedisClient, loadClient } from './driver.ts';

/** A script that Redis runs as one step, and the name under which it remembers it. */
export interface LuaScript {
  readonly source: string;
  readonly sha: string;
}

/** Every script begins with it: the time of Redis in whole ms, which is the only one that they know. */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function raise(key, ms)
  if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, math.ceil(ms)) end
end
`;

export function lua(strings: TemplateStringsArray, ...values: readonly (string | number)[]): LuaScript {
  const source = NOW + String.raw({ raw: strings }, ...values);
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

export type Argument = string | number | Buffer;

export interface RedisConnection {
  /** Runs a script; texts come back as Buffers. @throws RedisRefused; when it fails or takes too long: it may have run all the same. */
  run(script: LuaScript, keys: readonly string[], args: readonly Argument[]): Promise<unknown>;
  /** Names the run of the Redis process: another one after each start. */
  readonly runId: string;
  end(): void;
}

interface RedisConnectionOptions {
  readonly url: string;
  /** How long a command may take, in ms. */
  readonly commandTimeoutMs: number;
  /** How long it may take to connect, in ms. */
  readonly connectTimeoutMs: number;
  /** The connection is gone, and not because `end` was called. */
  readonly onLost: (reason: Error) => void;
}

/** For how long a start tries to reach Redis. */
export const START_MS = 5_000;

/** Redis could not be used during the whole time that a start takes. */
export class RedisUnreachable extends Error {
  override name = 'RedisUnreachable' as const;

  constructor(tries: number, cause: Error) {
    super(`${tries} attempts within ${START_MS / 1_000} s failed, the last one with: ${cause.message}`, {
      cause,
    });
  }
}

/** Redis has answered, with an error: it does not take a command. The connection is as good as before. */
export class RedisRefused extends Error {
  override name = 'RedisRefused' as const;
  /** Whether it takes nothing that has to be written, though it is there and can be read. */
  readonly cannotWrite: boolean;

  constructor(cause: Error) {
    const [, code = ''] = /\b(OOM|READONLY|MISCONF|NOREPLICAS)\b/.exec(cause.message) ?? [];
    super(CANNOT_WRITE[code] ?? cause.message, { cause });
    this.cannotWrite = code !== '';
  }
}

const CANNOT_WRITE: Readonly<Record<string, string>> = {
  OOM: 'Redis is full (OOM). Raise its maxmemory, or take out what else is in it',
  READONLY: 'Redis is a replica, which is read-only (READONLY). Set REDIS_URL to the primary',
  MISCONF:
    'Redis takes no writes, as it cannot save to its disk (MISCONF). Turn its snapshots off, or mend the disk',
  NOREPLICAS:
    'Redis takes no writes, as it has too few replicas (NOREPLICAS). Start them, or set min-replicas-to-write to 0',
};

/** One connection to Redis, for as long as it lasts. @throws when there is none; RedisClientMissing. */
export async function connectToRedis(options: RedisConnectionOptions): Promise<RedisConnection> {
  const { url, connectTimeoutMs, commandTimeoutMs, onLost } = options;
  const { ErrorReply, RESP_TYPES } = await loadClient();
  const client = await createRedisClient({
    url,
    // The owner of a lost connection has more to do than to open another one.
    socket: { reconnectStrategy: false, connectTimeout: connectTimeoutMs },
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    // The watch below is enough: the driver's own would make a signal and a timer for each command.
    commandOptions: { timeout: 0, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  });
  const watch = new PatienceWatch(commandTimeoutMs, () =>
    lose(new Error(`Redis has not answered within ${commandTimeoutMs} ms`)),
  );
  let isOpen = false;
  let isOver = false;
  let whyLost: Error | undefined;
  const end = () => {
    if (isOver) return;
    isOver = true;
    watch.stop();
    client.destroy();
  };
  const lose = (reason: Error) => {
    if (isOver) return;
    whyLost = reason;
    end();
    if (isOpen) onLost(reason);
  };
  client.on('error', lose);
  client.on('end', () => lose(new Error('Redis has closed the connection')));

  const send = (args: readonly Argument[]): Promise<unknown> => {
    if (isOver) return Promise.reject(new Error('The connection to Redis is gone'));
    const ended = watch.begin();
    const texts = args.map((arg) => (typeof arg === 'number' ? String(arg) : arg));
    return client
      .sendCommand(texts)
      .catch((error) => {
        if (error instanceof ErrorReply && !error.message.startsWith(NO_SCRIPT))
          throw new RedisRefused(error);
        // The driver says of each command only that it was cut off.
        throw whyLost ?? error;
      })
      .finally(ended);
  };
  try {
    const tooLate = delay(connectTimeoutMs, undefined, { ref: false }).then(() => {
      throw new Error(`Redis has not answered within ${connectTimeoutMs} ms`);
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
          if (!(error instanceof Error) || !error.message.startsWith(NO_SCRIPT)) throw error;
          return send(['EVAL', source, keys.length, ...keys, ...args]);
        }
      },
    };
  } catch (error) {
    end();
    throw error;
  }
}

/** Redis does not know the script. */
const NO_SCRIPT = 'NOSCRIPT';

const LOOK_EVERY_MS = 25;

/**
 * Notices when an answer takes too long. Redis answers in order, so the oldest command is the late one. A process that stood still
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

  /** The returned function is called when the answer is there. */
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
