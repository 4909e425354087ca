import type { MaybePromise } from '../state/maybe-promise.ts';
import type { State } from '../state/port.ts';
import type { Interceptor } from './step.ts';
import type { ServePolicy } from './steps/cache.ts';

/** The state of a transport, and what a store of several processes brings besides. */
export interface TransportState extends State {
  /** The steps between joining equal calls and the circuit breaker. */
  steps?(policy: ServePolicy): readonly Interceptor[];
  readonly values?: SharedValues | undefined;
  /** Calls `forget` when other processes may have written unnoticed: no earlier answer is good any more. */
  onReset?(forget: () => void): void;
}

/**
 * Values that processes share, such as the sessions of a script. One process has the lease of a value and keeps it up to date. The
 * other processes follow it.
 */
export interface SharedValues {
  /** Follows the account's value of this name. */
  follow(account: string, name: string, follower: ValueFollower): FollowedValue;
  /**
   * Tells all other processes that follow values of the account to bring them up to date. The message may get lost, so it only
   * speeds things up.
   */
  broadcast(account: string): void;
  /** Calls `receive` for every message of another process. */
  onMessage(receive: (account: string) => void): void;
}

/** A process that follows a value. No method may throw. */
export interface ValueFollower {
  /**
   * This process has the lease, or has lost the other processes. It keeps the value up to date until `yield`. It has received the
   * value before.
   */
  lead(): void;
  /** Another process has the lease. */
  yield(): void;
  /** This process has found the others again. What it finds may be older than what it has stored meanwhile. */
  rejoin(): void;
  /**
   * Receives what another process has stored, which read it so long ago. `isCurrent`: it has the lease now. Returns false if the
   * value has another form.
   */
  found(value: object, ageMs: number, isCurrent: boolean): boolean;
}

export interface FollowedValue {
  /** Stores the value. Returns false if this process has lost the lease: then it is told to lead again, or to yield. */
  store(value: object, ageMs: number): MaybePromise<boolean>;
  /** Finds what other processes have stored before this call. */
  refresh(): MaybePromise<void>;
  /** Gives up the lease as well. */
  leave(): void;
}
