import type { Demand, Permit } from '../../state/port.ts';
import type { AccountRecord } from '../accounts.ts';
import type { Call } from '../call.ts';
import { type CallFailure, RateLimited, TimedOut } from '../errors.ts';
import { AccountLimits, type AccountLimitsOptions, type LimitedAccount } from './account-limits.ts';
import { FairQueue, type Waiting } from './fair-queue.ts';
import type { Limit } from './limit.ts';

/** A call that wants to be sent. */
export interface Applicant {
  readonly call: Call<unknown>;
  /** It has to wait, and calls `giveUp` at `startBy` if it still waits then. */
  queued(): void;
  /** It has all that it needs, after so many ms. */
  admitted(waitedMs: number): void;
  /** It will not have it. */
  fail(failure: CallFailure): void;
}

/** The part that all accounts share. */
export interface Common {
  hasConnection(account: AccountAdmission): boolean;
  /** A call is started. */
  began(admittance: Admittance): void;
  /** Its request is over. */
  ended(admittance: Admittance): void;
  /** How many start before another call of the account, at most, where the quota over all is short. */
  aheadOf(account: AccountAdmission): number;
  /** Starts what waits in an account that may have what it needs of its own. */
  wake(account: AccountAdmission): void;
  /** Nothing waits in an account any more. */
  forget(account: AccountAdmission): void;
  /** Whether one more call of a key that the API has never accepted may wait. */
  letsUnknownIn(): boolean;
  /** A call of such a key waits no longer, and was not started. */
  letUnknownOut(): void;
}

const MAX_WAITING = 10_000;
/**
 * The time that a waiting call must have left, or a tenth of its timeout if that is less. Without it a queue that is
 * always full would start every call just before its deadline, and spend the quota on calls that time out.
 */
const RESERVED_MS = 500;
/** A poll that has waited so long goes before callers, in ms. */
const LATE_POLL_MS = 5_000;
/** At most this part of the quota is for such polls. */
const LATE_POLLS_PART = 1 / 50;

/**
 * Calls of one API key: they wait in one fair queue, each until all that it needs is there. When the API says `ratelimited`,
 * they slow down.
 */
export class AccountAdmission implements AccountRecord, LimitedAccount {
  readonly name: string;
  readonly common: Common;
  readonly limits: AccountLimits;
  readonly queue = new FairQueue<Admittance>();
  /** Requests that have a connection. */
  underWay = 0;
  #latePollsFrom = Number.NEGATIVE_INFINITY;
  readonly #options: AccountLimitsOptions;

  constructor(name: string, common: Common, options: AccountLimitsOptions) {
    this.name = name;
    this.common = common;
    this.#options = options;
    this.limits = new AccountLimits(this, options);
  }

  get now(): number {
    return this.#options.clock.now();
  }

  *byCaller(): Iterable<readonly [caller: string, count: number]> {
    yield* this.queue.byCaller();
    const poll = this.#latePoll(this.now);
    if (poll) yield [poll.call.origin.caller, 1];
  }

  /** A permit of the API's quota is not held until a connection is free, only from then on. */
  opened(): void {
    this.common.wake(this);
    if (!this.common.hasConnection(this)) this.limits.key.giveBack();
  }

  /** Lets a call wait for what it lacks, if there is time for that. */
  wait(admittance: Admittance): void {
    const { limit, etaMs } = this.#slowest(admittance, true);
    const isPoll = admittance.call.revalidation?.isPoll;
    // A poll goes before callers once it is late.
    const isLate = etaMs > 0 && this.now + etaMs > admittance.startBy && !isPoll;
    const before = admittance.call.revalidation ? this.queue.size : this.queue.urgent;
    if (isLate || before >= MAX_WAITING) {
      for (const one of admittance.limits) one.rest();
      if (admittance.isUnknown) this.common.letUnknownOut();
      admittance.applicant.fail(limit.refusal(admittance.call, etaMs));
      return;
    }
    this.queue.add(admittance);
    admittance.wait();
    this.common.wake(this);
  }

