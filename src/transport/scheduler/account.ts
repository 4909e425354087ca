import { type MaybePromise, whenKnown } from '../../state/maybe-promise.ts';
import type { QuotaStatus } from '../../state/port.ts';
import type { AccountRecord } from '../accounts.ts';
import type { Call } from '../call.ts';
import { CallFailure, RateLimited, TimedOut } from '../errors.ts';
import { AccountQueue } from './account-queue.ts';
import { AccountQuotas } from './account-quotas.ts';
import { AnswerTime } from './answer-time.ts';
import { LateCalls } from './late-calls.ts';
import { RULES } from './rules.ts';
import type { ScheduledCall } from './scheduled-call.ts';
import type { Shared } from './shared.ts';

/** The calls of one API key, from their arrival to their end. */
export class Account implements AccountRecord {
  readonly name: string;
  readonly quotas: AccountQuotas;
  readonly queue: AccountQueue;
  readonly answerTime = new AnswerTime();
  /** Whether LuaAuth has not accepted the key yet. */
  isUnaccepted: boolean;
  readonly #shared: Shared;
  readonly #lateCalls: LateCalls;
  #underWay = 0;
  #refusalsInARow = 0;

  constructor(name: string, shared: Shared) {
    this.name = name;
    this.#shared = shared;
    const { rate, clock, quotas, total, unaccepted } = shared;
    this.isUnaccepted = unaccepted.has(name);
    this.quotas = new AccountQuotas({
      ...{ account: name, rate, clock, quotas },
      ofGateway: [total, this.isUnaccepted ? unaccepted.pool : undefined].filter(
        (pool) => pool !== undefined,
      ),
      onReady: () => this.#onReady(),
      onPause: (pool, pauseMs) => this.#lateCalls.refuseDuringPause(pool, pauseMs),
    });
    this.queue = new AccountQueue(name, shared.queue, {
      takeFor: (call, leavesRoom) => this.#take(call, leavesRoom),
      isOpen: () => this.#isOpen,
      hasRoom: () => !this.quotas.key.isEmptyForBackground,
    });
    this.#lateCalls = new LateCalls(this.queue, this.quotas.key, shared);
  }

  /** Starts a call if that is possible at once. Otherwise the call waits, or fails if it could not start in time. */
  request(call: ScheduledCall): void {
    const { queue, unaccepted, pump, clock } = this.#shared;
    call.pools = this.quotas.poolsOf(call.call);
    if (queue.size === 0 && !call.isInBackground && this.#isOpen && this.#take(call, false)) {
      this.start(call);
      return;
    }
    if (call.state === 'over') return;
    const { place = '' } = call.call.origin;
    if (this.queue.size === 0) this.queue.moveTo(this.isUnaccepted ? unaccepted.accountsAt(place) : queue);
    this.queue.add(call);
    const refusal = this.queue.isFullFor(call)
      ? this.#lateCalls.refusalOf(call)
      : this.#lateCalls.refusalOfNew(call);
    if (refusal) {
      this.queue.remove(call);
      for (const pool of call.pools) pool.rest();
      call.sender.fail(refusal);
      return;
    }
    call.state = 'waiting';
    call.since = clock.now();
    for (const pool of call.pools) pool.add();
    const last = unaccepted.oneTooMany;
    last?.sender.fail(new RateLimited(last.call, undefined, { byApi: false }));
    pump();
    // A call that has started, or failed, meanwhile does not wait.
    if (call.state === 'waiting') call.sender.queued();
  }

  /** Sends a call that has its permits and a connection. */
  start(call: ScheduledCall): void {
    const now = this.#shared.clock.now();
    const waitedMs = call.state === 'waiting' ? now - call.since : 0;
    if (call.state === 'waiting') for (const pool of call.pools) pool.remove();
    call.state = 'started';
    call.since = now;
    this.#count(1);
    this.queue.started(call);
    call.sender.admitted(waitedMs);
  }

