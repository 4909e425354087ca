import { createHash } from 'node:crypto';
import { type Clock, wait } from '../../base/clock.ts';
import { type CreateClient, type DriverClient, loadClient } from './driver.ts';

/** A script that Redis runs as one step, and the hash by which Redis remembers it. */
export interface LuaScript {
  readonly source: string;
  readonly sha: string;
}

/** The beginning of each script. `now` is the time of Redis in whole ms: scripts know no other time. */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

const words = (text: string) => text.split(' ').filter((word) => word !== '');

/** `guard` comes before the text of the script. */
function scriptMaker(keys: string, args: string, guard: string) {
  const named = (names: string, list: string) =>
    words(names)
      .map((word, index) => {
        const name = word.replace('#', '');
        const value = `${list}[${index + 1}]`;
        return `local ${name} = ${word.endsWith('#') ? `tonumber(${value})` : value}\n`;
      })
      .join('');
  const list = `local list = ${words(args).length + 1}\n`;
  const begin = NOW + named(keys, 'KEYS') + named(args, 'ARGV') + list + guard;
  return (strings: TemplateStringsArray, ...values: readonly (string | number)[]): LuaScript => {
    const source = begin + String.raw({ raw: strings }, ...values);
    return { source, sha: createHash('sha1').update(source).digest('hex') };
  };
}

/**
 * Makes a script from named keys and named arguments. A "#" after the name of an argument
 * says that it is a number. Further arguments, whose number varies, are in ARGV from the index `list` on.
 */
export const lua = (keys: string, args: string) => scriptMaker(keys, args, '');

/**
 * Makes a script that does nothing and replies 0 if the store has another id than the process knows. Its first key names the store,
 * its first argument is the id. All other replies begin with 1 and the time.
 */
export const luaInStore = (keys: string, args: string) =>
  scriptMaker(
    `store ${keys}`,
    `id ${args}`,
    "if redis.call('HGET', store, 'id') ~= id then return { 0, now } end",
  );

export type Argument = string | number | Buffer;

interface RedisConnectionOptions {
  readonly url: string;
  /** How long a command may take, in ms. */
  readonly commandTimeoutMs: number;
  /** How long connecting may take, in ms. */
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  readonly createClient: CreateClient;
}

/** Redis has answered a command with an error. The connection still works. */
export class RedisRefused extends Error {
  override name = 'RedisRefused' as const;
  /** Whether Redis rejects all writes for a while: it is full, a replica, or still loading. */
  readonly cannotWrite: boolean;
  /** Whether Redis does not remember the script. */
  readonly isUnknownScript: boolean;

  constructor(cause: Error) {
    const [, code = ''] = CODES.exec(cause.message) ?? [];
    // The arguments of an unknown command may be a password: an old Redis does not know HELLO.
    const said = cause.message.replace(/,? with args beginning with:.*|\.$/s, '');
    super(IN_WORDS[code] ?? said, { cause });
    this.isUnknownScript = cause.message.startsWith('NOSCRIPT');
    this.cannotWrite = /OOM|READONLY|MISCONF|NOREPLICAS/.test(code) || cause.message.startsWith('LOADING');
  }
}

const NO_CLUSTER = 'which is not supported. Set REDIS_URL to a Redis without cluster mode';

const IN_WORDS: Readonly<Record<string, string>> = {
  NOAUTH: 'Redis asks for a password (NOAUTH). Put it into REDIS_URL',
  OOM: 'Redis is full (OOM). Raise its maxmemory, or take out what else is in it',
  READONLY: 'Redis is a replica, which is read-only (READONLY). Set REDIS_URL to the primary',
  MISCONF:
    'Redis takes no writes, as it cannot save to its disk (MISCONF). Turn its snapshots off, or mend the disk',
  NOREPLICAS:
    'Redis takes no writes, as it has too few replicas (NOREPLICAS). Start them, or set min-replicas-to-write to 0',
  MOVED: `Redis is part of a cluster (MOVED), ${NO_CLUSTER}`,
  ASK: `Redis is part of a cluster (ASK), ${NO_CLUSTER}`,
  CLUSTERDOWN: `Redis is part of a cluster (CLUSTERDOWN), ${NO_CLUSTER}`,
  CROSSSLOT: `Redis is a cluster, or a proxy of a cluster (CROSSSLOT), ${NO_CLUSTER}`,
};
const CODES = new RegExp(`\\b(${Object.keys(IN_WORDS).join('|')})\\b`);

