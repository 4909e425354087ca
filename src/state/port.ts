import type { MaybePromise } from './maybe-promise.ts';

/**
 * The state that the processes of one gateway have in common: in memory for one process, in a store for several. Whatever goes in
 * or comes out is plain JSON data, so that a store outside the process can hold it, and times are ages or durations,
 * because clocks differ. A Promise must not reject: an implementation that loses its store knows best how to go on.
 */
export interface State {
  readonly quotas: Quotas;
  readonly generations: Generations;
  readonly cache: CacheEntries;
  readonly documents: Documents;
  readonly pageSizes: PageSizes;
  /** The accounts whose key the API has accepted before; undefined: they end with the process. */
  readonly accepted?: AcceptedAccounts | undefined;
  readonly feeds: Feeds;
  /** The cache entries that all processes share; undefined: there is no other process. */
  readonly shared?: SharedCache | undefined;
  /** How this process stands with the others; undefined: there are none. */
  readonly coordination?: Coordination | undefined;
  close?(): Promise<void>;
}

/** Whether the processes can count together. One that is partitioned from the others is degraded: it goes on with its share. */
export interface Coordination {
  /** 0 while all is well, otherwise the number of the partition that lasts. */
  readonly partition: number;
  /** How long calls cannot be made, because the share of this process is not known, in ms; 0: they can. */
  refusedMs(): number;
}

export interface Quotas {
  /**
   * The quota of an account, or of a part of it that is limited on its own: an endpoint, or a caller. `onFreed` is called when
   * a permit that was not free may have become so by anything but time: a request that was sent or was given up.
   */
  open(account: string, part: string | undefined, limits: QuotaLimits, onFreed: () => void): Quota;
}

export interface QuotaLimits {
  /** Requests that may arrive in any sliding window; Infinity: no limit, only pauses. */
  readonly rate: number;
  /** Seconds of the window; undefined: one. */
  readonly windowSeconds?: number;
  /** The share of the rate that is left after each `slowDown`. */
  readonly backoff: number;
  /** How much of the full rate comes back each second. */
  readonly recoveryPerSecond: number;
  /** Whether each process counts for itself. */
  readonly isLocal?: boolean;
}

/** At most so many requests in any second. Estimates are known to each process by itself, so they never wait. */
export interface Quota {
  /**
   * A permit now, or how many ms until one may be free (Infinity: when `onFreed` is called). Callers of other processes may
   * have a turn before: `demand` is all that waits here. `isSpare`: nobody waits for the call, so some permits stay free, and
   * one such call keeps its distance from the next.
   */
  take(demand: Demand, isSpare: boolean): MaybePromise<Permit | number>;
  /** Some callers wait no longer: no turn need be left to them, and `onFreed` need not be called for nobody. */
  left(demand: Demand): void;
  /** Whether such a call would leave those permits free. */
  hasSpare(): boolean;
  /** When the call behind `ahead` others could start, in ms from now, if nothing but time frees permits. */
  etaMs(ahead: number): number;
  /** The API refused a call as too many: nothing starts for `pauseMs`. */
  pause(pauseMs: number): MaybePromise<void>;
  /** The API refuses calls again and again: fewer start for a while. */
  slowDown(): MaybePromise<void>;
  /** How it stands at this moment. */
  status(): MaybePromise<QuotaStatus>;
  /** Whether it could be forgotten without allowing more. */
  isIdle(): boolean;
}

/** Callers that wait for permits. */
export interface Demand {
  readonly size: number;
  /** How many of them are of each caller. */
  byCaller(): Iterable<readonly [caller: string, count: number]>;
}

export interface QuotaStatus {
  /** Requests that may arrive in a second as things are, after a `slowDown` fewer than usual; Infinity: no limit. */
  readonly limit: number;
  /** Permits that are free now: none in a pause. */
  readonly remaining: number;
  /** Permits that are held, or count for what was sent. */
  readonly used: number;
  /** When no permit will be used any more if nothing else starts, in ms from now. */
  readonly resetInMs: number;
}

/**
 * A permit of a quota. It is held from the moment when it is taken, and counts for a second from the latest moment at which
 * its request can arrive.
 */
export interface Permit {
  sent(): void;
  /** The answer begins, or the connection was closed: the request has arrived, or never will. */
  answered(): void;
  /** Nothing more will be known. If its request was never sent, the permit is free again. A request that was sent may yet arrive. */
  release(): void;
}

/** How often resources were written to. They are counted where the state is, not in a process. */
export interface Generations {
  /** For one operation of an account. */
  snapshot(account: string): Snapshot;
}

/** The writes as they stood when an operation first asked, or later: one question is enough for all its reads. */
export interface Snapshot {
  /** An answer of another generation may be older. */
  read(resource: string): MaybePromise<Generation>;
  /** Before a write is sent. Unless its end is published, nothing of these resources is cached for `doubtMs`. */
  write(resources: readonly string[], doubtMs: number): MaybePromise<Write>;
}

