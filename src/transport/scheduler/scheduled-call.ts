import type { Permit } from '../../state/port.ts';
import type { Call } from '../call.ts';
import type { CallFailure } from '../errors.ts';
import type { Pool } from './pool.ts';
import { RULES } from './rules.ts';

/** What sends the request of a call. */
export interface Sender {
  readonly call: Call<unknown>;
  /** The call has to wait. If it still waits at `startBy`, the sender calls `giveUp` of the scheduler. */
  queued(): void;
  /** The call has its permits and a connection after `waitedMs`: sends the request. */
  admitted(waitedMs: number): void;
  fail(failure: CallFailure): void;
}

/** A call on its way through the scheduler: the quotas that it needs permits of, and the permits that it has. */
export class ScheduledCall {
  readonly sender: Sender;
  readonly call: Call<unknown>;
  pools: readonly Pool[] = NONE;
  state: 'new' | 'waiting' | 'started' | 'sent' | 'over' = 'new';
  #permits: readonly Permit[] = NONE;
  /** When the call began to wait, on the clock. */
  #since = 0;

  constructor(sender: Sender) {
    this.sender = sender;
    this.call = sender.call;
  }

  get isWrite(): boolean {
    return this.call.kind === 'write';
  }

  get isInBackground(): boolean {
    return this.call.background !== undefined;
  }

  /** The last moment at which a call that waits can start, on the clock. */
  get startBy(): number {
    const { deadline, timeoutMs } = this.call;
    return deadline - timeoutMs * RULES.partForAnswer;
  }

  sent(): void {
    this.state = 'sent';
    for (const permit of this.#permits) permit.sent();
  }

  answered(): void {
    for (const permit of this.#permits) permit.answered();
  }

  releasePermits(): void {
    for (const permit of this.#permits) permit.release();
  }

  /** Begins to wait for permits. */
  wait(now: number): void {
    this.state = 'waiting';
    this.#since = now;
    for (const pool of this.pools) pool.waiting += 1;
  }

  /** Notes that the call has its permits and a connection. Returns how long it has waited, in ms. */
  start(now: number): number {
    const hasWaited = this.state === 'waiting';
    if (hasWaited) this.leave();
    this.state = 'started';
    return hasWaited ? now - this.#since : 0;
  }

  /** Stops waiting for permits of the given pool, or of all pools. */
  leave(left?: Pool): void {
    for (const pool of this.pools) if (left === undefined || pool === left) pool.remove();
    if (left) this.pools = this.pools.filter((pool) => pool !== left);
  }

  /** Takes all permits or none. `leavesRoom`: only if a fifth of the key's permits stays free. */
  takePermits(leavesRoom: boolean): boolean {
    const permits: Permit[] = [];
    for (const [index, pool] of this.pools.entries()) {
      const permit = pool.take(leavesRoom && index === this.pools.length - 1);
      if (permit === undefined) {
        // Only the key's own permits can leave room, and its pool is the last.
        for (const [other, taken] of permits.entries()) this.pools[other]?.keep(taken, false);
        return false;
      }
      permits.push(permit);
    }
    this.#permits = permits;
    return true;
  }
}

const NONE: readonly never[] = [];
