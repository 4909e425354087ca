import { type Clock, keepAlive, wait } from '../../transport/clock.ts';
import type { RandomSource } from '../../transport/random-source.ts';
import {
  type Argument,
  connectToRedis,
  type LuaScript,
  type RedisConnection,
  RedisRefused,
} from './client.ts';
import { type CreateClient, RedisClientMissing } from './driver.ts';
import { Membership } from './membership.ts';

interface RedisLinkOptions {
  /** A `redis://` or `rediss://` URL, as `@redis/client` understands it. */
  readonly url: string;
  /**
   * Returns the URL for each connection, so that it may change; default: `url`. An error of `readUrl` becomes the reason why
   * Redis is lost.
   */
  readonly readUrl?: (() => string) | undefined;
  /** The prefix of every key. Gateways with the same prefix count together. */
  readonly prefix: string;
  /** Requests in any second for one API key; 0: no limit. Must be the same in all gateways. */
  readonly rate: number;
  /** The number of gateways that divide the quota, also before Redis is first reached; undefined: the present gateways. */
  readonly instances: number | undefined;
  readonly commandTimeoutMs: number;
  /** Its timers do not keep the process alive. */
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly createClient: CreateClient;
  /**
   * Called with the reason when the other gateways are lost, and for each new reason. Called with undefined when the gateways
   * are found.
   */
  readonly onChange: (reason: Error | undefined) => void;
  /** Called when a value of this kind in Redis is dropped. */
  readonly onRejected: (kind: string) => void;
}

const BEAT_MS = 250;
/** How long a start tries to reach Redis, in ms. */
const START_MS = 5_000;
/** The fewest attempts of a start: on a busy machine one attempt may take all of `START_MS`. */
const START_TRIES = 5;
const CONNECT_MS = 1_000;
const RETRY_MS = 100;
/** The most reasons that are reported for one partition. */
const MAX_TOLD = 20;
/**
 * How often Redis is checked during recovery, in ms. Shorter than any stall that counts as a partition, so that no stall is
 * missed.
 */
const WATCH_EVERY_MS = 25;
/** How long Redis must answer well before it is used again, in ms. Doubles after each partition that follows soon. */
const CALM_MS = 2_000;
const MAX_CALM_MS = 60_000;
/** A multiple of the calm time. After so long without a partition, the calm time returns to `CALM_MS`. */
const FORGIVEN_AFTER = 10;
/** The shortest use of a share that was waited for, even if Redis is well, in ms. Otherwise one wait could follow another. */
const SERVED_MS = 1_000;
/** When a refused call may be tried again, in ms. */
const REFUSED_MS = 1_000;

export type RedisLink = ReturnType<typeof createRedisLink>;

/**
 * The connection to Redis, and its state. Any failed command is a partition. The connection is closed, and the process is
 * degraded to its share of the quota. The process reconnects at once. It counts, caches and leads by the new connection only
 * after Redis has answered well for a while.
 */