  /** Starts the call that is next, if one has all that it needs. `isByAge`: of a caller's reads, those of the oldest operation. */
  startNext(isByAge: boolean): boolean {
    const { queue } = this;
    const { key } = this.limits;
    if (queue.size === 0 || key.isShut) return false;
    const { now, isUrgent } = this;
    // One whose time is over is about to be told: a process that stood still finds the permits first.
    const admits = (one: Admittance) => one.startBy >= now && one.takePermits();
    const poll = this.#latePoll(now);
    let next = poll && key.prepare(false) ? this.#startLate(poll, now) : undefined;
    if (!next && isUrgent && key.prepare(false)) next = queue.next(admits, isByAge);
    if (!next && poll && !isUrgent) key.giveBack();
    // All of them turned out to wait for a rate of their own: what was taken for them is for others, and for no renewal.
    if (!next && isUrgent && !this.isUrgent) key.giveBack();
    if (!next && queue.size > queue.urgent && key.prepare(true)) next = queue.nextRevalidation(admits);
    next?.start();
    return next !== undefined;
  }

  /** The poll that goes before callers now. */
  #latePoll(now: number): Admittance | undefined {
    const poll = this.queue.firstPoll;
    return poll && now >= this.#latePollsFrom && poll.ageMs(now) >= LATE_POLL_MS ? poll : undefined;
  }

  #startLate(poll: Admittance, now: number): Admittance | undefined {
    if (poll.startBy < now || !poll.takePermits(false)) return undefined;
    this.queue.remove(poll);
    this.#latePollsFrom = now + 1_000 / (this.#options.rate * LATE_POLLS_PART);
    return poll;
  }

  /** Whether any waits that somebody waits for, and has not used up a rate of its own, as far as is known. */
  private get isUrgent(): boolean {
    const { key, hasParts } = this.limits;
    return this.queue.urgent > 0 && !(hasParts && key.size === 0);
  }

  /** Whether a call could start at this moment and leave permits for others. */
  hasRoom(call: Call<unknown>): boolean {
    return this.common.hasConnection(this) && this.limits.of(call).every((limit) => limit.hasRoom);
  }

  /** A call that waits is not wanted any more. */
  leave(admittance: Admittance): void {
    this.queue.remove(admittance);
    if (admittance.isUnknown) this.common.letUnknownOut();
    if (this.queue.size === 0) this.common.forget(this);
  }

  /** A call has waited for as long as it can. */
  refuse(admittance: Admittance): void {
    const { limit, etaMs } = this.#slowest(admittance, false);
    admittance.applicant.fail(limit.refusal(admittance.call, etaMs));
  }

  isIdle(): boolean {
    return this.underWay === 0 && this.queue.size === 0 && this.limits.isIdle();
  }

  /** Refuses those who wait and cannot start in time. */
  paused(limit: Limit, pauseMs: number): void {
    const until = this.now + pauseMs;
    for (const admittance of this.queue.all())
      if (admittance.startBy < until && admittance.limits.includes(limit)) this.refuse(admittance);
  }

  /** The limit for which a call waits the longest; `isNew`: it would wait behind those who do. */
  #slowest(admittance: Admittance, isNew: boolean): { readonly limit: Limit; readonly etaMs: number } {
    const { total } = this.#options;
    let slowest = { limit: this.limits.key, etaMs: 0 };
    for (const limit of admittance.limits) {
      if (isNew && limit.options.isTemporary) continue;
      let etaMs = limit.etaMs(limit === total ? this.common.aheadOf(this) : limit.waiting);
      if (etaMs > 0 && isNew && limit !== total)
        etaMs = limit.etaMs(Math.min(limit.waiting, this.queue.ahead(admittance)));
      if (etaMs > slowest.etaMs) slowest = { limit, etaMs };
    }
    return slowest;
  }
}

/** All that one request needs to be sent: a permit of each quota that it counts in, and a connection. It has all of it or none. */
export class Admittance implements Waiting, Demand {
  declare readonly applicant: Applicant;
  declare readonly call: Call<unknown>;
  declare readonly account: AccountAdmission;
  declare readonly limits: readonly Limit[];
  /** Whether the API has not accepted its key yet. */
  declare readonly isUnknown: boolean;
  declare private state: 'new' | 'waiting' | 'acquired' | 'sent' | 'over';
  declare private permits: readonly Permit[];
  declare private waitsSince: number;

