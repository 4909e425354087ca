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
import { ABSENT_MS, BEAT, BEAT_MS, createSlot, LEAVE, MARK_WITHIN_MS, SILENCE_MS } from './slots.ts';
import { createClockWatch } from './store-clock.ts';

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
  /** Called when a value of this kind in Redis is dropped. */
  readonly onRejected: (kind: string) => void;
}

/** How long a start tries to reach Redis, in ms. */
const START_MS = 5_000;
/** How long a start waits for a free slot, in ms. */
const SLOT_MS = 10_000;
const CONNECT_MS = 1_000;
const RETRY_MS = 100;
/** How long calls wait at least while another process has the slot of this process, in ms. */
const REPLACED_MS = 1_000;
/** The most reasons that are reported while Redis is lost. */
const MAX_TOLD = 20;
/** How often Redis is checked while it is lost, in ms. Shorter than any stall that counts as a loss. */
const WATCH_EVERY_MS = 25;
/** How long Redis must answer well before it is used again, in ms. Doubles after each loss that follows soon. */
const CALM_MS = 1_000;
const MAX_CALM_MS = 60_000;
/** After this multiple of the calm time without a loss, the calm time returns to `CALM_MS`. */
const FORGIVEN_AFTER = 10;
/**
 * After the last mark, the others may take the whole quota until the slot is absent. What they take is sent within half a second,
 * and stops counting after a silence.
 */
const ALONE_AFTER_MS = MARK_WITHIN_MS + ABSENT_MS + 500 + SILENCE_MS - 100;

export type RedisLink = ReturnType<typeof createRedisLink>;

/**
 * The connection to Redis. Any failed command is a loss: the connection is closed, and the process goes on with its share of the
 * quota. It reconnects at once, and uses Redis again after Redis has answered well for a while.
 */
export function createRedisLink(options: RedisLinkOptions) {
  const { url, prefix, instances, commandTimeoutMs, onChange, onRejected } = options;
  const { clock, random, createClient } = options;
  const { now } = clock;
  const storeKey = `${prefix}:store`;
  /** Names this process in the store. */
  const me = randomId(random);
  const slot = createSlot({ me, instances, now, random });
  const onReset = new Set<() => void>();
  let names = 0;
  const conditions: (() => boolean)[] = [];
  let connection: RedisConnection | undefined;
  let watch = createClockWatch();
  let phase: 'starting' | 'open' | 'lost' | 'closed' = 'starting';
  /** Whether this process has stopped sending with its share, because it is about to use Redis again. */
  let isReturning = false;
  let silentUntil = Number.NEGATIVE_INFINITY;
  let aloneFrom = 0;
  /** Since then nothing speaks against the store that this process has found again. */
  let trustedFrom = Number.POSITIVE_INFINITY;
  let calmMs = CALM_MS;
  let backAt = Number.NEGATIVE_INFINITY;
  /** The reasons that were reported for this loss. */
  const told = new Set<string>();

  const isClosed = () => phase === 'closed';
  const place = (tag: string, name: string) => `${prefix}:{${tag}}:${name}`;

  /** Sends nothing for a while. A process without Redis need not be silent, but uses Redis that much later. */
  const silence = (ms: number) => {
    if (phase === 'lost') trustedFrom = now();
    else silentUntil = Math.max(silentUntil, now() + ms);
  };

  /** What this process knows may be wrong: it forgets it, and sends nothing until all earlier requests stop counting. */
  const reset = (silenceMs: number) => {
    silence(silenceMs);
    for (const action of onReset) action();
  };

  const hear = (time: number, sentAt: number) => {
    if (watch.hear(time, sentAt, now())) reset(SILENCE_MS);
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
      const sentAt = now();
      const reply = await used.run(BEAT, [storeKey], slot.ask(used.runId, marks));
      if (used !== connection) return;
      const { time, isNewStore, silenceMs } = slot.learn(reply);
      hear(time, sentAt);
      if (isNewStore) reset(silenceMs);
      else if (silenceMs > 0) silence(silenceMs);
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
      onRejected,
      onLost: (reason) => {
        if (opened === connection) lose(reason);
      },
    });
    connection = opened;
    watch = createClockWatch();
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
    const isForgiven = now() - backAt > FORGIVEN_AFTER * calmMs;
    calmMs = isForgiven ? CALM_MS : Math.min(MAX_CALM_MS, 2 * calmMs);
    // The first mark since the return may have reached Redis without an answer.
    aloneFrom = Math.max(Math.max(slot.markedAt, backAt) + ALONE_AFTER_MS, silentUntil);
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
          trustedFrom = now();
        }
        await wait(clock, WATCH_EVERY_MS);
        const trustedMs = now() - trustedFrom;
        isReturning = slot.number > 0 && trustedMs >= calmMs;
        // The connection may have ended while this process waited.
        if (connection && isReturning && trustedMs >= SILENCE_MS && conditions.every((isMet) => isMet()))
          break;
      } catch (error) {
        disconnect();
        if (isClosed()) return;
        if (isReturning) calmMs = Math.min(MAX_CALM_MS, 2 * calmMs);
        isReturning = false;
        if (error !== LOST) tell(asError(error));
        await wait(clock, RETRY_MS);
      }
      if (isClosed()) return disconnect();
    }
    phase = 'open';
    isReturning = false;
    backAt = now();
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
      if (phase === 'open') return silentUntil;
      // The slot of a process that has ended belongs to another process.
      if (isClosed()) return Number.POSITIVE_INFINITY;
      // Another process uses the share of this process.
      if (slot.isReplaced) return now() + REPLACED_MS;
      return isReturning ? now() + SILENCE_MS : Math.max(aloneFrom, silentUntil);
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
        const sentAt = now();
        // Values of an earlier store count no more.
        const keys = names.map((name) => place(tag, `${slot.id}:${name}`));
        const reply = await use((used) => used.run(script, [storeKey, ...keys], [slot.id, ...args]));
        const [isDone, time, ...rest] = reply as [number, number, ...unknown[]];
        hear(time, sentAt);
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
            silence(startedAt + SILENCE_MS - now());
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
    /** Calls back each time when Redis is used again, is new, or its clock was set: what this process knows may be outdated. */
    onReset: (action: () => void) => void onReset.add(action),
    /** Reports a kind of value in the store that was dropped, because it is not authentic or has another form. */
    rejected: onRejected,
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
