import { type MaybePromise, whenKnown } from '../../state/maybe-promise.ts';
import type { QuotaLimits, QuotaStatus, Quotas } from '../../state/port.ts';
import type { AccountRecord, KnownAccounts } from '../accounts.ts';
import type { Call } from '../call.ts';
import type { Clock } from '../clock.ts';
import { CallFailure, RateLimited, TimedOut } from '../errors.ts';
import { Admittance, type AdmittanceGiver, type Applicant } from './admittance.ts';
import { FairQueue } from './fair-queue.ts';
import { Limit, type LimitOptions } from './limit.ts';

export interface AccountAdmissionOptions {
  /** Requests in any sliding second; Infinity: no limit, only pauses that the API asks for. */
  readonly rate: number;
  readonly clock: Clock;
  readonly quotas: Quotas;
  /** The accounts whose key the API has accepted. */
  readonly known: KnownAccounts;
  /** The part that all accounts share. */
  readonly common: Common;
}

export interface Common {
  /** The quota over all accounts, if there is one: then a key that the API has never accepted may do less. */
  readonly total: Limit | undefined;
  hasConnection(account: AccountAdmission): boolean;
  /** How many start before another call of the account, at most, where the quota over all is short. */
  aheadOf(account: AccountAdmission): number;
  /** Starts what waits in an account that may have what it needs of its own. */
  wake(account: AccountAdmission): void;
  /** Nothing waits in an account any more. */
  forget(account: AccountAdmission): void;
  /** Whether one more call of a key that the API has never accepted may wait. */
  letsUnknownIn(): boolean;
  /** A call of such a key waits or is under way no longer. */
  letUnknownOut(): void;
  began(account: AccountAdmission, admittance: Admittance): void;
  ended(account: AccountAdmission, admittance: Admittance): void;
}

const MAX_WAITING = 10_000;
/** The longest that a key pauses on the API's word before it tries again. */
const MAX_PAUSE_MS = 5 * 60_000;
/** An endpoint refused twice within this time, while others went through, has a limit of its own. */
const SUSPICION_MS = 60_000;
const KEY_PACE = { backoff: 0.8, recoveryPerSecond: 0.02 };
const ENDPOINT_PACE = { backoff: 0.5, recoveryPerSecond: 0.005 };
/** The API's `ratelimited` slows down the key as a whole, not one of its callers. */
export const NEVER_SLOWER = { backoff: 1, recoveryPerSecond: 1 };
/** The rate of a key that the API has never accepted: it may be made up, and may become known with the next answer. */
const UNKNOWN_RATE = 5;
/** With the quota off, what an endpoint that turned out to be limited more strictly begins with. */
const ENDPOINT_RATE = 50;
const SWEEP_AT = 1_000;

/**
 * Calls of one API key: they wait in one fair queue, each until all that it needs is there. When the API says `ratelimited`,
 * they slow down.
 */
export class AccountAdmission implements AdmittanceGiver, AccountRecord {
  readonly name: string;
  /** Requests that have a connection. */
  underWay = 0;
  readonly #options: AccountAdmissionOptions;
  readonly #clock: Clock;
  readonly #common: Common;
  readonly #queue = new FairQueue<Admittance>();
  readonly #key: Limit;
  /** The limits of most calls. */
  readonly #usual: readonly Limit[];
  #unknown: Limit | undefined;
  readonly #callers = new Map<string, Limit>();
  /** Endpoints that the API limits more strictly than the key as a whole. */
  readonly #endpoints = new Map<string, Limit>();
  /** Endpoints that were refused lately: when, and whether others went through since. */
  readonly #suspects = new Map<string, { readonly at: number; othersPassed: boolean }>();

  constructor(name: string, options: AccountAdmissionOptions) {
    const { rate, clock, known, common } = options;
    this.name = name;
    this.#options = options;
    this.#clock = clock;
    this.#common = common;
    this.#key = this.#limit({ rate, ...KEY_PACE }, { onOpen: () => this.#startWithKey() });
    this.#usual = common.total ? [common.total, this.#key] : [this.#key];
    if (!common.total || known.has(name)) return;
    const limits = { rate: Math.min(rate, UNKNOWN_RATE), ...KEY_PACE, isLocal: true };
    this.#unknown = this.#limit(limits, { part: 'unknown', isTemporary: true });
  }