/** Opens one connection to Redis, which never reconnects. @throws when connecting fails; RedisRefused; RedisClientMissing. */
export async function connectToRedis(options: RedisConnectionOptions): Promise<RedisConnection> {
  const { RESP_TYPES } = await loadClient();
  const client = await options.createClient({
    url: options.url,
    // The link opens the next connection, as it also has to enter the store again.
    socket: { reconnectStrategy: false, connectTimeout: options.connectTimeoutMs },
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    // The driver's timeout does not end a command that was sent.
    commandOptions: { timeout: 0, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  });
  const connection = new RedisConnection(client, options);
  try {
    await connection.open(options);
    return connection;
  } catch (error) {
    connection.end();
    throw await refusalIn(error);
  }
}

/** An error that Redis has answered becomes a `RedisRefused`. */
async function refusalIn(error: unknown): Promise<unknown> {
  const { ErrorReply } = await loadClient();
  return error instanceof ErrorReply ? new RedisRefused(error) : error;
}

/** After the time of a command is over, an answer that has already come gets this time to be read, in ms. */
const LOOK_MS = 25;

/** Made by `connectToRedis`. */
export class RedisConnection {
  readonly #client: DriverClient;
  readonly #clock: Clock;
  readonly #commandTimeoutMs: number;
  /** Why the connection has ended. */
  #over: Error | undefined;
  /** Names the run of the Redis process, and changes at each start. */
  runId = '';
  /** Called when the connection is lost, but not after a call of `end`. */
  onLost: ((reason: Error) => void) | undefined;

  constructor(client: DriverClient, { clock, commandTimeoutMs }: RedisConnectionOptions) {
    this.#client = client;
    this.#clock = clock;
    this.#commandTimeoutMs = commandTimeoutMs;
    client.on('error', (reason) => this.#lose(reason));
    client.on('end', () => this.#lose(new Error('Redis has closed the connection')));
  }

  async open({ clock, connectTimeoutMs }: RedisConnectionOptions): Promise<void> {
    const tooLate = wait(clock, connectTimeoutMs).then(() => {
      throw lateAnswer(connectTimeoutMs);
    });
    const opened = this.#client.connect().then(() => this.#client.sendCommand(['INFO', 'server']));
    // The slower of the two may fail after the race is decided.
    for (const attempt of [tooLate, opened]) attempt.catch(() => undefined);
    const facts = String(await Promise.race([opened, tooLate]));
    if (/^(redis|server)_mode:cluster/m.test(facts))
      throw new RedisRefused(new Error(`Redis runs in cluster mode, ${NO_CLUSTER}`));
    this.runId = /^run_id:(\w+)/m.exec(facts)?.[1] ?? '';
  }

  /**
   * Sends a command; texts come back as Buffers. @throws RedisRefused; when the command fails or takes too long: it may have
   * run nevertheless.
   */
  async send(...words: readonly Argument[]): Promise<unknown> {
    if (this.#over) throw this.#over;
    const answered = this.#expectAnswer();
    try {
      return await this.#client.sendCommand(
        words.map((word) => (typeof word === 'number' ? String(word) : word)),
      );
    } catch (error) {
      const refusal = await refusalIn(error);
      // For a command of a lost connection, the driver reports only that the command was cut off.
      throw refusal instanceof RedisRefused ? refusal : (this.#over ?? error);
    } finally {
      answered();
    }
  }

  /** Runs a script. @throws as `send` does. */
  async run(
    { sha, source }: LuaScript,
    keys: readonly string[],
    args: readonly Argument[],
  ): Promise<unknown> {
    const words = [keys.length, ...keys, ...args];
    try {
      return await this.send('EVALSHA', sha, ...words);
    } catch (error) {
      if (!(error instanceof RedisRefused && error.isUnknownScript)) throw error;
      return this.send('EVAL', source, ...words);
    }
  }

  /**
   * Loses the connection if the returned function is not called in time. After a stall of this process the answer may have come but
   * is not read yet, so it gets a moment more.
   */
  #expectAnswer(): () => void {
    const timeoutMs = this.#commandTimeoutMs;
    let callOff = this.#clock.after(timeoutMs, () => {
      callOff = this.#clock.after(LOOK_MS, () => this.#lose(lateAnswer(timeoutMs)));
    });
    return () => callOff();
  }

  end(): void {
    this.onLost = undefined;
    this.#lose(new Error('The connection to Redis is gone'));
  }

  #lose(reason: Error): void {
    if (this.#over) return;
    this.#over = reason;
    this.#client.destroy();
    this.onLost?.(reason);
  }
}

function lateAnswer(afterMs: number): Error {
  return new Error(`Redis has not answered within ${afterMs} ms`);
}