  /** Fails a call that still waits at its `startBy`: as rate-limited if a connection is free, else as timed out. */
  giveUp(call: ScheduledCall, wasLate: boolean): void {
    const isQuota = this.#hasConnection;
    call.sender.fail(
      isQuota ? this.#lateCalls.refusalOf(call) : new TimedOut(call.call, 'no', { unhealthy: !wasLate }),
    );
  }

  end(call: ScheduledCall, failure: unknown): void {
    const { state } = call;
    call.state = 'over';
    if (state === 'waiting') {
      this.queue.remove(call);
      for (const pool of call.pools) pool.remove();
    } else if (state === 'started' || state === 'sent') {
      if (state === 'started' || failure !== undefined) call.releasePermits();
      this.#count(-1);
      if (state === 'sent') this.#learn(call, failure);
      if (this.#shared.queue.size > 0) this.#shared.pump();
    }
  }

  /** LuaAuth has accepted the key, or the gateway holds it. */
  accept(): void {
    const { unaccepted, queue, pump } = this.#shared;
    unaccepted.accepted(this.name);
    if (!this.isUnaccepted) return;
    unaccepted.underWay -= this.#underWay;
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
    for (const { sender, call } of this.queue.all()) sender.fail(failureOf(call));
  }

  status(): MaybePromise<QuotaStatus> {
    const { unaccepted } = this.#shared;
    return whenKnown(this.quotas.key.status(), (status) =>
      this.isUnaccepted ? unaccepted.statusOf(status) : status,
    );
  }

  /** Whether a call could start at this moment and leave permits for other calls. */
  hasRoom(call: Call<unknown>): boolean {
    return this.#isOpen && this.quotas.poolsOf(call).every((pool) => pool.hasBackgroundPermit);
  }

  isIdle(): boolean {
    return this.#underWay === 0 && this.queue.size === 0 && this.quotas.isIdle();
  }

  get #hasConnection(): boolean {
    const { freeConnections, unaccepted } = this.#shared;
    if (!this.isUnaccepted) return freeConnections > (this.#underWay > 0 ? 1 : 0);
    if (this.#underWay >= RULES.maxUnderWayOfUnaccepted) return false;
    return freeConnections > (unaccepted.underWay > 0 ? 1 : 0);
  }

  /** Whether any call may start, as far as is known. */
  get #isOpen(): boolean {
    return this.#hasConnection && this.quotas.isOpen;
  }

  #take(call: ScheduledCall, leavesRoom: boolean): boolean {
    // After a standstill, permits may come before an overdue timer fires.
    if (call.startBy < this.#shared.clock.now()) return false;
    return call.call.needsRequest?.() !== false && call.takePermits(leavesRoom);
  }

  #count(by: number): void {
    this.#underWay += by;
    this.#shared.freeConnections -= by;
    if (this.isUnaccepted) this.#shared.unaccepted.underWay += by;
  }

  /** Learns from the end of a request that was sent. */
  #learn({ call, since }: ScheduledCall, failure: unknown): void {
    const { endpoint } = call;
    this.answerTime.learn(call, this.#shared.clock.now() - since, failure);
    if (failure === undefined) this.quotas.passed(endpoint);
    else if (failure instanceof RateLimited) this.quotas.refused(endpoint, failure);
    const { unaccepted } = this.#shared;
    if (unaccepted.knows(this.name)) return;
    const isProof = failure === undefined || (failure instanceof CallFailure && failure.provesKey);
    if (isProof) this.accept();
    else if (this.isUnaccepted && unaccepted.isRefusal(failure)) this.#refused();
  }

  #refused(): void {
    this.#refusalsInARow += 1;
    if (this.#refusalsInARow < RULES.refusalsInARow) return;
    this.#refusalsInARow = 0;
    this.failAll(this.#shared.unaccepted.refusalOf);
  }

  /** Starts calls. Gives the fetched permit back if no connection is free for it. */
  #onReady(): void {
    this.#shared.pump();
    if (!this.#hasConnection) this.quotas.key.giveBack();
  }
}
