import { setTimeout as delay } from 'node:timers/promises';
import type { Coordination } from '../port.ts';
import {
  type Argument,
  connectToRedis,
  type LuaScript,
  type RedisConnection,
  RedisRefused,
  RedisUnreachable,
  START_MS,
} from './client.ts';
import { RedisClientMissing } from './driver.ts';
import { Membership } from './membership.ts';

export interface RedisLinkOptions {
  /** `redis://` or `rediss://`, as `@redis/client` understands it. */
  readonly url: string;
  /** The prefix of every key's name: gateways with the same prefix count together. */
  readonly prefix: string;
  /** Requests in any second for one API key; 0: no limit. The same in all gateways. */
  readonly rate: number;
  /** How many gateways there are, for one that has never reached Redis; undefined: those that are there. */
  readonly instances: number | undefined;
  readonly commandTimeoutMs: number;
  readonly now: () => number;
  /** Called when the other gateways are lost (why), and when they are found again (undefined). */
  readonly onChange: (reason: Error | undefined) => void;
}

const BEAT_MS = 250;
const CONNECT_MS = 1_000;
const RETRY_MS = 100;
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

/**
 * The connection to Redis, and whether it lasts. Any command that fails is a partition: then the connection is thrown away, and
 * the process is degraded, with its share of the quota. It tries to connect again at once, but only this class uses the new
 * connection until Redis has answered well for a while.
 */
export class RedisLink implements Coordination {
  readonly membership: Membership;
  readonly now: () => number;
  isDegraded = false;
  /** The number of the last partition, over or not. */
  lastPartition = 0;
  readonly #options: RedisLinkOptions;
  readonly #onChanged = new Set<() => unknown>();
  #catchUp: () => Promise<void> = async () => undefined;
  #connection: RedisConnection | undefined;
  #isOpen = false;
  #isClosed = false;
  #calmMs = CALM_MS;
  #backAt = Number.NEGATIVE_INFINITY;

  constructor(options: RedisLinkOptions) {
    this.#options = options;
    this.now = options.now;
    this.membership = new Membership({
      instances: options.instances,
      now: options.now,
      key: (name) => this.key(name),
      run: (script, keys, args) => this.run(script, keys, args),
      onChange: () => void this.#callBack(),
    });
  }

  get partition(): number {
    return this.isDegraded ? this.lastPartition : 0;
  }

  refusedMs(): number {
    const { rate } = this.#options;
    return !this.isDegraded || rate === 0 || this.membership.shareOf(rate) > 0 ? 0 : REFUSED_MS;
  }