  /** How many calls wait. */
  get size(): number {
    return this.#queue.size;
  }

  admittanceFor(applicant: Applicant): Admittance {
    const limits = this.#limitsOf(applicant.call);
    return new Admittance(this, applicant, limits, this.#unknown !== undefined);
  }

  acquire(admittance: Admittance): void {
    const { call } = admittance;
    if (admittance.isUnknown && !this.#common.letsUnknownIn()) {
      admittance.applicant.fail(new RateLimited(call, undefined, { byApi: false }));
      return;
    }
    if (
      this.#queue.size === 0 &&
      !call.revalidation &&
      this.#common.hasConnection(this) &&
      admittance.takePermits()
    ) {
      this.#start(admittance);
      return;
    }
    const { limit, etaMs } = this.#slowest(admittance, true);
    const isLate = etaMs > 0 && this.#clock.now() + etaMs > admittance.startBy;
    if (isLate || this.#queue.size >= MAX_WAITING) {
      for (const one of admittance.limits) one.rest();
      if (admittance.isUnknown) this.#common.letUnknownOut();
      admittance.applicant.fail(limit.refusal(call, etaMs));
      return;
    }
    this.#queue.add(admittance);
    admittance.wait(this.#clock);
    this.#common.wake(this);
  }

  /** Starts the call that is next, if one has all that it needs. `isByAge`: of a caller's reads, those of the oldest operation. */
  startNext(isByAge: boolean): boolean {
    if (this.#queue.size === 0 || !this.#key.prepare(!this.#queue.isUrgent)) return false;
    const admittance = this.#queue.next((one) => one.takePermits(), isByAge);
    if (admittance) this.#start(admittance);
    return admittance !== undefined;
  }

  /** Whether a call could start at this moment and leave permits for others. */
  hasRoom(call: Call<unknown>): boolean {
    return this.#common.hasConnection(this) && this.#limitsOf(call).every((limit) => limit.hasRoom);
  }

  leave(admittance: Admittance): void {
    this.#queue.remove(admittance);
    if (admittance.isUnknown) this.#common.letUnknownOut();
    if (this.#queue.size === 0) this.#common.forget(this);
  }

  giveUp(admittance: Admittance, wasLate: boolean): void {
    if (this.#common.hasConnection(this)) this.#refuse(admittance);
    else admittance.applicant.fail(new TimedOut(admittance.call, 'no', { unhealthy: !wasLate }));
  }

  rejectQueued(failureFor: (call: Call<unknown>) => CallFailure): void {
    for (const { applicant } of this.#queue.all()) applicant.fail(failureFor(applicant.call));
  }

  status(): MaybePromise<QuotaStatus & { readonly queued: number }> {
    const queued = this.#queue.size;
    return whenKnown((this.#unknown ?? this.#key).status(), (status) => ({ ...status, queued }));
  }

  isIdle(): boolean {
    const limits = [this.#key, this.#unknown, ...this.#callers.values(), ...this.#endpoints.values()];
    return this.underWay === 0 && this.#queue.size === 0 && limits.every((limit) => limit?.isIdle() ?? true);
  }

  ended(admittance: Admittance, failure: unknown): void {
    const { endpoint } = admittance.call;
    if (isAccepted(failure)) this.#noteKnown();
    if (failure instanceof RateLimited) this.#slowDown(failure);
    else if (failure === undefined && this.#suspects.size > 0) this.#notePassed(endpoint);
    if (admittance.isUnknown) this.#common.letUnknownOut();
    this.#common.ended(this, admittance);
  }

  /** A permit of the API's quota is not held until a connection is free, only from then on. */
  #startWithKey(): void {
    this.#common.wake(this);
    if (!this.#common.hasConnection(this)) this.#key.giveBack();
  }

  #start(admittance: Admittance): void {
    this.#common.began(this, admittance);
    admittance.start(this.#clock);
  }

  #limitsOf({ origin, endpoint }: Call<unknown>): readonly Limit[] {
    const ofEndpoint = this.#endpoints.get(endpoint);
    if (!this.#unknown && origin.callerRate === undefined && !ofEndpoint) return this.#usual;
    const { caller, callerRate } = origin;
    const ofCaller = callerRate === undefined ? undefined : this.#ofCaller(caller, callerRate);
    const limits = [this.#common.total, this.#unknown, ofCaller, ofEndpoint, this.#key];
    return limits.filter((limit) => limit !== undefined);
  }

  #limit(limits: QuotaLimits, options?: Partial<LimitOptions>): Limit {
    const { quotas, clock } = this.#options;
    return new Limit({
      quotas,
      account: this.name,
      limits,
      clock,
      onOpen: () => this.#common.wake(this),
      byCaller: () => this.#byCaller(),
      leavesSpare: () => true,
      ...options,
    });
  }

  #ofCaller(caller: string, rate: number): Limit {
    const known = this.#callers.get(caller);
    // Another rate is another quota: what waits for the old one goes on there.
    if (known?.rate === rate) return known;
    if (this.#callers.size >= SWEEP_AT)
      for (const [other, one] of this.#callers) if (one.isIdle()) this.#callers.delete(other);
    const limit: Limit = this.#limit(
      { rate, ...NEVER_SLOWER },
      {
        part: `caller:${caller}`,
        isOfCaller: true,
        byCaller: () => [[caller, limit.waiting]],
        // Among themselves, polls need not leave permits to anybody.
        leavesSpare: ({ isPoll }) => !isPoll,
      },
    );
    this.#callers.set(caller, limit);
    return limit;
  }

  /** Those who wait and have not used up a rate of their own. */
  *#byCaller(): Iterable<readonly [caller: string, count: number]> {
    for (const one of this.#queue.byCaller()) if (!this.#callers.get(one[0])?.isShut) yield one;
  }

  /** The limit for which a call waits the longest; `isNew`: it would wait behind those who do. */
  #slowest(admittance: Admittance, isNew: boolean): { readonly limit: Limit; readonly etaMs: number } {
    const { total } = this.#common;
    let slowest = { limit: this.#key, etaMs: 0 };
    for (const limit of admittance.limits) {
      if (isNew && limit.isTemporary) continue;
      let etaMs = limit.etaMs(limit === total ? this.#common.aheadOf(this) : limit.waiting);
      if (etaMs > 0 && isNew && limit !== total)
        etaMs = limit.etaMs(Math.min(limit.waiting, this.#queue.ahead(admittance)));
      if (etaMs > slowest.etaMs) slowest = { limit, etaMs };
    }
    return slowest;
  }

  #refuse(admittance: Admittance): void {
    const { limit, etaMs } = this.#slowest(admittance, false);
    admittance.applicant.fail(limit.refusal(admittance.call, etaMs));
  }

  #noteKnown(): void {
    this.#options.known.add(this.name);
    const unknown = this.#unknown;
    this.#unknown = undefined;
    unknown?.lift();
  }

  #slowDown({ endpoint, retryAfterMs }: RateLimited): void {
    const now = this.#clock.now();
    const suspect = this.#suspects.get(endpoint);
    this.#suspects.set(endpoint, { at: now, othersPassed: false });
    if (!this.#endpoints.has(endpoint) && suspect?.othersPassed && now - suspect.at < SUSPICION_MS) {
      const limits = { rate: Math.min(this.#options.rate, ENDPOINT_RATE), ...ENDPOINT_PACE };
      this.#endpoints.set(endpoint, this.#limit(limits, { part: endpoint }));
    }
    const slowed = this.#endpoints.get(endpoint) ?? this.#key;
    const pauseMs = Math.min(retryAfterMs, MAX_PAUSE_MS);
    slowed.slowDown(pauseMs, retryAfterMs);
    for (const admittance of this.#queue.all())
      if (admittance.startBy < now + pauseMs && admittance.limits.includes(slowed)) this.#refuse(admittance);
  }

  #notePassed(endpoint: string): void {
    for (const [name, suspect] of this.#suspects) {
      if (name !== endpoint) suspect.othersPassed = true;
      if (this.#clock.now() - suspect.at > SUSPICION_MS) this.#suspects.delete(name);
    }
    if (this.#endpoints.get(endpoint)?.isIdle()) this.#endpoints.delete(endpoint);
  }
}

/** Whether how a request ended shows that the API has accepted the key. */
function isAccepted(failure: unknown): boolean {
  return failure === undefined || (failure instanceof CallFailure && failure.provesKey);
}
