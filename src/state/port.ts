import type { MaybePromise } from '../base/maybe-promise.ts';

/**
 * The state that the processes of one gateway share: in memory for one process, in a store for several. Times are ages or
 * durations, because clocks differ. A promise must not reject: an implementation that loses its store decides how to continue.
 */
export interface State {
  readonly quotas: Quotas;
  readonly generations: Generations;
  close?(): Promise<void>;
}

export interface Quotas {
  /**
   * Opens the quota of an account or of a `part`, which is a caller: at most `rate` requests may arrive in any sliding window.
   * Infinity: no limit. `onFreed` is called when a sent or released request may have freed a permit, not for permits that time
   * frees.
   */
  open(account: string, part: string | undefined, rate: number, onFreed: () => void): Quota;
}

/** The requests of one quota. */
export interface Quota {
  /**
   * Gives a permit, or the ms until a permit may be free. Infinity: wait until `onFreed` is called. `isBackground`: no caller waits
   * for the call, so a fifth of the permits stays free.
   */
  take(isBackground: boolean): MaybePromise<Permit | number>;
  /** What this process knows of the quota. Never waits. */
  outlook(): Outlook;
  status(): MaybePromise<QuotaStatus>;
  /** Whether the quota can be dropped without allowing more calls. */
  isIdle(): boolean;
}

/** A quota as far as one process knows it: the demand of other processes is not in it. */
export interface Outlook {
  /** Requests that may arrive in a second. Infinity: no limit. */
  readonly limit: number;
  readonly used: number;
  /** When the next permit may be free, in ms from now. 0: now, or it is not known. */
  readonly nextInMs: number;
}

export interface QuotaStatus {
  /** Requests that may arrive in a second now. Infinity: no limit. */
  readonly limit: number;
  /** Permits that are free now. */
  readonly remaining: number;
  readonly used: number;
  /** When all permits are free again if no other call starts, in ms from now. */
  readonly resetInMs: number;
}

/** Held from `take` on. A sent request counts for a window from the latest moment at which it can arrive. */
export interface Permit {
  /** False: too old for a request. Release it. */
  readonly mayBeUsed: boolean;
  sent(): void;
  /** The answer begins, or the connection was closed. The request has arrived, or never will. */
  answered(): void;
  /** No more will be known. A permit without a sent request is free again. A sent request may still arrive. */
  release(): void;
}

/** Counts the writes to resources. */
export interface Generations {
  /** Opens a snapshot for one operation of an account. */
  snapshot(account: string): Snapshot;
}

/** The writes at the operation's first look-up, or later. One look-up is enough for all its reads. */
export interface Snapshot {
  /** The current generation of a resource. A cached answer of another generation may be outdated. */
  read(resource: string): MaybePromise<Generation>;
  /**
   * Counts a write to the resources, which gives them a new generation. Await this before the client is answered. Returns false
   * if other processes may not know of the write.
   */
  wrote(resources: readonly string[]): MaybePromise<boolean>;
}

export interface Generation {
  readonly number: number | string;
  /** Whether the store is lost, so that other processes may have written unnoticed. */
  readonly isLost: boolean;
}