  /**
   * Connects for the first time. One that is not required, or takes no writes, begins without Redis, and goes on trying.
   * @throws RedisUnreachable when it is required and all attempts fail for `START_MS`; RedisClientMissing.
   */
  async open(isRequired: boolean): Promise<void> {
    const startedAt = this.now();
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#connect();
        this.#isOpen = true;
        void this.#beatOn();
        return;
      } catch (cause) {
        if (cause instanceof RedisClientMissing) throw cause;
        // One that is full or read-only is there: that others go on without it is no reason not to begin.
        const isThere = cause instanceof RedisRefused && cause.cannotWrite;
        if (!isRequired || isThere) {
          this.#isOpen = true;
          this.membership.beginWithout();
          return this.#degrade(asError(cause));
        }
        if (this.now() - startedAt > START_MS) throw new RedisUnreachable(tries, asError(cause));
        await delay(RETRY_MS);
      }
    }
  }

  /** Brings the store up to date before a partition is over, and once more when it is. */
  onBack(catchUp: () => Promise<void>): void {
    this.#catchUp = catchUp;
  }

  /**
   * Calls back once, when the others are lost or found again, the share can be used sooner, or the store is new. A Promise that
   * it gives is awaited before the share is no longer reserved.
   */
  whenChanged(action: () => unknown): void {
    this.#onChanged.add(action);
  }

  notWhenChanged(action: () => unknown): void {
    this.#onChanged.delete(action);
  }

  /** @throws when the store is lost, or is lost meanwhile: the script may have run all the same. */
  async run(
    script: LuaScript,
    keys: readonly string[],
    args: readonly Argument[],
    isOffer = false,
  ): Promise<unknown> {
    const connection = this.#connection;
    if (!connection) throw new Error('Redis is lost');
    try {
      return await connection.run(script, keys, args);
    } catch (error) {
      const isLost = !(isOffer && error instanceof RedisRefused);
      if (isLost && connection === this.#connection) this.#degrade(asError(error));
      throw error;
    }
  }

  /**
   * The same for a value that can be missing: Redis is not lost when it has no room for it, or does not take it.
   * @throws as `run` does; RedisRefused.
   */
  offer(script: LuaScript, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    return this.run(script, keys, args, true);
  }

  get prefix(): string {
    return this.#options.prefix;
  }

  /** A key's name. A cluster keeps those of one tag together; without one it is common to all. */
  key(name: string, tag = 'gateways'): string {
    return `${this.prefix}:{${tag}}:${name}`;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const connection = this.#connection;
    await this.membership.leave().catch(() => undefined);
    this.#connection = undefined;
    connection?.end();
  }

  async #connect(): Promise<void> {
    const { url, commandTimeoutMs } = this.#options;
    const connection = await connectToRedis({
      url,
      connectTimeoutMs: CONNECT_MS,
      commandTimeoutMs,
      onLost: (reason) => {
        if (connection === this.#connection) this.#degrade(reason);
      },
    });
    this.#connection = connection;
    try {
      await this.membership.enter(connection.runId);
    } catch (error) {
      this.#disconnect();
      throw error;
    }
  }

  #disconnect(): void {
    this.#connection?.end();
    this.#connection = undefined;
  }

  /** Until Redis is lost, which ends it before it could begin again. */
  async #beatOn(): Promise<void> {
    for (;;) {
      await delay(BEAT_MS, undefined, { ref: false });
      if (this.#isClosed || this.isDegraded) return;
      await this.membership.beat().catch(() => undefined);
    }
  }

  #degrade(reason: Error): void {
    this.#disconnect();
    if (this.isDegraded || !this.#isOpen || this.#isClosed) return;
    const now = this.now();
    this.lastPartition += 1;
    this.isDegraded = true;
    const isForgiven = now - this.#backAt > FORGIVEN_AFTER * this.#calmMs;
    this.#calmMs = isForgiven ? CALM_MS : Math.min(MAX_CALM_MS, 2 * this.#calmMs);
    this.membership.reserve();
    this.#options.onChange(reason);
    void this.#callBack();
    void this.#recover();
  }

  async #recover(): Promise<void> {
    let wellSince = Number.POSITIVE_INFINITY;
    while (!this.#isCalm(wellSince)) {
      try {
        if (this.#connection) await this.membership.beat();
        else {
          await this.#connect();
          wellSince = this.now();
        }
        await this.#catchUp();
        await delay(WATCH_EVERY_MS, undefined, { ref: false });
      } catch {
        this.#disconnect();
        await delay(RETRY_MS, undefined, { ref: false });
      }
      if (this.#isClosed) return this.#disconnect();
    }
    this.isDegraded = false;
    this.#backAt = this.now();
    this.#options.onChange(undefined);
    try {
      await this.#callBack();
      // Writes that came while the last of it was sent.
      await this.#catchUp();
      if (this.isDegraded) return;
      // From now on the others may use the share: all that was sent stands in the store.
      await this.membership.release();
      void this.#beatOn();
    } catch (error) {
      if (!this.isDegraded) this.#degrade(asError(error));
    }
  }

  #isCalm(wellSince: number): boolean {
    const now = this.now();
    return (
      this.#connection !== undefined &&
      now - wellSince >= this.#calmMs &&
      now - this.membership.degradedFrom >= SERVED_MS
    );
  }

  async #callBack(): Promise<void> {
    const actions = [...this.#onChanged];
    this.#onChanged.clear();
    await Promise.all(actions.map((action) => action()));
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
