import { type Clock, keepAlive, wait } from '../../base/clock.ts';
import { type RandomSource, randomId } from '../../base/random-source.ts';
import { LONGEST_WAY_MS, WINDOW_MS } from '../../state/timed-permit.ts';
import {
  type Argument,
  connectToRedis,
  type LuaScript,
  type RedisConnection,
  RedisRefused,
} from './client.ts';
import { type CreateClient, RedisClientMissing } from './driver.ts';
import { ENTER } from './store.ts';

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

/** A permit that is older is not used for a request, in ms. */
export const USABLE_MS = 500;
/** After this time, all requests with permits from before no longer count, in ms. */
const PAUSE_MS = USABLE_MS + LONGEST_WAY_MS + WINDOW_MS;
/** How long a start tries to reach Redis, in ms. */
const START_MS = 5_000;
const CONNECT_MS = 1_000;
const RETRY_MS = 100;
/** The most reasons that are reported while Redis is lost. */
const MAX_TOLD = 20;
/** How often Redis is checked while it is lost, in ms. Shorter than any stall that counts as a loss. */
const WATCH_EVERY_MS = 25;
/** How long Redis must answer well before it is used again, in ms. Doubles after each loss that follows soon. */
const CALM_MS = 1_000;
const MAX_CALM_MS = 60_000;
/** After this multiple of the calm time without a loss, the calm time returns to `CALM_MS`. */
const FORGIVEN_AFTER = 10;

type LinkState =
  | { readonly is: 'starting' }
  | { readonly is: 'open'; readonly since: number }
  /** `told`: the reasons that were reported for this loss. */
  | { readonly is: 'lost'; readonly since: number; readonly told: Set<string> }
  | { readonly is: 'closed' };

/**
 * The connection to Redis. Any failed command is a loss: the connection is closed, and the process goes on with its share of the
 * quota. It reconnects at once, and uses Redis again after Redis has answered well for a while.
 */
export class RedisLink {
  readonly #options: RedisLinkOptions;
  readonly clock: Clock;
  readonly now: () => number;
  readonly random: RandomSource;
  /** Names this process in members and leases. */
  readonly me: string;
  readonly #onReset = new Set<() => void>();
  #state: LinkState = { is: 'starting' };
  /** There may be one while Redis is lost, too: Redis then has to show that it answers well. */
  #connection: RedisConnection | undefined;
  /** The store that this process knows. */
  #storeId = '';
  /** Until then the requests of an earlier store may count, which this store does not know. */
  #newUntil = Number.NEGATIVE_INFINITY;
  #shareUsedAt = Number.NEGATIVE_INFINITY;
  #calmMs = 0;
  #names = 0;
  #tellMissed: () => Promise<void> | undefined = () => undefined;

  constructor(options: RedisLinkOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.now = options.clock.now;
    this.random = options.random;
    this.me = randomId(options.random);
  }

  /** The id of the store that this process knows. */
  get id(): string {
    return this.#storeId;
  }

  get isLost(): boolean {
    return this.#state.is !== 'open';
  }

  get isClosed(): boolean {
    return this.#state.is === 'closed';
  }

