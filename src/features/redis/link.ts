import { type Clock, keepAlive, wait } from '../../transport/clock.ts';
import { type RandomSource, randomId } from '../../transport/random-source.ts';
import {
  type Argument,
  connectToRedis,
  type LuaScript,
  type RedisConnection,
  RedisRefused,
} from './client.ts';
import { type CreateClient, RedisClientMissing } from './driver.ts';
import { createSendTimes } from './send-times.ts';
import { BEAT, BEAT_MS, createSlot, LEAVE, SILENCE_MS } from './slots.ts';

interface RedisLinkOptions {
  readonly url: string;
  /** The prefix of every key. Gateways with the same prefix count together. */
  readonly prefix: string;
  /** How many processes may share an account, from 1 to 10. */
  readonly instances: number;
  readonly commandTimeoutMs: number;
  /** Its timers do not keep the process alive. */
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly createClient: CreateClient;
  /** Called with the reason when Redis is lost, and for each new reason. Called with undefined when Redis is used again. */
  readonly onChange: (reason: Error | undefined) => void;
}

/** How long a start tries to reach Redis, in ms. */
const START_MS = 5_000;
/** How long a start waits for a free slot, in ms. */
const SLOT_MS = 10_000;
const CONNECT_MS = 1_000;
const RETRY_MS = 100;
/** The most reasons that are reported while Redis is lost. */
const MAX_TOLD = 20;
/** How often Redis is checked while it is lost, in ms. Shorter than any stall that counts as a loss. */
const WATCH_EVERY_MS = 25;

export type RedisLink = ReturnType<typeof createRedisLink>;

/**
 * The connection to Redis. Any failed command is a loss: the connection is closed, and the process goes on with its share of the
 * quota. It reconnects at once, and uses Redis again after Redis has answered well for a while.
 */
