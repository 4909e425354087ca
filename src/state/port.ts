import type { MaybePromise } from './maybe-promise.ts';

/**
 * What the processes of one gateway have in common: in memory for one process, in a store for several. Whatever goes in
 * or comes out is plain JSON data, so that a store outside the process can hold it, and times are ages or durations,
 * because clocks differ. A Promise must not reject: an implementation that loses its store knows best how to go on.
 */
export interface State {
  readonly quotas: Quotas;
  readonly generations: Generations;
  readonly cache: CacheEntries;
  readonly documents: Documents;
  readonly pageSizes: PageSizes;
}

export interface Quotas {
  /**
   * The quota of that name, such as an account's. `onFreed` is called when a place may have become free by anything but
   * time: a request that was sent or was given up.
   */
  open(name: string, limits: QuotaLimits, onFreed: () => void): Quota;
}

export interface QuotaLimits {
  /** Requests that may arrive in any sliding second; Infinity: no limit, only pauses. */
  readonly rate: number;
  /** What is left of the rate after each `slowDown`. */
  readonly backoff: number;
  /** How much of the full rate comes back each second. */
  readonly recoveryPerSecond: number;
}

/** At most so many requests in any second. What only estimates is known to each process by itself, so it never waits. */
export interface Quota {
  /** A place now, or how many ms until one may be free (Infinity: when `onFreed` is called). */
  take(): MaybePromise<Place | number>;
  /** The same for a call that nobody waits for: some places stay free, and one such call keeps its distance from the next. */
  takeSpare(): MaybePromise<Place | number>;
  /** Whether a call would leave those places free. */
  hasSpare(): boolean;
  /** When the call behind `ahead` others could start, in ms from now, if nothing but time frees places. */
  etaMs(ahead: number): number;
  /** The API said that this was too fast: nothing starts for `pauseMs`, and fewer for a while. */
  slowDown(pauseMs: number): MaybePromise<void>;
  /** How it stands at this moment. */
  status(): MaybePromise<QuotaStatus>;
  /** Whether it could be forgotten without allowing more. */
  isIdle(): boolean;
}

export interface QuotaStatus {
  /** Requests that may arrive in a second as things are, after a `slowDown` fewer than usual; 0: no limit. */
  readonly limit: number;
  /** Places that are free now: none in a pause. */
  readonly remaining: number;
  /** Places that are held, or count for what was sent. */
  readonly used: number;
  /** When no place will be used any more if nothing else starts, in ms from now. */
  readonly resetInMs: number;
}

/** A place in a quota. It is held from the moment when it is taken, and counts for a second from the request's arrival. */
export interface Place {
  sent(): void;
  /** What was sent had arrived so many ms ago; what was never sent gives its place back. Only the first time counts. */
  done(arrivedMsAgo: number): void;
}

/** How often resources were written to. They are counted where the state is, not in a process. */
export interface Generations {
  /** What was asked for under an older generation shows less. */
  read(resource: string): MaybePromise<Generation>;
  /** After a write. For `inDoubtMs` it may yet be carried out, although nobody waits for it any more. */
  bump(resources: readonly string[], inDoubtMs: number): MaybePromise<void>;
}

export interface Generation {
  readonly number: number;
  /** Nothing read is worth keeping. */
  readonly isInDoubt: boolean;
}

/** Answers to reads, by who asks for what under which generation. */
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

/** The documents that clients have registered, by their hash. */
export interface Documents {
  get(hash: string): MaybePromise<string | undefined>;
  set(hash: string, document: string): MaybePromise<void>;
}

/**
 * The longest page that an account was given by an endpoint in the last 10 minutes. The API's largest `limit` is not
 * documented, but it is no smaller than that: a shorter page that asked for more is the end of its list.
 */
export interface PageSizes {
  note(account: string, endpoint: string, rows: number): MaybePromise<void>;
  longest(account: string, endpoint: string): MaybePromise<number>;
}
