import type { Permit } from '../../state/port.ts';
import type { Call } from '../call.ts';
import type { CallFailure } from '../errors.ts';
import type { Pool } from './pool.ts';
import { RULES } from './rules.ts';

/** A call on its way through the scheduler: the quotas that it needs permits of, and the permits that it has. */
export abstract class ScheduledCall {
  readonly call: Call<unknown>;
  pools: readonly Pool[] = NONE;
  state: 'new' | 'waiting' | 'started' | 'sent' | 'over' = 'new';
  #permits: readonly Permit[] = NONE;
  /** When the call began to wait, on the clock. */
  #since = 0;

  constructor(call: Call<unknown>) {
    this.call = call;
  }

  /** The call has to wait. If it still waits at `startBy`, the subclass calls `giveUp` of its account. */
  abstract queued(): void;
  /** The call has its permits and a connection after `waitedMs`: sends the request. */
  abstract admitted(waitedMs: number): void;
  abstract fail(failure: CallFailure): void;

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
    let permits: readonly Permit[] = NONE;
    for (const pool of this.pools) {
      // Only the key's own permits can leave room, and its pool is the last.
      const permit = pool.take(leavesRoom && pool === this.pools.at(-1));
      if (permit === undefined) {
        for (const [other, taken] of permits.entries()) this.pools[other]?.keep(taken, false);
        return false;
      }
      permits = [...permits, permit];
    }
    this.#permits = permits;
    return true;
  }
}

const NONE: readonly never[] = [];
