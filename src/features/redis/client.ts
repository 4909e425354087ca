import { createHash } from 'node:crypto';
import { type Clock, wait } from '../../transport/clock.ts';
import { type CreateClient, loadClient } from './driver.ts';

/** A script that Redis runs as one step, and the name by which Redis remembers it. */
export interface LuaScript {
  readonly source: string;
  readonly sha: string;
}

/** The time of Redis in whole ms is the only one that scripts know. */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function raise(key, ms)
  if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, math.ceil(ms)) end
end
`;

/**
 * A script of keys and arguments that have names in it; an argument with "#" is a number. Those that follow, whose number varies, it
 * takes from KEYS and ARGV.
 */
export function lua(keys: string, args: string) {
  const named = (names: string, list: string) =>
    names
      .split(' ')
      .filter((name) => name !== '')
      .map((name, index) => {
        const value = `${list}[${index + 1}]`;
        return `local ${name.replace('#', '')} = ${name.endsWith('#') ? `tonumber(${value})` : value}\n`;
      })
      .join('');
  const begin = NOW + named(keys, 'KEYS') + named(args, 'ARGV');
  return (strings: TemplateStringsArray, ...values: readonly (string | number)[]): LuaScript => {
    const source = begin + String.raw({ raw: strings }, ...values);
    return { source, sha: createHash('sha1').update(source).digest('hex') };
  };
}

export type Argument = string | number | Buffer;

export type RedisConnection = Awaited<ReturnType<typeof connectToRedis>>;

interface RedisConnectionOptions {
  readonly url: string;
  /** How long a command may take, in ms. */
  readonly commandTimeoutMs: number;
  /** How long it may take to connect, in ms. */
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  readonly createClient: CreateClient;
  /** The connection is gone, and not because `end` was called. */
  readonly onLost: (reason: Error) => void;
}

/** Redis has answered, with an error: it does not take a command. The connection is as good as before. */
export class RedisRefused extends Error {
  override name = 'RedisRefused' as const;
  /** Whether it takes nothing that has to be written, though it is there and can be read. */
  readonly cannotWrite: boolean;

  constructor(cause: Error) {
    const [, code = ''] = CODES.exec(cause.message) ?? [];
    super(IN_WORDS[code] ?? cause.message.replace(/\.$/, ''), { cause });
    this.cannotWrite = /OOM|READONLY|MISCONF|NOREPLICAS/.test(code);
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

/** One connection to Redis, for as long as it lasts. @throws when there is none; RedisRefused; RedisClientMissing. */
export async function connectToRedis(options: RedisConnectionOptions) {
  const { url, connectTimeoutMs, commandTimeoutMs, clock, createClient, onLost } = options;
  const { ErrorReply, RESP_TYPES } = await loadClient();
  const client = await createClient({
    url,
    // The owner of a lost connection has more to do than to open another one.
    socket: { reconnectStrategy: false, connectTimeout: connectTimeoutMs },
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    // The watch below is enough: the driver's own would make a signal and a timer for each command.
    commandOptions: { timeout: 0, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  });
  const watch = createWatch(clock, commandTimeoutMs, () =>
    lose(new Error(`Redis has not answered within ${commandTimeoutMs} ms`)),
  );
  let isOpen = false;
  let isOver = false;
  let whyLost = new Error('The connection to Redis is gone');
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

  /** Runs a script; texts come back as Buffers. @throws RedisRefused; when it fails or takes too long: it may have run all the same. */
  const run = async (
    script: LuaScript,
    keys: readonly string[],
    args: readonly Argument[],
    isRemembered = true,
  ): Promise<unknown> => {
    if (isOver) throw whyLost;
    const command = isRemembered ? ['EVALSHA', script.sha] : ['EVAL', script.source];
    const values = args.map((arg) => (typeof arg === 'number' ? String(arg) : arg));
    const answered = watch.begin();
    try {
      return await client.sendCommand([...command, String(keys.length), ...keys, ...values]);
    } catch (error) {
      // The driver says of each command only that it was cut off.
      if (!(error instanceof ErrorReply)) throw isOver ? whyLost : error;
      if (isRemembered && error.message.startsWith('NOSCRIPT')) return run(script, keys, args, false);
      throw new RedisRefused(error);
    } finally {
      answered();
    }
  };
  /** Asks whether Redis answers. @throws when it does not, or takes too long. */
  const ping = async (): Promise<void> => {
    if (isOver) throw whyLost;
    const answered = watch.begin();
    try {
      await client.sendCommand(['PING']);
    } catch (error) {
      throw isOver ? whyLost : error;
    } finally {
      answered();
    }
  };
  try {
    const tooLate = wait(clock, connectTimeoutMs).then(() => {
      throw new Error(`Redis has not answered within ${connectTimeoutMs} ms`);
    });
    const opened = client.connect().then(() => client.sendCommand(['INFO', 'server']));
    // One of the two fails when nobody waits for it any more.
    for (const one of [tooLate, opened]) one.catch(() => undefined);
    const facts = String(await Promise.race([opened, tooLate]));
    /** Names the run of the Redis process: another one after each start. */
    const [, runId = ''] = /^run_id:(\w+)/m.exec(facts) ?? [];
    if (/^(redis|server)_mode:cluster/m.test(facts))
      throw new Error(`Redis runs in cluster mode, ${NO_CLUSTER}`);
    isOpen = true;
    return { runId, end, run, ping };
  } catch (error) {
    end();
    throw error instanceof ErrorReply ? new RedisRefused(error) : error;
  }
}

const LOOK_EVERY_MS = 25;
/** A process that is busy comes late to every look. Between so many it has read an answer that is there. */
const MOST_LATE_LOOKS = 10;

/**
 * Notices when an answer takes too long. Redis answers in order, so the oldest command is the late one. A process that stood still
 * itself comes late to look, and finds the answer waiting: then it looks once more after that is read.
 */
function createWatch(clock: Clock, patienceMs: number, onOver: () => void) {
  const waiting = new Set<{ readonly since: number; looks: number }>();
  let callOff: (() => void) | undefined;
  let lookedAt = 0;
  const lookLater = () => {
    lookedAt = clock.now();
    callOff = clock.after(LOOK_EVERY_MS, look);
  };
  const look = () => {
    const now = clock.now();
    const wasLate = now - lookedAt > 2 * LOOK_EVERY_MS;
    const [oldest] = waiting;
    callOff = undefined;
    if (!oldest) return;
    lookLater();
    if (now - oldest.since <= patienceMs) return;
    oldest.looks += 1;
    if (!wasLate || oldest.looks === MOST_LATE_LOOKS) onOver();
  };
  return {
    /** A command is sent. The returned function is called when its answer is there. */
    begin() {
      const command = { since: clock.now(), looks: 0 };
      waiting.add(command);
      if (!callOff) lookLater();
      return () => waiting.delete(command);
    },
    stop() {
      callOff?.();
      waiting.clear();
    },
  };
}