export function createRedisLink(options: RedisLinkOptions) {
  const { url, prefix, instances, commandTimeoutMs, onChange } = options;
  const { clock, random, createClient } = options;
  const { now } = clock;
  const storeKey = `${prefix}:store`;
  /** Names this process in the store. */
  const me = randomId(random);
  const slot = createSlot({ me, instances, now, random });
  const sendTimes = createSendTimes({ now, slot });
  const onReset = new Set<() => void>();
  let names = 0;
  const conditions: (() => boolean)[] = [];
  let connection: RedisConnection | undefined;
  let phase: 'starting' | 'open' | 'lost' | 'closed' = 'starting';
  /** The reasons that were reported for this loss. */
  const told = new Set<string>();

  const isClosed = () => phase === 'closed';
  const place = (tag: string, name: string) => `${prefix}:{${tag}}:${name}`;

  /** What this process knows may be wrong: it forgets it, and sends nothing until all earlier requests stop counting. */
  const reset = (silenceMs: number) => {
    sendTimes.silence(silenceMs);
    for (const action of onReset) action();
  };

  /** Uses the connection. @throws when Redis is lost before or during the use: a command may have run nevertheless. */
  const use = async <T>(action: (connection: RedisConnection) => Promise<T>, mayRefuse = false) => {
    const used = connection;
    if (!used) throw LOST;
    try {
      return await action(used);
    } catch (error) {
      const isLost = !(mayRefuse && error instanceof RedisRefused);
      if (isLost && used === connection) lose(asError(error));
      throw error;
    }
  };

  /**
   * Finds the store and the slot of this process. With `marks` it also marks the slot, so that its share is not left free.
   */
  const beat = (marks: boolean) =>
    use(async (used) => {
      // A beat behind the end would take a slot again.
      if (isClosed()) throw LOST;
      const reply = await used.run(BEAT, [storeKey], slot.ask(used.runId, marks));
      if (used !== connection) return;
      const { isNewStore, silenceMs } = slot.learn(reply);
      if (isNewStore) reset(silenceMs);
      else if (silenceMs > 0) sendTimes.silence(silenceMs);
    });

  const beatOn = async () => {
    while (phase === 'open') {
      await beat(true).catch(() => undefined);
      await wait(clock, BEAT_MS);
    }
  };

  const disconnect = () => {
    connection?.end();
    connection = undefined;
  };

  const connect = async () => {
    const opened = await connectToRedis({
      url,
      connectTimeoutMs: CONNECT_MS,
      commandTimeoutMs,
      clock,
      createClient,
      onLost: (reason) => {
        if (opened === connection) lose(reason);
      },
    });
    connection = opened;
    await beat(phase === 'starting');
  };

  /** Reports a reason once in each loss. */
  const tell = (reason: Error) => {
    if (told.has(reason.message) || told.size === MAX_TOLD) return;
    told.add(reason.message);
    onChange(reason);
  };

  const lose = (reason: Error) => {
    disconnect();
    if (phase !== 'open') return;
    phase = 'lost';
    sendTimes.lost();
    told.clear();
    tell(reason);
    void recover();
  };

  const recover = async () => {
    for (;;) {
      try {
        if (connection) await beat(false);
        else {
          await connect();
          sendTimes.connected();
        }
        await wait(clock, WATCH_EVERY_MS);
        const isReady = sendTimes.prepareReturn();
        // The connection may have ended while this process waited.
        if (isReady && connection && conditions.every((isMet) => isMet())) break;
      } catch (error) {
        disconnect();
        if (isClosed()) return;
        sendTimes.failed();
        if (error !== LOST) tell(asError(error));
        await wait(clock, RETRY_MS);
      }
      if (isClosed()) return disconnect();
    }
    phase = 'open';
    sendTimes.returned();
    reset(0);
    onChange(undefined);
    void beatOn();
  };

  return {
    clock,
    now,
    random,
    /** Names this process in members and leases. */
    me,
    nextName() {
      names += 1;
      return `${me}.${names}`;
    },
    instances,
    get id() {
      return slot.id;
    },
    get isLost() {
      return phase !== 'open';
    },
    get isClosed() {
      return isClosed();
    },
    /** Until then this process sends nothing. */
    get silentUntil() {
      // The slot of a process that has ended belongs to another process.
      return isClosed() ? Number.POSITIVE_INFINITY : sendTimes.silentUntil;
    },
    /** The share of this process while Redis is lost; below 1: a part of a call each second. */
    shareOf: slot.shareOf,
    /** Names a value of an account in all stores. `tag` stands for the account. */
    place,
    /**
     * Runs a script of `luaInStore` on an account's values in this store. Returns the reply behind the time. @throws when Redis is
     * lost before or during the run: the script may have run nevertheless.
     */
    async run(script: LuaScript, tag: string, names: readonly string[], args: readonly Argument[]) {
      for (;;) {
        // Values of an earlier store count no more.
        const keys = names.map((name) => place(tag, `${slot.id}:${name}`));
        const reply = await use((used) => used.run(script, [storeKey, ...keys], [slot.id, ...args]));
        const [isDone, , ...rest] = reply as [number, number, ...unknown[]];
        if (isDone === 1) return rest;
        await beat(false);
      }
    },
    /** Begins a new store, so that nothing counts that is in this store. @throws when Redis is lost. */
    async beginStore(): Promise<void> {
      await use((used) => used.send('DEL', storeKey));
      await beat(false);
    },
    /** Sends a command that Redis may refuse. @throws RedisRefused; when Redis is lost before or during the command. */
    send: (...words: readonly Argument[]) => use((used) => used.send(...words), true),
    /**
     * Connects for the first time, and takes a slot. Without Redis, begins with the share, and goes on trying. @throws when no slot
     * is free; RedisRefused if Redis is there and cannot be used; RedisClientMissing.
     */
    async open(): Promise<void> {
      const startedAt = now();
      for (;;) {
        try {
          if (connection) await beat(true);
          else await connect();
          if (slot.number > 0) {
            phase = 'open';
            return void beatOn();
          }
        } catch (cause) {
          disconnect();
          if (cause instanceof RedisClientMissing) throw cause;
          if (cause instanceof RedisRefused && !cause.cannotWrite) throw cause;
          const isFull = cause instanceof RedisRefused;
          if (isFull || now() - startedAt > START_MS) {
            sendTimes.silence(startedAt + SILENCE_MS - now());
            phase = 'open';
            return lose(asError(cause));
          }
        }
        if (connection && now() - startedAt > SLOT_MS) {
          disconnect();
          throw new Error(
            `All ${instances} slots are taken by other processes. Set LUAAUTH_INSTANCES to the number of processes, with the extra ones of a rolling restart, or end one of them`,
          );
        }
        const letEnd = keepAlive();
        await wait(clock, RETRY_MS);
        letEnd();
      }
    },
    /** Adds a condition for using Redis again. It is asked again and again. */
    returnsIf: (isMet: () => boolean) => void conditions.push(isMet),
    /** Calls back each time when Redis is used again or is new: what this process knows may be outdated. */
    onReset: (action: () => void) => void onReset.add(action),
    /** A value that cannot be read counts as missing. */
    rejected(_kind: string) {},
    async close() {
      const leaves = phase === 'open' && slot.number > 0;
      phase = 'closed';
      if (leaves) await use((used) => used.run(LEAVE, [storeKey], [slot.number, me])).catch(() => undefined);
      disconnect();
    },
  };
}

/** There is no connection. Its loss was reported. */
const LOST = new Error('Redis is lost');

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
