import type { Call } from '../call.ts';
import { CallFailure, RateLimited, TimedOut } from '../errors.ts';
import { AccountQueue } from './account-queue.ts';
import { AccountQuotas } from './account-quotas.ts';
import { LateCalls } from './late-calls.ts';
import { Pauses } from './pauses.ts';
import type { ScheduledCall } from './scheduled-call.ts';
import type { Shared } from './shared.ts';

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
    this.queue = new AccountQueue(name, shared.queue, this);
    this.#pauses = new Pauses(clock, pump);
    this.#lateCalls = new LateCalls(this.queue, this.#pauses, shared);
  }

  /** Starts a call if that is possible at once. Otherwise the call waits, or fails if it could not start in time. */
  request(call: ScheduledCall): void {
    const { queue, unaccepted, pump, clock } = this.#shared;
    call.pools = this.quotas.poolsOf(call.call);
    if (queue.size === 0 && !call.isInBackground && this.isOpen && this.take(call, false)) {
      this.start(call);
      return;
    }
    if (call.state === 'over') return;
    const { place = '' } = call.call.origin;
    if (this.queue.size === 0) this.queue.moveTo(this.isUnaccepted ? unaccepted.accountsAt(place) : queue);
    this.queue.lineOf(call).add(call);
    const refusal = this.#lateCalls.refusalOfNew(call);
    if (refusal) {
      this.#remove(call);
      for (const pool of call.pools) pool.rest();
      call.fail(refusal);
      return;
    }
    call.wait(clock.now());
    unaccepted.refuseOneTooMany();
    pump();
    // The pump may have started the call, and its turn may have failed it. Then it does not wait.
    if (call.state === 'waiting') call.queued();
  }

  /** Sends a call that has its permits and a connection. */
  start(call: ScheduledCall): void {
    const waitedMs = call.start(this.#shared.clock.now());
    call.call.waiters?.started();
    this.#count(call, 1);
    this.queue.started(call);
    call.admitted(waitedMs);
  }

  /**
   * Fails a call that still waits at its `startBy`: as rate-limited if a connection is free, else as timed out. `wasLate`: the
   * process stood still.
   */
  giveUp(call: ScheduledCall, wasLate: boolean): void {
    const timedOut = () => new TimedOut(call.call, 'no', { unhealthy: !wasLate });
    call.fail(this.#hasConnectionFor(call.call) ? this.#lateCalls.refusalOf(call) : timedOut());
  }

  /** The request is over, or no longer wanted. `failure` is undefined when it succeeded. */
  end(call: ScheduledCall, failure: unknown): void {
    const { state } = call;
    call.state = 'over';
    if (state === 'waiting') {
      this.#remove(call);
      call.leave();
    } else if (state === 'started' || state === 'sent') {
      if (state === 'started' || failure !== undefined) call.releasePermits();
      this.#count(call, -1);
      if (state === 'sent') this.#learn(call.call, failure);
      if (this.#shared.queue.size > 0) this.#shared.pump();
    }
  }

  /** LuaAuth has accepted the key, or the gateway holds it. */
  accept(): void {
    if (!this.isUnaccepted) return;
    const { unaccepted, queue, pump, connections } = this.#shared;
    connections.accepted(this);
    this.isUnaccepted = false;
    this.queue.moveTo(queue);
    const { pool } = unaccepted;
    if (pool) {
      this.quotas.leave(pool);
      for (const call of this.queue.all()) call.leave(pool);
    }
    if (queue.size > 0) pump();
  }

  /** Fails all waiting calls. */
  failAll(failureOf: (call: Call<unknown>) => CallFailure): void {
    for (const call of this.queue.all()) call.fail(failureOf(call.call));
  }

  /** Whether a call could start at this moment and leave permits for other calls. */
  hasRoomFor(call: Call<unknown>): boolean {
    if (!this.isOpen || !this.#hasConnectionFor(call) || this.#pauses.leftMs(call.endpoint) > 0) return false;
    return this.quotas.poolsOf(call).every((pool) => pool.hasBackgroundPermit);
  }

  /** Whether a new account of the same key would allow no more calls. */
  isIdle(): boolean {
    return this.underWay === 0 && this.queue.size === 0 && this.quotas.isIdle() && this.#pauses.isIdle();
  }

  get isOpen(): boolean {
    return !this.#shared.connections.isFull && this.quotas.isOpen;
  }

  get hasRoom(): boolean {
    return !this.quotas.key.isEmptyForBackground;
  }

  take(call: ScheduledCall, leavesRoom: boolean): boolean {
    const { deadline, endpoint, waiters } = call.call;
    // After a standstill, permits may come before an overdue timer fires.
    if (deadline <= this.#shared.clock.now() || this.#pauses.blocks(endpoint)) return false;
    if (waiters?.needRequest() === false) return false;
    return this.#hasConnectionFor(call.call) && call.takePermits(leavesRoom);
  }

  #remove(call: ScheduledCall): void {
    this.queue.lineOf(call).remove(call);
    if (this.queue.size === 0) this.#pauses.stopTimers();
  }

  #hasConnectionFor({ origin }: Call<unknown>): boolean {
    return this.#shared.connections.hasOneFor(origin, this);
  }

  #count({ call }: ScheduledCall, by: 1 | -1): void {
    this.underWay += by;
    this.#shared.connections.change(call.origin, this, by);
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