  constructor(account: AccountAdmission, applicant: Applicant) {
    this.applicant = applicant;
    this.call = applicant.call;
    this.account = account;
    this.limits = account.limits.of(applicant.call);
    this.isUnknown = account.limits.unknown !== undefined;
    this.state = 'new';
    this.permits = NONE;
    this.waitsSince = 0;
  }

  /** The last moment at which the request can start, on the clock. */
  get startBy(): number {
    return this.call.deadline - Math.min(RESERVED_MS, this.call.timeoutMs / 10);
  }

  get size(): number {
    return 1;
  }

  byCaller(): Iterable<readonly [caller: string, count: number]> {
    return [[this.call.origin.caller, 1]];
  }

  /** Tells the applicant when it has all, at once if it can be. */
  acquire(): void {
    const { account, call } = this;
    const { common } = account;
    if (this.isUnknown && !common.letsUnknownIn())
      this.applicant.fail(new RateLimited(call, undefined, { byApi: false }));
    else if (
      account.queue.size === 0 &&
      !call.revalidation &&
      common.hasConnection(account) &&
      this.takePermits()
    )
      this.start();
    else account.wait(this);
  }

  /** How long its answer has been due at a moment. */
  ageMs(now: number): number {
    return now - this.waitsSince + (this.call.revalidation?.servedAgeMs ?? 0);
  }

  /** Takes a permit of each quota, or none: whether it did. */
  takePermits(leavesSpare = true): boolean {
    const revalidation = leavesSpare ? this.call.revalidation : undefined;
    const permits: Permit[] = [];
    for (const limit of this.limits) {
      const permit = limit.take(revalidation !== undefined && limit.options.leavesSpare(revalidation), this);
      if (permit === undefined) {
        for (const [index, taken] of permits.entries()) this.limits[index]?.keep(taken);
        return false;
      }
      permits.push(permit);
    }
    this.permits = permits;
    return true;
  }

  wait(): void {
    this.state = 'waiting';
    const { inFlight } = this.call;
    if (inFlight) inFlight.isFar = this.account.queue.isFar(this);
    this.waitsSince = this.account.now;
    for (const limit of this.limits) limit.add();
    this.applicant.queued();
  }

  /** It has waited for as long as it can. */
  giveUp(wasLate: boolean): void {
    const { account, call } = this;
    if (account.common.hasConnection(account)) account.refuse(this);
    else this.applicant.fail(new TimedOut(call, 'no', { unhealthy: !wasLate }));
  }

  /** It has its permits, and a connection. */
  start(): void {
    this.account.common.began(this);
    const waitedMs = this.state === 'waiting' ? this.account.now - this.waitsSince : 0;
    if (this.state === 'waiting') this.#leaveLimits();
    this.state = 'acquired';
    const { inFlight } = this.call;
    if (inFlight?.isFar) inFlight.isFar = false;
    if (inFlight?.hasOthers) inFlight.begin();
    this.applicant.admitted(waitedMs);
  }

  sent(): void {
    this.state = 'sent';
    for (const permit of this.permits) permit.sent();
  }

  answered(): void {
    for (const permit of this.permits) permit.answered();
  }

  /** The request is over, or not wanted any more. */
  ended(failure: unknown): void {
    const { state, call, account } = this;
    this.state = 'over';
    if (call.inFlight && call.revalidation) call.inFlight.isFar = true;
    if (state === 'waiting') {
      account.leave(this);
      this.#leaveLimits();
    }
    if (state === 'acquired' || (state === 'sent' && failure !== undefined))
      for (const permit of this.permits) permit.release();
    if (state !== 'acquired' && state !== 'sent') return;
    account.limits.learn(call.endpoint, failure);
    account.common.ended(this);
  }

  #leaveLimits(): void {
    for (const limit of this.limits) limit.remove();
  }
}

const NONE: readonly Permit[] = [];