  /** Until then this process sends nothing. */
  get silentUntil(): number {
    switch (this.#state.is) {
      case 'closed':
        return Number.POSITIVE_INFINITY;
      // The other processes may have lost Redis too, and still have permits.
      case 'lost':
        return this.#state.since + PAUSE_MS;
      default:
        return Math.max(this.#newUntil, this.#shareUsedAt + PAUSE_MS);
    }
  }

  nextName(): string {
    this.#names += 1;
    return `${this.me}.${this.#names}`;
  }

  /** The part of a rate that this process has while Redis is lost. */
  shareOf(rate: number): number {
    return Math.max(1, Math.floor(rate / this.#options.instances));
  }

  /** A request with a permit of the share may be sent now. Redis does not know it. */
  usesShare(): void {
    this.#shareUsedAt = this.now();
  }

  /** Names a value of an account in all stores. `tag` stands for the account. */
  place(tag: string, name: string): string {
    return `${this.#options.prefix}:{${tag}}:${name}`;
  }

  /**
   * Runs a script of `luaInStore` on an account's values in this store. Returns the reply behind the time. @throws when Redis is
   * lost before or during the run: the script may have run nevertheless.
   */
  async run(
    script: LuaScript,
    tag: string,
    names: readonly string[],
    args: readonly Argument[],
  ): Promise<unknown[]> {
    for (;;) {
      const id = this.#storeId;
      // Values of an earlier store count no more.
      const keys = names.map((name) => this.place(tag, `${id}:${name}`));
      const reply = await this.#use((used) => used.run(script, [this.#storeKey, ...keys], [id, ...args]));
      const [isDone, , ...rest] = reply as [number, number, ...unknown[]];
      if (isDone === 1) return rest;
      await this.#enter();
    }
  }

  /** Begins a new store, so that nothing counts that is in this store. @throws when Redis is lost. */
  async beginStore(): Promise<void> {
    await this.#use((used) => used.send('DEL', this.#storeKey));
    await this.#enter();
  }

  /**
   * Connects for the first time. Without Redis, begins with the share, and goes on trying. @throws RedisRefused if Redis is there
   * and cannot be used; RedisClientMissing.
   */
  async open(): Promise<void> {
    const startedAt = this.now();
    while (!this.isClosed) {
      try {
        await this.#connect();
        this.#state = { is: 'open', since: this.now() };
        return;
      } catch (cause) {
        this.#disconnect();
        if (cause instanceof RedisClientMissing) throw cause;
        const isRefused = cause instanceof RedisRefused;
        if (isRefused && !cause.cannotWrite) throw cause;
        if (isRefused || this.now() - startedAt > START_MS)
          return this.#becomeLost(startedAt, asError(cause));
      }
      const letEnd = keepAlive();
      await wait(this.clock, RETRY_MS);
      letEnd();
    }
  }

  /** Before Redis is used again, `tell` is called until it has nothing to tell. */
  returnsAfter(tell: () => Promise<void> | undefined): void {
    this.#tellMissed = tell;
  }

  /** Calls back each time when Redis is used again or is new: what this process knows may be outdated. */
  onReset(action: () => void): void {
    this.#onReset.add(action);
  }

  async close(): Promise<void> {
    this.#state = { is: 'closed' };
    this.#disconnect();
  }

  get #storeKey(): string {
    return `${this.#options.prefix}:store`;
  }

  /** Uses the connection. @throws when Redis is lost before or during the use: a command may have run nevertheless. */
  async #use<T>(action: (connection: RedisConnection) => Promise<T>): Promise<T> {
    const used = this.#connection;
    if (!used) throw LOST;
    try {
      return await action(used);
    } catch (error) {
      if (used === this.#connection) this.#lose(asError(error));
      throw error;
    }
  }

  async #connect(): Promise<void> {
    const { url, commandTimeoutMs, clock, createClient } = this.#options;
    const opened = await connectToRedis({
      url,
      connectTimeoutMs: CONNECT_MS,
      commandTimeoutMs,
      clock,
      createClient,
    });
    if (this.isClosed) return opened.end();
    opened.onLost = (reason) => this.#lose(reason);
    this.#connection = opened;
    await this.#enter();
  }

  /** Finds the store. If it is new, forgets all that is known of another one. */
  async #enter(): Promise<void> {
    await this.#use(async (used) => {
      const reply = await used.run(ENTER, [this.#storeKey], [used.runId, randomId(this.random)]);
      const [, id, ageMs] = reply as [number, Buffer, number];
      if (used !== this.#connection || String(id) === this.#storeId) return;
      this.#storeId = String(id);
      this.#newUntil = this.now() + PAUSE_MS - ageMs;
      this.#reset();
    });
  }

  #reset(): void {
    for (const action of this.#onReset) action();
  }

  #disconnect(): void {
    this.#connection?.end();
    this.#connection = undefined;
  }

  #lose(reason: Error): void {
    this.#disconnect();
    if (this.#state.is !== 'open') return;
    const { since } = this.#state;
    const isForgiven = this.now() - since > FORGIVEN_AFTER * this.#calmMs;
    this.#calmMs = isForgiven ? CALM_MS : Math.min(MAX_CALM_MS, 2 * this.#calmMs);
    this.#becomeLost(this.now(), reason);
  }

  #becomeLost(since: number, reason: Error): void {
    this.#state = { is: 'lost', since, told: new Set() };
    this.#tell(reason);
    void this.#recover();
  }

  /** Reports a reason once in each loss. */
  #tell(reason: Error): void {
    if (this.#state.is !== 'lost') return;
    const { told } = this.#state;
    if (told.has(reason.message) || told.size === MAX_TOLD) return;
    told.add(reason.message);
    this.#options.onChange(reason);
  }

  /** Ends when Redis is used again, or the link is closed. */
  async #recover(): Promise<void> {
    let calmSince = this.now();
    while (!this.isClosed) {
      try {
        if (this.#connection) await this.#enter();
        else {
          await this.#connect();
          calmSince = this.now();
        }
        await wait(this.clock, WATCH_EVERY_MS);
        if (this.now() - calmSince < this.#calmMs) continue;
        // Further writes may end while these are told.
        for (let telling = this.#tellMissed(); telling; telling = this.#tellMissed()) await telling;
        // The connection may have ended while this process waited.
        if (this.#connection && !this.isClosed) return this.#comeBack();
      } catch (error) {
        this.#disconnect();
        if (error !== LOST) this.#tell(asError(error));
        await wait(this.clock, RETRY_MS);
      }
    }
  }

  #comeBack(): void {
    this.#state = { is: 'open', since: this.now() };
    this.#reset();
    this.#options.onChange(undefined);
  }
}

/** There is no connection. Its loss was reported. */
const LOST = new Error('Redis is lost');

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