export function createRedisLink(options: RedisLinkOptions) {
  const {
    url,
    readUrl = () => url,
    prefix,
    rate,
    instances,
    commandTimeoutMs,
    onChange,
    onRejected,
  } = options;
  const { clock, random, createClient } = options;
  const { now } = clock;
  const onChanged = new Set<() => unknown>();
  const onClose = new Set<() => unknown>();
  let catchUp: () => Promise<void> = async () => undefined;
  let connection: RedisConnection | undefined;
  let isDegraded = false;
  /** The number of the last partition, whether it is over or not. */
  let lastPartition = 0;
  let isOpen = false;
  let isClosed = false;
  let calmMs = CALM_MS;
  /** The reasons that were reported for this partition. */
  const told = new Set<string>();
  let backAt = Number.NEGATIVE_INFINITY;

  /**
   * Returns the name of a key. A cluster keeps keys with the same tag together. The default tag is common to all accounts.
   */
  const key = (name: string, tag = 'gateways') => `${prefix}:{${tag}}:${name}`;

  const callBack = async () => {
    const actions = [...onChanged];
    onChanged.clear();
    await Promise.all(actions.map((action) => action()));
  };

  /** Uses the connection. @throws when the store is lost before or during the use: a command may have run nevertheless. */
  const use = async (
    action: (connection: RedisConnection) => Promise<unknown>,
    isOffer: boolean,
  ): Promise<unknown> => {
    const used = connection;
    if (!used) throw new Error('Redis is lost');
    try {
      return await action(used);
    } catch (error) {
      const isLost = !(isOffer && error instanceof RedisRefused);
      if (isLost && used === connection) degrade(asError(error));
      throw error;
    }
  };

  /** Runs a script. @throws when the store is lost before or during the run: the script may have run nevertheless. */
  const run = (script: LuaScript, keys: readonly string[], args: readonly Argument[]): Promise<unknown> =>
    use((used) => used.run(script, keys, args), false);

  const membership = new Membership({
    ...{ instances, now, random, key, run, onRejected },
    onChange: () => void callBack(),
  });

  const disconnect = () => {
    connection?.end();
    connection = undefined;
  };

  const connect = async () => {
    const opened = await connectToRedis({
      url: readUrl(),
      connectTimeoutMs: CONNECT_MS,
      commandTimeoutMs,
      clock,
      createClient,
      onLost: (reason) => {
        if (opened === connection) degrade(reason);
      },
    });
    connection = opened;
    try {
      await membership.enter(opened.runId);
    } catch (error) {
      disconnect();
      throw error;
    }
  };

  /** Beats until Redis is lost. A partition lasts longer than `BEAT_MS`, so two loops never run at once. */
  const beatOn = async () => {
    for (;;) {
      await wait(clock, BEAT_MS);
      if (isClosed || isDegraded) return;
      await membership.beat().catch(() => undefined);
    }
  };

  /** Reports a reason once in each partition. */
  const tell = (reason: Error) => {
    if (told.has(reason.message) || told.size === MAX_TOLD) return;
    told.add(reason.message);
    onChange(reason);
  };

  const degrade = (reason: Error) => {
    disconnect();
    if (isDegraded || !isOpen || isClosed) return;
    lastPartition += 1;
    isDegraded = true;
    const isForgiven = now() - backAt > FORGIVEN_AFTER * calmMs;
    calmMs = isForgiven ? CALM_MS : Math.min(MAX_CALM_MS, 2 * calmMs);
    membership.reserve();
    told.clear();
    tell(reason);
    void callBack();
    void recover();
  };

  const isCalm = (wellSince: number) =>
    connection !== undefined && now() - wellSince >= calmMs && now() - membership.degradedFrom >= SERVED_MS;

  const recover = async () => {
    let wellSince = Number.POSITIVE_INFINITY;
    let beatAt = Number.NEGATIVE_INFINITY;
    while (!isCalm(wellSince)) {
      try {
        const isBeat = now() - beatAt >= BEAT_MS;
        if (!connection || isBeat) beatAt = now();
        if (!connection) {
          await connect();
          wellSince = now();
        } else await (isBeat ? membership.beat() : connection.send('PING'));
        await wait(clock, WATCH_EVERY_MS);
        // Runs last: the store must know all answered writes of this process before the store is used again.
        await catchUp();
      } catch (error) {
        disconnect();
        if (!isClosed) tell(asError(error));
        await wait(clock, RETRY_MS);
      }
      if (isClosed) return disconnect();
    }
    isDegraded = false;
    backAt = now();
    onChange(undefined);
    try {
      await callBack();
      if (isDegraded) return;
      // The others may now use the share: the store has all requests that were sent.
      await membership.release();
      void beatOn();
    } catch (error) {
      if (!isDegraded) degrade(asError(error));
    }
  };

  return {
    membership,
    clock,
    now,
    random,
    prefix,
    key,
    run,
    /**
     * The same for a value that may be missing. Redis is not lost if it has no room for the value, or rejects the value.
     * @throws as `run` does; RedisRefused.
     */
    offer: (script: LuaScript, keys: readonly string[], args: readonly Argument[]) =>
      use((used) => used.run(script, keys, args), true),
    /** Sends a command for a value that may be missing. @throws as `offer` does. */
    send: (...words: readonly Argument[]) => use((used) => used.send(...words), true),
    /** Gives up the store for the reason, which it returns. */
    lose(reason: Error): Error {
      degrade(reason);
      return reason;
    },
    /** Whether this process has left the store. */
    get isClosed() {
      return isClosed;
    },
    get isDegraded() {
      return isDegraded;
    },
    /** Whether Redis can be reached. While the process is degraded, Redis has not answered well for long enough yet. */
    get isReachable() {
      return connection !== undefined;
    },
    get lastPartition() {
      return lastPartition;
    },
    get partition() {
      return isDegraded ? lastPartition : 0;
    },
    refusedMs: () => (!isDegraded || rate === 0 || membership.shareOf(rate) > 0 ? 0 : REFUSED_MS),
    /**
     * Connects for the first time. If Redis is not required or takes no writes, begins without Redis, and goes on trying.
     * @throws when Redis is required and all attempts fail for `START_MS`; RedisClientMissing.
     */
    async open(isRequired: boolean): Promise<void> {
      const startedAt = now();
      for (let tries = 1; ; tries += 1) {
        try {
          await connect();
          isOpen = true;
          void beatOn();
          return;
        } catch (cause) {
          if (cause instanceof RedisClientMissing) throw cause;
          // A full or read-only Redis is there. The other gateways go on without it, so this gateway begins too.
          const isThere = cause instanceof RedisRefused && cause.cannotWrite;
          if (!isRequired || isThere) {
            isOpen = true;
            membership.beginWithout();
            return degrade(asError(cause));
          }
          if (tries >= START_TRIES && now() - startedAt > START_MS) {
            const tried = `${tries} attempts within ${START_MS / 1_000} s failed, the last one with:`;
            throw new Error(`${tried} ${asError(cause).message}`, { cause });
          }
          const letEnd = keepAlive();
          await wait(clock, RETRY_MS);
          letEnd();
        }
      }
    },
    /** Sets the action that brings the store up to date before a partition is over. */
    onBack(action: () => Promise<void>) {
      catchUp = action;
    },
    /**
     * Calls back once: when the others are lost or found, the share is usable sooner, or the store is new. The share stays
     * reserved until a returned Promise resolves.
     */
    whenChanged: (action: () => unknown) => void onChanged.add(action),
    notWhenChanged: (action: () => unknown) => void onChanged.delete(action),
    /** Calls back once, before this process leaves the store. A returned Promise is awaited. */
    whenClosed: (action: () => unknown) => void onClose.add(action),
    notWhenClosed: (action: () => unknown) => void onClose.delete(action),
    /** Reports a kind of value in the store that was dropped, because it is not authentic or has another form. */
    rejected: onRejected,
    async close() {
      if (!isDegraded) await Promise.allSettled([...onClose].map((action) => action()));
      isClosed = true;
      const used = connection;
      await membership.leave().catch(() => undefined);
      connection = undefined;
      used?.end();
    },
  };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
