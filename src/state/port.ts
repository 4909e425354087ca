import type { MaybePromise } from './maybe-promise.ts';

/**
 * The state that the processes of one gateway share: in memory for one process, in a store for several. All values are
 * plain JSON data, so that a store outside the process can hold them. Times are ages or durations, because clocks
 * differ. A promise must not reject: an implementation that loses its store decides how to continue.
 */
export interface State {
  readonly quotas: Quotas;
  readonly generations: Generations;
  readonly cache: CacheEntries;
  readonly documents: Documents;
  readonly pageSizes: PageSizes;
  /** Live entries that all processes share. Undefined: there is no other process. */
  readonly live?: LiveEntries | undefined;
  /** Cache entries that all processes share. Undefined: there is no other process. */
  readonly shared?: SharedCache | undefined;
  /** Whether this process can count with the others. Undefined: there is no other process. */
  readonly coordination?: Coordination | undefined;
  close?(): Promise<void>;
}

/** A process that is partitioned from the others is degraded, and continues with its share. */
export interface Coordination {
  /** 0 while the processes count together, otherwise the number of the current partition. */
  readonly partition: number;
  /** How long calls are refused because the share of this process is unknown, in ms. 0: calls are not refused. */
  refusedMs(): number;
}

export interface Quotas {
  /**
   * Opens the quota of an account, or of a `part`: an endpoint or a caller. `onFreed` is called when a sent or released
   * request may have freed a permit, not for permits that time frees.
   */
  open(account: string, part: string | undefined, limits: QuotaRules, onFreed: () => void): Quota;
}

export interface QuotaRules {
  /** Requests that may arrive in any sliding window. Infinity: no limit, only pauses. */
  readonly rate: number;
  /** Length of the window, in seconds. Undefined: 1. */
  readonly windowSeconds?: number;
  /** The share of the rate that remains after each `slowDown`. */
  readonly backoff: number;
  /** The share of the full rate that recovers each second. */
  readonly recoveryPerSecond: number;
  /** Whether each process counts by itself. */
  readonly isLocal?: boolean;
}

/** Allows at most `rate` requests in any sliding window. Each process estimates by itself, so estimates never wait. */
export interface Quota {
  /**
   * Gives a permit, or the ms until a permit may be free. Infinity: wait until `onFreed` is called. `demand` names all
   * callers that wait here, as callers of other processes may have a turn first. `isBackground`: no caller waits for the
   * call, so some permits stay free. Background calls keep a distance from each other.
   */
  take(demand: Demand, isBackground: boolean): MaybePromise<Permit | number>;
  /**
   * These callers stopped waiting: reserve no turns for them. `demand` names the others. If it is empty, `onFreed` need
   * not be called.
   */
  left(demand: Demand): void;
  /** Whether a background call would leave the reserved permits free. */
  hasBackgroundPermit(): boolean;
  /** When the call behind `ahead` other calls could start, in ms from now, if only time frees permits. */
  etaMs(ahead: number): number;
  /** Starts no call for `pauseMs`, because the API refused a call as too many. */
  pause(pauseMs: number): MaybePromise<void>;
  /** Reduces the rate for a while, because the API refuses calls again and again. */
  slowDown(): MaybePromise<void>;
  status(): MaybePromise<QuotaStatus>;
  /** Whether the quota can be dropped without allowing more calls. */
  isIdle(): boolean;
}

export interface Demand {
  readonly size: number;
  /** The number of waiting calls of each caller. */
  byCaller(): Iterable<readonly [caller: string, count: number]>;
}

export interface QuotaStatus {
  /** Requests that may arrive in a second now: fewer than usual after a `slowDown`. Infinity: no limit. */
  readonly limit: number;
  /** Permits that are free now; 0 during a pause. */
  readonly remaining: number;
  readonly used: number;
  /** When all permits are free again if no other call starts, in ms from now. */
  readonly resetInMs: number;
}

/** Held from `take` on. A sent request counts for a window from the latest moment at which it can arrive. */
export interface Permit {
  sent(): void;
  /** The answer begins, or the connection was closed. The request has arrived, or never will. */
  answered(): void;
  /** No more will be known. A permit without a sent request is free again. A sent request may still arrive. */
  release(): void;
}

/** Counts the writes to resources. The counters are in the store of the state, not in each process. */
export interface Generations {
  /** Opens a snapshot for one operation of an account. */
  snapshot(account: string): Snapshot;
}

/** The writes at the operation's first look-up, or later. One look-up is enough for all its reads. */
export interface Snapshot {
  /** The current generation of a resource. A cached answer of another generation may be outdated. */
  read(resource: string): MaybePromise<Generation>;
  /** Called before the write is sent. Until its end, at most for `doubtMs`, no answer about these resources is cached. */
  write(resources: readonly string[], doubtMs: number): MaybePromise<Write>;
}

export interface Write {
  /** Await this before the client is answered. The API may still carry out a write of unknown outcome for `doubtMs`. */
  end(outcome: WriteOutcome, doubtMs: number): MaybePromise<void>;
  /** Whether other processes may have missed this write. */
  readonly isLost: boolean;
}

