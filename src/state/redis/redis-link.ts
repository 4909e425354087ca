import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Coordination } from '../port.ts';
import { BEAT, LEAVE } from './lua/beat.ts';
import type { LuaScript } from './lua/lua.ts';
import { BEGIN_EPOCH, OPEN_STORE } from './lua/open-store.ts';
import { type Argument, connectToRedis, type RedisConnection } from './redis-connection.ts';

export interface RedisLinkOptions {
  readonly url: string;
  /** What the name of every key begins with. */
  readonly prefix: string;
  /** Requests in any second for one account; 0: no limit. */
  readonly rate: number;
  /** How many processes there are, for one that has never seen the list. */
  readonly instances: number | undefined;
  readonly commandTimeoutMs: number;
  readonly now: () => number;
  /** Is told when the others are lost (why), and when they are found again (undefined). */
  readonly onChange: (reason: Error | undefined) => void;
}

/** A request counts for a second from its arrival, which lags behind its sending by less than the rest of this. */
const SILENT_MS = 1_400;
const BEAT_MS = 400;
/** What a beat may be late, apart from the time that a command may take. */
const GRACE_MS = 100;
/** How long what a beat has told of absent instances is true. */
const VIEW_MS = 1_000;
/** Others then leave a share of the quota to the instance, which may have lost Redis rather than have ended. */
const ABSENT_AFTER_MS = 1_500;
const FORGOTTEN_AFTER_MS = 60_000;
const FIRST_CONNECT_MS = 5_000;
const RECONNECT_MS = 1_000;
const RETRY_MS = 100;
/** What a refused call is told. */
const REFUSED_MS = 1_000;

/**
 * This process among the others of its gateway: its connection to Redis, its entry in the list of instances, and whether
 * all that lasts. Any command that fails is a loss: then the connection is thrown away, and another one is tried for until
 * one is there. A loss ends once everybody here has caught up.
 */
