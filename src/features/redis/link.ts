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
  /** `redis://` or `rediss://`, as `@redis/client` understands it. */
  readonly url: string;
  /** Gives the URL of each connection, so that it may change; without it, `url`. Its error says why Redis is lost. */
  readonly readUrl?: (() => string) | undefined;
  /** The prefix of every key's name: gateways with the same prefix count together. */
  readonly prefix: string;
  /** Requests in any second for one API key; 0: no limit. The same in all gateways. */
  readonly rate: number;
  /** How many gateways there are, for one that has never reached Redis; undefined: those that are there. */
  readonly instances: number | undefined;
  readonly commandTimeoutMs: number;
  /** Its timers do not keep the process alive. */
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly createClient: CreateClient;
  /** Called when the other gateways are lost (why), for each new reason why they stay lost, and when they are found (undefined). */
  readonly onChange: (reason: Error | undefined) => void;
  /** Called when a value of this kind in Redis is dropped. */
  readonly onRejected: (kind: string) => void;
}

const BEAT_MS = 250;
/** For how long a start tries to reach Redis. */
const START_MS = 5_000;
/** A start tries so often at least: on a busy machine one attempt may take all of that time. */
const START_TRIES = 5;
const CONNECT_MS = 1_000;
const RETRY_MS = 100;
/** The most reasons that one partition tells. */
const MAX_TOLD = 20;
/** Shorter than any stall that would be a partition, so that none is missed while Redis is watched. */
const WATCH_EVERY_MS = 25;
/** For how long Redis must have answered well before it is used again: twice as long after each partition that comes soon. */
const CALM_MS = 2_000;
const MAX_CALM_MS = 60_000;
/** A multiple of the calm time: all must be well for so long until a partition counts as the first one again. */
const FORGIVEN_AFTER = 10;
/** For how long a share that was waited for is used, whatever Redis does: otherwise one wait could follow another. */
const SERVED_MS = 1_000;
/** When a refused call may be tried again. */
const REFUSED_MS = 1_000;

export type RedisLink = ReturnType<typeof createRedisLink>;

/**
 * The connection to Redis, and whether it lasts. Any command that fails is a partition: then the connection is thrown away, and
 * the process is degraded, with its share of the quota. It tries to connect again at once, but counts, caches and leads nothing by the
 * new connection until Redis has answered well for a while.
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
  /** The number of the last partition, over or not. */
  let lastPartition = 0;
  let isOpen = false;
  let isClosed = false;
  let calmMs = CALM_MS;
  /** The reasons of this partition that were told. */
  const told = new Set<string>();
  let backAt = Number.NEGATIVE_INFINITY;

  /** A key's name. A cluster keeps those of one tag together; without one it is common to all. */
  const key = (name: string, tag = 'gateways') => `${prefix}:{${tag}}:${name}`;

  const callBack = async () => {
    const actions = [...onChanged];
    onChanged.clear();
    await Promise.all(actions.map((action) => action()));
  };

  /** @throws when the store is lost, or is lost meanwhile: the script may have run all the same. */
  const run = async (
    script: LuaScript,
    keys: readonly string[],
    args: readonly Argument[],
    isOffer = false,
  ): Promise<unknown> => {
    const used = connection;
    if (!used) throw new Error('Redis is lost');
    try {
      return await used.run(script, keys, args);
    } catch (error) {
      const isLost = !(isOffer && error instanceof RedisRefused);
      if (isLost && used === connection) degrade(asError(error));
      throw error;
    }
  };

  const membership = new Membership({ instances, now, random, key, run, onChange: () => void callBack() });

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

  /** Until Redis is lost, which ends it before it could begin again. */
  const beatOn = async () => {
    for (;;) {
      await wait(clock, BEAT_MS);
      if (isClosed || isDegraded) return;
      await membership.beat().catch(() => undefined);
    }
  };

  /** Tells a reason once in each partition. */
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
        } else await (isBeat ? membership.beat() : connection.ping());
        await wait(clock, WATCH_EVERY_MS);
        // At the end, so that no write that this process has answered is unknown to the store when it is used again.
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
      // From now on the others may use the share: all that was sent stands in the store.
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
     * The same for a value that can be missing: Redis is not lost when it has no room for it, or does not take it.
     * @throws as `run` does; RedisRefused.
     */
    offer: (script: LuaScript, keys: readonly string[], args: readonly Argument[]) =>
      run(script, keys, args, true),
    /** Whether this process has left the store. */
    get isClosed() {
      return isClosed;
    },
    get isDegraded() {
      return isDegraded;
    },
    /** Whether Redis can be reached: while the process is degraded it has not answered well for long enough yet. */
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
     * Connects for the first time. One that is not required, or takes no writes, begins without Redis, and goes on trying.
     * @throws when it is required and all attempts fail for `START_MS`; RedisClientMissing.
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
          // One that is full or read-only is there: that others go on without it is no reason not to begin.
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
    /** Brings the store up to date before a partition is over. */
    onBack(action: () => Promise<void>) {
      catchUp = action;
    },
    /**
     * Calls back once, when the others are lost or found again, the share can be used sooner, or the store is new. A Promise that
     * it gives is awaited before the share is no longer reserved.
     */
    whenChanged: (action: () => unknown) => void onChanged.add(action),
    notWhenChanged: (action: () => unknown) => void onChanged.delete(action),
    /** Calls back once, before this process leaves the store. A Promise that it gives is awaited. */
    whenClosed: (action: () => unknown) => void onClose.add(action),
    notWhenClosed: (action: () => unknown) => void onClose.delete(action),
    /** Called when a value of this kind in the store was dropped, because it is not authentic or has another form. */
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