export type WriteOutcome = 'done' | 'not done' | 'unknown';

export interface Generation {
  readonly number: number | string;
  /** An answer read now is not worth caching. */
  readonly isInDoubt: boolean;
  /** The number of the partition in which other processes may have written. 0: there is no partition. */
  readonly partition: number;
}

export interface CacheEntries {
  get(key: string): MaybePromise<CacheEntry | undefined>;
  /** Keeps an entry for at most `ttlMs`. */
  set(key: string, entry: CacheEntry, ttlMs: number): MaybePromise<void>;
}

export interface CacheEntry {
  /** The decoded answer. */
  readonly value: unknown;
  /** Size of the answer, which is roughly the memory that the value takes. */
  readonly bytes: number;
  /** Time since the answer was asked for, in ms. */
  readonly ageMs: number;
}

/** By account. The process with the lease makes the call, and the others wait for its answer. */
export interface SharedCache {
  lookUp(account: string, key: string, lookup: Lookup): Promise<LookupResult>;
}

export interface Lookup {
  /** An entry younger than this is fresh enough, in ms. */
  readonly freshMs: number;
  /** The `seen` of the first result, when the look-up is repeated. An entry filled since then is fresh enough. */
  readonly since: string | undefined;
  /**
   * When the call may be sent. A `limited` call is bound by a rate of its caller. A `last` call goes behind all calls
   * with waiting callers. Another process waits only for a `usual` call, unless its own call would be `last`.
   */
  readonly turn: 'usual' | 'limited' | 'last';
}

export interface LookupResult {
  /** Older than requested, unless `isFreshEnough` is true. */
  readonly entry: CacheEntry | undefined;
  readonly isFreshEnough: boolean;
  /** The lease to make the call. Undefined while another process makes the call. */
  readonly lease: Lease | undefined;
  /** Names the entry that was found; empty: none. */
  readonly seen: string;
}

/** The right and the duty to make the call, and to fill the entry or release the lease. Ends soon after its process. */
export interface Lease {
  fill(entry: CacheEntry, ttlMs: number): void;
  release(): void;
}

/** By account and hash, bounded over all accounts, each with a fair share. Clients send an evicted document again. */
export interface Documents {
  get(account: string, hash: string): MaybePromise<string | undefined>;
  set(account: string, hash: string, document: string): MaybePromise<void>;
}

/**
 * The longest page that an endpoint gave an account in the last 10 minutes. The API does not document its largest
 * `limit`, but it is at least as long as this page. A page with fewer rows than this page and than its own `limit` is
 * the end of its list.
 */
export interface PageSizes {
  note(account: string, endpoint: string, rows: number): void;
  longest(account: string, endpoint: string): number;
}

/**
 * Entries that processes share, such as the sessions of a script. One process has the lease of an entry and keeps the entry
 * up to date. The other processes follow it.
 */
export interface LiveEntries {
  /** Follows the account's entry of this name. */
  follow(account: string, name: string, follower: EntryFollower): FollowedEntry;
  /**
   * Sends a message to all other processes that follow an entry of the account. A message may get lost, so it must only
   * speed things up.
   */
  broadcast(account: string, message: object): void;
  /** Calls `receive` for every message of another process. */
  onMessage(receive: (account: string, message: object) => void): void;
}

/** A process that follows an entry. No method may throw. */
export interface EntryFollower {
  /**
   * This process has the lease, or has lost the other processes. It keeps the entry up to date until `yield`. It has
   * received the entry before. Called again if the store has lost what this process stored.
   */
  lead(): void;
  /** Another process has the lease. */
  yield(): void;
  /**
   * Receives what another process has stored. Returns false if the parts do not lead from what is known to the entry.
   * Then the whole entry follows.
   */
  found(entry: FoundEntry): boolean;
}

export interface FoundEntry {
  readonly head: object;
  /** All of the entry before the changes. Undefined: the changes follow what this process has found before. */
  readonly whole: object | undefined;
  readonly changes: readonly object[];
  /** How long ago the data of the entry were read. */
  readonly ageMs: number;
  /** Whether the process with the lease has stored this. */
  readonly isCurrent: boolean;
}

export interface EntryUpdate extends Pick<FoundEntry, 'head' | 'ageMs'> {
  /** The change since the previous update. */
  readonly change?: object | undefined;
  /** Whether no change leads here: other processes must read the whole entry. */
  readonly isNew: boolean;
  /** Returns the whole entry. Undefined: there is no entry yet. */
  readonly whole: () => object | undefined;
}

export interface FollowedEntry {
  /**
   * Stores an update of the process with the lease. Returns false if the process has lost the lease, or the store. Then it
   * is told to lead again, or to yield.
   */
  store(update: EntryUpdate): MaybePromise<boolean>;
  /** Finds what other processes have stored before this call. */
  refresh(): MaybePromise<void>;
  /** Gives up the lease as well. */
  leave(): void;
}