export class RedisLink implements Coordination {
  /** Another one whenever the store is new, was flushed or was started again. */
  epoch = '';
  /** No place is taken in the quota before this, as what was sent lately may not be in the store. */
  silentUntil = Number.NEGATIVE_INFINITY;
  /** From when this process may use its share of the quota without the store. */
  aloneFrom = Number.NEGATIVE_INFINITY;
  /** Until when that is true, on the clock of Redis. */
  viewUntil = 0;
  readonly instance = randomBytes(9).toString('base64url');
  readonly now: () => number;
  readonly #options: RedisLinkOptions;
  readonly #catchUps: (() => Promise<void>)[] = [];
  readonly #forgets: (() => void)[] = [];
  /** Who waits for the link to change. */
  readonly #waiting = new Set<() => void>();
  #connection: RedisConnection | undefined;
  #loss = 0;
  #losses = 0;
  #isClosed = false;
  /** How many instances there are, as this one has last told the others. */
  #count = 0;
  /** For each instance that is absent, among how many it has divided the quota. */
  #absent: readonly number[] = [];
  #beatAt = Number.NEGATIVE_INFINITY;
  /** How far the clock of Redis is ahead of this one; undefined: nobody knows. */
  #aheadMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RedisLinkOptions) {
    this.#options = options;
    this.now = options.now;
  }

  get loss(): number {
    return this.#loss;
  }

  /** The number of the last loss, over or not. */
  get lastLoss(): number {
    return this.#losses;
  }

  /** What this process may use of a quota by itself; 0: nobody knows. */
  shareOf(rate: number): number {
    const count = this.#count || this.#options.instances;
    return count === undefined ? 0 : Math.floor(rate / count);
  }

  /** What the absent instances may use of a quota by themselves. */
  keptOf(rate: number): number {
    return this.#absent.reduce((sum, among) => sum + Math.floor(rate / among), 0);
  }

  refusedMs(): number {
    const { rate } = this.#options;
    return this.#loss === 0 || rate === 0 || this.shareOf(rate) > 0 ? 0 : REFUSED_MS;
  }

  /** Connects for the first time. @throws when Redis cannot be reached; RedisClientMissing. */
  async open(): Promise<void> {
    await this.#connect(FIRST_CONNECT_MS);
    this.#beatLater();
  }

  /** Begins without Redis, and goes on trying. */
  openLost(reason: Error): void {
    this.#lose(reason);
  }

  /** What is to be done with the store before a loss is over. */
  onBack(catchUp: () => Promise<void>): void {
    this.#catchUps.push(catchUp);
  }

  /** What is to be forgotten when a loss is over. */
  onOver(forget: () => void): void {
    this.#forgets.push(forget);
  }

  /** Calls back once, when the others are lost or found again. */
  whenChanged(action: () => void): void {
    this.#waiting.add(action);
  }

  /** @throws when the store is lost, or is lost meanwhile: the script may have run all the same. */
  async run(script: LuaScript, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const connection = this.#connection;
    if (!connection) throw new Error('Redis is lost');
    try {
      return await connection.run(script, keys, args);
    } catch (error) {
      if (connection === this.#connection) this.#lose(asError(error));
      throw error;
    }
  }

  /** Looks who is there, and whether the store is still the same: to be called when something is missing there. @throws */
  async look(): Promise<void> {
    await this.#beat();
  }

  /** Makes all that the store knows of writes and copies count for nothing, as a new store would. @throws */
  async beginEpoch(): Promise<void> {
    const next = randomBytes(9).toString('base64url');
    await this.run(BEGIN_EPOCH, [this.key('store')], [this.#connection?.runId ?? '', next]);
    await this.look();
  }

  key(name: string): string {
    return `${this.#options.prefix}:{gateways}:${name}`;
  }

  get prefix(): string {
    return this.#options.prefix;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const connection = this.#connection;
    // Who leaves keeps no share; one that cannot say so is forgotten after a while.
    await connection?.run(LEAVE, [this.key('instances')], [this.instance]).catch(() => undefined);
    this.#connection = undefined;
    connection?.end();
  }

  async #connect(connectTimeoutMs: number): Promise<void> {
    const { url, commandTimeoutMs } = this.#options;
    const connection = await connectToRedis({
      url,
      connectTimeoutMs,
      commandTimeoutMs,
      onLost: (reason) => {
        if (connection === this.#connection) this.#lose(reason);
      },
    });
    this.#connection = connection;
    try {
      await this.#openStore();
      await this.#beat();
    } catch (error) {
      this.#connection = undefined;
      connection.end();
      throw error;
    }
  }

  async #openStore(): Promise<void> {
    const next = randomBytes(9).toString('base64url');
    const run = this.#connection?.runId ?? '';
    const [epoch, ageMs] = (await this.run(OPEN_STORE, [this.key('store')], [run, next])) as [Buffer, number];
    if (String(epoch) === this.epoch) return;
    this.epoch = String(epoch);
    this.#beSilent(SILENT_MS - ageMs);
  }

  #beSilent(ms: number): void {
    this.silentUntil = Math.max(this.silentUntil, this.now() + ms);
  }

  async #beat(): Promise<void> {
    const at = this.now();
    const keepsShare = this.#losses > 0 && (this.#loss > 0 || at < this.silentUntil);
    const { commandTimeoutMs } = this.#options;
    const [count, absent, time] = (await this.run(
      BEAT,
      [this.key('store'), this.key('instances')],
      [
        this.epoch,
        this.instance,
        keepsShare ? 1 : 0,
        ABSENT_AFTER_MS,
        FORGOTTEN_AFTER_MS,
        this.#aheadMs === undefined ? 0 : Math.ceil(at + this.#aheadMs + commandTimeoutMs + GRACE_MS),
      ],
    )) as [number, number[], number];
    if (time !== undefined) this.#aheadMs = time - this.now();
    if (count > 0) this.viewUntil = time + VIEW_MS;
    // It was late, or the clock of Redis was set: then this one is in time.
    if (count === -1) return this.#beat();
    if (count === 0) {
      await this.#openStore();
      return this.#beat();
    }
    this.#count = count;
    this.#beatAt = at;
    this.#absent = absent;
  }

  #beatLater(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#beat().then(
        () => this.#beatLater(),
        () => undefined,
      );
    }, BEAT_MS).unref();
  }

  #lose(reason: Error): void {
    this.#connection?.end();
    this.#connection = undefined;
    if (this.#loss > 0 || this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#losses += 1;
    this.#loss = this.#losses;
    // By then all others have seen that this one is absent, and what they sent before counts no more.
    const sinceMs = this.#count > 0 ? ABSENT_AFTER_MS + VIEW_MS : 0;
    this.aloneFrom = Math.max(this.#beatAt, this.now() - sinceMs) + sinceMs + SILENT_MS;
    this.#tell(reason);
    void this.#comeBack();
  }

  async #comeBack(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#connect(RECONNECT_MS);
        for (const catchUp of this.#catchUps) await catchUp();
        if (this.#connection) break;
      } catch {
        await delay(RETRY_MS, undefined, { ref: false });
      }
    }
    if (this.#isClosed) {
      this.#connection?.end();
      return;
    }
    for (const forget of this.#forgets) forget();
    this.#loss = 0;
    // What was sent without the store counts for as long.
    this.#beSilent(SILENT_MS);
    this.#tell(undefined);
    this.#beatLater();
  }

  #tell(reason: Error | undefined): void {
    this.#options.onChange(reason);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const action of waiting) action();
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
