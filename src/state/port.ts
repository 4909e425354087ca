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
  readonly feeds: Feeds;
  /** Copies of reads that all processes share; undefined: there is no other process. */
  readonly shared?: SharedCopies | undefined;
  /** How this process stands with the others; undefined: there are none. */
  readonly coordination?: Coordination | undefined;
  close?(): Promise<void>;
}

/** Whether the processes can count together. One that has lost the others goes on with its share. */
export interface Coordination {
  /** 0 while all is well, otherwise the number of the loss that lasts. */
  readonly loss: number;
  /** How long calls cannot be made, because nobody knows this process's share of the quota, in ms; 0: they can. */
  refusedMs(): number;
}

export interface Quotas {
  /**
   * The quota of that name: an account, or an account, a space and what is limited on its own. `onFreed` is called when a place may have become free by anything but
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
  /** Whether each process counts for itself. */
  readonly isLocal?: boolean;
}

/** At most so many requests in any second. What only estimates is known to each process by itself, so it never waits. */
export interface Quota {
  /**
   * A place now, or how many ms until one may be free (Infinity: when `onFreed` is called). So many wait: whoever asks
   * somebody else for places may ask for all of them at once.
   */
  take(waiting: number): MaybePromise<Place | number>;
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
  /** For one operation of an account. */
  fence(account: string): Fence;
}

/** What an operation reads after this was first asked is no older than that: it is asked for once. */
export interface Fence {
  /** What was asked for under another generation may show less. */
  read(resource: string): MaybePromise<Generation>;
  /** Before a write is sent. If nobody tells how it ended, nothing of these resources is kept for `doubtMs`. */
  write(resources: readonly string[], doubtMs: number): MaybePromise<Write>;
}

/** A write that is under way. */
export interface Write {
  /** To be awaited before the client is answered. Of unknown outcome: it may yet be carried out for `doubtMs`. */
  end(outcome: WriteOutcome, doubtMs: number): MaybePromise<void>;
  /** Whether other processes may not have learnt of it. */
  readonly isLost: boolean;
}

export type WriteOutcome = 'done' | 'not done' | 'unknown';

export interface Generation {
  readonly number: number | string;
  /** Nothing read is worth keeping. */
  readonly isInDoubt: boolean;
  /** Other processes may have written without this one's knowing: the number of the loss; 0: none has. */
  readonly loss: number;
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

/** Copies of reads for all processes of an account, and who of them makes a call that all wait for. */
export interface SharedCopies {
  ask(account: string, key: string, question: CopyQuestion): Promise<CopyAnswer>;
}

export interface CopyQuestion {
  /** A copy younger than this will do, in ms. */
  readonly freshMs: number;
  /** The `askedAt` of the first answer, when this is asked again: a copy that was kept since then will do. */
  readonly since: number | undefined;
  /** Whether nobody waits for the call: then another process need not wait for it either. */
  readonly isBackground: boolean;
}

export interface CopyAnswer {
  /** A copy; without `isEnough` it is older than what was asked for. */
  readonly entry: CacheEntry | undefined;
  readonly isEnough: boolean;
  /** The right, and the duty, to make the call. Without it another process makes it. */
  readonly lead: Lead | undefined;
  /** On the clock of the store. */
  readonly askedAt: number;
}

/** To be kept or given up; it ends soon after the process that has it. */
export interface Lead {
  keep(entry: CacheEntry, ttlMs: number): void;
  giveUp(): void;
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

/** What one process finds out for all of them, entry by entry. */
export interface Feeds {
  /** Takes part in an account's feed of that name. */
  join(account: string, name: string, member: FeedMember): FeedSeat;
  /** Tells every process that takes part in any feed of the account, this one too. It may get lost: it can only hasten. */
  tell(account: string, message: object): void;
  /** Calls back for whatever is told. */
  listen(told: (account: string, message: object) => void): void;
}

/** A process that takes part in a feed. None of these may throw. */
export interface FeedMember {
  /**
   * This process is to find out from now on, until `rest`: it has received all that is still known of the feed. `isAnew`:
   * nobody goes on from what was published before, so begin with a whole entry, under positions that were never used. It may
   * be called again without `rest`, if that has become so meanwhile.
   */
  lead(isAnew: boolean): void;
  /** Another process does. */
  rest(): void;
  /**
   * What was published, by this process too, in the order in which it was. `isLatest`: as far as is known, nothing has
   * happened since.
   */
  received(entry: object, isLatest: boolean): void;
}

export interface FeedSeat {
  /** Tells all, for who leads; what comes from who no longer leads is dropped. */
  publish(entry: object, role: FeedEntryRole): void;
  leave(): void;
}

/**
 * Who comes later can begin with one that is `whole`; what was published before it is kept for a while. Behind the `last`
 * one nothing counts of what was before: who comes later does not receive it.
 */
export type FeedEntryRole = 'whole' | 'part' | 'last';
