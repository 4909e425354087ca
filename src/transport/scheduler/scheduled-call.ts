import type { Permit } from '../../state/port.ts';
import type { Call } from '../call.ts';
import type { CallFailure } from '../errors.ts';
import type { AnswerTime } from './answer-time.ts';
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
  declare readonly sender: Sender;
  declare readonly call: Call<unknown>;
  declare pools: readonly Pool[];
  declare state: 'new' | 'waiting' | 'started' | 'sent' | 'over';
  /** When the call began to wait; once it is started, when it started. */
  declare since: number;
  declare private readonly answerTime: AnswerTime;
  declare private permits: readonly Permit[];

  constructor(sender: Sender, answerTime: AnswerTime) {
    this.sender = sender;
    this.call = sender.call;
    this.answerTime = answerTime;
    this.pools = NONE;
    this.state = 'new';
    this.since = 0;
    this.permits = NONE;
  }

  get isWrite(): boolean {
    return this.call.kind === 'write';
  }

  /** Whether no client waits for the answer. */
  get isInBackground(): boolean {
    return this.call.revalidation !== undefined;
  }

  get isPoll(): boolean {
    return this.call.revalidation?.isPoll === true;
  }

  get servedAgeMs(): number {
    return this.call.revalidation?.servedAgeMs ?? 0;
  }

  /** Whether a quota besides the key's has no permit, as far as is known. */
  get isBlocked(): boolean {
    return this.pools.some((pool, index) => index < this.pools.length - 1 && pool.isEmpty);
  }

  /** The last moment at which the request can start, on the clock. */
  get startBy(): number {
    const { deadline, timeoutMs } = this.call;
    const neededMs = Math.min(this.answerTime.neededMs, timeoutMs / 2);
    return deadline - Math.max(neededMs, Math.min(RULES.reservedMs, timeoutMs / 10));
  }

  sent(): void {
    this.state = 'sent';
    for (const permit of this.permits) permit.sent();
  }

  answered(): void {
    for (const permit of this.permits) permit.answered();
  }

  releasePermits(): void {
    for (const permit of this.permits) permit.release();
  }

  /** Makes a waiting call wait for a permit of this pool as well. */
  join(pool: Pool): void {
    if (this.pools.includes(pool)) return;
    this.pools = [pool, ...this.pools];
    pool.add();
  }

  leave(pool: Pool): void {
    if (!this.pools.includes(pool)) return;
    this.pools = this.pools.filter((other) => other !== pool);
    pool.remove();
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
    this.permits = permits;
    return true;
  }
}

const NONE: readonly never[] = [];
