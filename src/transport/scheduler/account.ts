import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { Call } from '../call.ts';
import { CallFailure, RateLimited, TimedOut } from '../errors.ts';
import { AccountQueue } from './account-queue.ts';
import { AccountQuotas } from './account-quotas.ts';
import { LateCalls } from './late-calls.ts';
import { Pauses } from './pauses.ts';
import type { Shared } from './shared.ts';
import { Turn } from './turn.ts';

/** The calls of one API key, from their arrival to their end. */
export class Account {
  readonly quotas: AccountQuotas;
  readonly queue: AccountQueue;
  /** Whether LuaAuth has not accepted the key yet. */
  isUnaccepted: boolean;
  readonly #shared: Shared;
  readonly #pauses: Pauses;
  readonly #lateCalls: LateCalls;
  /** Requests under way. */
  underWay = 0;

  constructor(name: string, shared: Shared) {
    const { clock, unaccepted, pump } = shared;
    this.#shared = shared;
    this.isUnaccepted = unaccepted.has(name);
    this.quotas = new AccountQuotas(name, shared, () => this.#onReady());
    this.queue = new AccountQueue(name, shared, this.quotas, (turn, leavesRoom) =>
      this.take(turn, leavesRoom),
    );
    this.#pauses = new Pauses(clock, pump);
    this.#lateCalls = new LateCalls(this.queue, this.#pauses, shared);
  }

  /** The turn of a call: at once if it can start, else a promise. @throws CallFailure if it could not start in time */
  turn(call: Call<unknown>): MaybePromise<Turn> {
    const { queue, unaccepted, pump, clock } = this.#shared;
    const turn = new Turn(call, this.quotas.poolsOf(call), this, clock);
    if (queue.size === 0 && !turn.isInBackground && this.queue.mayStart && this.take(turn, false)) {
      this.begin(turn);
      return turn;
    }
    const { place = '' } = call.origin;
    if (this.queue.size === 0) this.queue.moveTo(this.isUnaccepted ? unaccepted.accountsAt(place) : queue);
    this.queue.lineOf(turn).add(turn);
    const refusal = this.#lateCalls.refusalOfNew(turn);
    if (refusal) {
      this.#remove(turn);
      for (const pool of turn.pools) pool.rest();
      throw refusal;
    }
    const waiting = turn.wait();
    unaccepted.refuseOneTooMany();
    pump();
    return turn.state === 'begun' ? turn : waiting;
  }

  /** Lets a call send its request, because it has its permits and a connection. */
  begin(turn: Turn): void {
    this.#count(turn, 1);
    this.queue.started(turn);
    turn.begin();
    turn.call.notes.onTurn?.();
  }

  /**
   * Fails a call that still waits at its `startBy`: as rate-limited if a connection is free, else as timed out. `wasLate`: the
   * process stood still.
   */
  giveUp(turn: Turn, wasLate: boolean): void {
    const timedOut = () => new TimedOut(turn.call, 'no', { unhealthy: !wasLate });
    turn.fail(this.#hasConnectionFor(turn.call) ? this.#lateCalls.refusalOf(turn) : timedOut());
  }

  /** Takes back what a call holds: its place in the line, or its permits and its connection. */
  end(turn: Turn, failure: unknown): void {
    const { state } = turn;
    turn.state = 'over';
    if (state === 'waiting') {
      this.#remove(turn);
      turn.leave();
      return;
    }
    if (state === 'begun' || failure !== undefined) turn.releasePermits();
    this.#count(turn, -1);
    if (state === 'sent') this.#learn(turn.call, failure);
    if (this.#shared.queue.size > 0) this.#shared.pump();
  }

  /** LuaAuth has accepted the key, or the gateway holds it. */
  accept(): void {
    if (!this.isUnaccepted) return;
    const { unaccepted, queue, pump, connections } = this.#shared;
    connections.accepted(this.underWay);
    this.isUnaccepted = false;
    this.queue.moveTo(queue);
    const { pool } = unaccepted;
    if (pool) {
      this.quotas.leave(pool);
      for (const turn of this.queue.all()) turn.leave(pool);
    }
    if (queue.size > 0) pump();
  }

  /** Fails all waiting calls. */
  failAll(failureOf: (call: Call<unknown>) => CallFailure): void {
    for (const turn of this.queue.all()) turn.fail(failureOf(turn.call));
  }

  /** Whether a call could start at this moment and leave permits for other calls. */
  hasRoomFor(call: Call<unknown>): boolean {
    if (!this.queue.mayStart || !this.#hasConnectionFor(call) || this.#pauses.leftMs(call.endpoint) > 0)
      return false;
    return this.quotas.poolsOf(call).every((pool) => pool.hasBackgroundPermit);
  }

  /** Whether a new account of the same key would allow no more calls. */
  isIdle(): boolean {
    return this.underWay === 0 && this.queue.size === 0 && this.quotas.isIdle() && this.#pauses.isIdle();
  }

  /** Gives a call all that it needs, if it can start. `leavesRoom`: only if a fifth of the permits stays free. */
  take(turn: Turn, leavesRoom: boolean): boolean {
    const { deadline, endpoint } = turn.call;
    // After a standstill, permits may come before an overdue timer fires.
    if (deadline <= this.#shared.clock.now() || this.#pauses.blocks(endpoint)) return false;
    return this.#hasConnectionFor(turn.call) && turn.takePermits(leavesRoom);
  }

  #remove(turn: Turn): void {
    this.queue.lineOf(turn).remove(turn);
    if (this.queue.size === 0) this.#pauses.stopTimers();
  }

  #hasConnectionFor({ origin }: Call<unknown>): boolean {
    const { connections } = this.#shared;
    return this.isUnaccepted ? connections.hasOneForUnaccepted(this.underWay) : connections.hasOneFor(origin);
  }

  #count({ call }: Turn, by: 1 | -1): void {
    this.underWay += by;
    this.#shared.connections.change(call.origin, this.isUnaccepted, by);
  }

  /** Learns from the end of a request that was sent. */
  #learn({ endpoint, origin }: Call<unknown>, failure: unknown): void {
    if (failure instanceof RateLimited) {
      this.#pauses.begin(endpoint, failure);
      this.#lateCalls.refuseDuringPause(endpoint);
    }
    const { known } = this.#shared.unaccepted;
    if (known.has(origin.account)) return;
    // An answer that does not refuse the key proves it.
    if (failure !== undefined && !(failure instanceof CallFailure && failure.provesKey)) return;
    known.add(origin.account);
    this.accept();
  }

  /** Starts calls. Gives the fetched permit back if no connection is free for it. */
  #onReady(): void {
    this.#shared.pump();
    if (this.#shared.connections.isFull) this.quotas.key.giveBack();
  }
}