/** A write that is under way. */
export interface Write {
  /** To be awaited before the client is answered. A write of unknown outcome may yet be carried out for `doubtMs`. */
  end(outcome: WriteOutcome, doubtMs: number): MaybePromise<void>;
  /** Whether other processes may not have learnt of it. */
  readonly isLost: boolean;
}

export type WriteOutcome = 'done' | 'not done' | 'unknown';

export interface Generation {
  readonly number: number | string;
  /** Nothing read is worth keeping. */
  readonly isInDoubt: boolean;
  /** The number of the partition in which other processes may have written; 0: there is none. */
  readonly partition: number;
}

/** Answers to reads, by account, request and generation. */
export interface CacheEntries {
  get(key: string): MaybePromise<CacheEntry | undefined>;
  /** Keeps an entry for at most `ttlMs`. */
  set(key: string, entry: CacheEntry, ttlMs: number): MaybePromise<void>;
}

export interface CacheEntry {
  /** Decoded. */
  readonly value: unknown;
  /** Size of the answer, roughly what keeping the value costs. */
  readonly bytes: number;
  /** How long ago the answer was asked for. */
  readonly ageMs: number;
}

/** Cache entries for all processes of an account, and leases: one process makes the call that all wait for. */
export interface SharedCache {
  lookUp(account: string, key: string, lookup: Lookup): Promise<LookupResult>;
}

export interface Lookup {
  /** An entry younger than this will do, in ms. */
  readonly freshMs: number;
  /** The `askedAt` of the first result, when this is looked up again: an entry that was filled since then will do. */
  readonly since: number | undefined;
  /**
   * When the call has its turn to be sent: `limited` by a rate of its caller's, or `last`, behind all that somebody waits for.
   * Another process waits for a `usual` one alone, unless its own would be `last`.
   */
  readonly turn: 'usual' | 'limited' | 'last';
}

export interface LookupResult {
  /** Without `isEnough` it is older than what was asked for. */
  readonly entry: CacheEntry | undefined;
  readonly isEnough: boolean;
  /** Without it another process makes the call. */
  readonly lease: Lease | undefined;
  /** On the clock of the store. */
  readonly askedAt: number;
}

/** The right, and the duty, to make the call and fill the entry, or to release it. It ends soon after the process that has it. */
export interface Lease {
  fill(entry: CacheEntry, ttlMs: number): void;
  release(): void;
}

/**
 * The documents that clients have registered, by account and hash. They are bounded over all accounts, and each has a fair
 * part of that: one that is not kept, or not any more, is sent again.
 */
export interface Documents {
  get(account: string, hash: string): MaybePromise<string | undefined>;
  set(account: string, hash: string, document: string): MaybePromise<void>;
}

/**
 * The longest page that an account was given by an endpoint in the last 10 minutes. The API's largest `limit` is not
 * documented, but it is no smaller than that: a shorter page that asked for more is the end of its list.
 */
export interface PageSizes {
  note(account: string, endpoint: string, rows: number): void;
  longest(account: string, endpoint: string): number;
}

/** Remembers accounts whose key the API has accepted, so that after a restart they are not taken for made-up keys. */
export interface AcceptedAccounts {
  has(account: string): MaybePromise<boolean>;
  add(account: string): void;
}

/** Entries that one process publishes to all of them. */
export interface Feeds {
  /** Takes part in an account's feed of that name. */
  join(account: string, name: string, member: FeedMember): FeedSubscription;
  /** Sends a message to every process with a feed of the account, this one too. It may get lost: it can only hasten. */
  broadcast(account: string, message: object): void;
  /** Calls back for every message. */
  onMessage(receive: (account: string, message: object) => void): void;
}

/** A process that takes part in a feed. None of these may throw. */
export interface FeedMember {
  /**
   * This process is the leader, which polls until `follow`: it has received all that is still known of the feed. `isReset`:
   * nothing goes on from earlier entries, so begin with a whole entry, under positions that were never used. It may be called
   * again without `follow`, if the feed was reset meanwhile.
   */
  lead(isReset: boolean): void;
  /** Another process leads. */
  follow(): void;
  /**
   * Gives what was published, by this process too, in its order. `isLatest`: as far as is known, nothing has
   * happened since.
   */
  received(entry: object, isLatest: boolean): void;
}

export interface FeedSubscription {
  /** Publishes an entry of the leader; one of a former leader is dropped. */
  publish(entry: object, role: FeedEntryRole): void;
  leave(): void;
}

/**
 * A later subscriber can begin with one that is `whole`; entries before it are kept for a while. Behind the `last`
 * one nothing before it counts: a later subscriber does not receive it.
 */
export type FeedEntryRole = 'whole' | 'part' | 'last';
