import { type Clock, Deadline } from '../../base/clock.ts';
import type { AbortListener } from '../../base/signal.ts';
import type { Permit } from '../../state/port.ts';
import type { Call } from '../call.ts';
import { type CallFailure, ClientLeft } from '../errors.ts';
import type { Pool } from './pool.ts';
import { RULES } from './rules.ts';

/** What a turn tells its account, which stands above it. */
interface Giver {
  /** The call still waits at its `startBy`. `wasLate`: the process stood still. */
  giveUp(turn: Turn, wasLate: boolean): void;
  /** The call needs its place in the line, its permits and its connection no longer. */
  end(turn: Turn, failure: unknown): void;
}

/** A call in the scheduler: it waits for permits and a connection, then holds them for one request, then gives them back. */
export class Turn implements AbortListener {
  readonly call: Call<unknown>;
  /** The quotas that the call needs permits of. */
  pools: readonly Pool[];
  state: 'new' | 'waiting' | 'begun' | 'sent' | 'over' = 'new';
  /** How long the call has waited, in ms. */
  waitedMs = 0;
  /** When the request was written, on the clock. */
  sentAt = 0;
  readonly #account: Giver;
  readonly #clock: Clock;
  #permits: readonly Permit[] = NONE;
  /** When the call began to wait, on the clock. */
  #since = 0;
  #deadline: Deadline | undefined;
  #settle: ((outcome: Turn | Promise<never>) => void) | undefined;

  constructor(call: Call<unknown>, pools: readonly Pool[], account: Giver, clock: Clock) {
    this.call = call;
    this.pools = pools;
    this.#account = account;
    this.#clock = clock;
  }

  get isWrite(): boolean {
    return this.call.kind === 'write';
  }

  get isInBackground(): boolean {
    return this.call.notes.background !== undefined;
  }

  /** The last moment at which a call that waits can start, on the clock. */
  get startBy(): number {
    const { deadline, timeoutMs } = this.call;
    return deadline - timeoutMs * RULES.partForAnswer;
  }

  /** Waits for permits and a connection, at most until `startBy`. @throws CallFailure */
  wait(): Promise<Turn> {
    this.state = 'waiting';
    this.#since = this.#clock.now();
    for (const pool of this.pools) pool.waiting += 1;
    this.#deadline = new Deadline(this.#clock, this.startBy, (wasLate) =>
      this.#account.giveUp(this, wasLate),
    );
    this.call.signal?.addEventListener('abort', this);
    return new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** The client has left. */
  handleEvent(): void {
    this.fail(new ClientLeft(this.call, 'no'));
  }

  /** Ends the waiting without a turn. */
  fail(failure: CallFailure): void {
    if (this.state !== 'waiting') return;
    this.#account.end(this, failure);
    this.#endWait(Promise.reject(failure));
  }

  /** The call has its permits and a connection. */
  begin(): void {
    const hasWaited = this.state === 'waiting';
    this.state = 'begun';
    if (!hasWaited) return;
    this.waitedMs = this.#clock.now() - this.#since;
    this.leave();
    this.#endWait(this);
  }

  #endWait(outcome: Turn | Promise<never>): void {
    this.#deadline?.callOff();
    this.call.signal?.removeEventListener('abort', this);
    this.#settle?.(outcome);
  }

  /** The request is about to be written. */
  sent(): void {
    this.state = 'sent';
    this.sentAt = this.#clock.now();
    for (const permit of this.#permits) permit.sent();
  }

  /** The request has arrived by now, or never will. */
  answered(): void {
    for (const permit of this.#permits) permit.answered();
  }

  /** The request is over, or no longer wanted. `failure` is undefined when it succeeded. */
  end(failure: unknown): void {
    this.#account.end(this, failure);
  }

  releasePermits(): void {
    for (const permit of this.#permits) permit.release();
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
