import { type MaybePromise, whenKnown } from '../../state/maybe-promise.ts';
import type { QuotaStatus } from '../../state/port.ts';
import { Accounts } from '../accounts.ts';
import type { Call } from '../call.ts';
import type { CallFailure } from '../errors.ts';
import { AccountAdmission, Admittance, type Applicant, type Common } from './account-admission.ts';
import type { AccountLimitsOptions } from './account-limits.ts';
import { Limit, NEVER_SLOWER } from './limit.ts';

/** `rate` 0: no limit of a key, only pauses that the API asks for. */
export interface AdmissionOptions extends Omit<AccountLimitsOptions, 'total'> {
  /** Requests that can be under way at a time. */
  readonly connections: number;
  /** Requests in any sliding second over all keys; 0: no limit. With one, keys that the API has never accepted may do less. */
  readonly totalRate: number;
}

/** How the quota of an account stands: that of keys which the API has never accepted where the account is one of them. */
export interface RateLimitStatus extends Omit<QuotaStatus, 'resetInMs'> {
  /** When no permit will be used any more if nothing else starts, in ms since 1970. */
  readonly resetAtMs: number;
  /** Calls that wait for their turn, in this process. */
  readonly queued: number;
}

/** At least one of so many requests in a row is of an account that is not known, if one waits. */
const UNKNOWN_EVERY = 5;
/** While others want their permits, a fifth of the default rate over all keys lets no more go in the time of a read. */
const MAX_UNKNOWN = 400;

/**
 * Gives each call all that it needs at the moment of sending, or lets it wait: the rate of its caller, the quotas of its
 * key, of its endpoint and over all keys, and a connection.
 *
 * An account may have as many requests under way as connections are free: one alone gets half of them, two a third each, and
 * one is always left for the next. So what hangs for one account takes nothing from another. (Half for everyone would let two
 * accounts take them all.) Accounts that wait take turns. Accounts that are not known go behind those that are, and have
 * half of the connections together, so that made-up keys cannot take all turns, nor wait on all connections.
 */
export class Admission implements Common {
  readonly #total: Limit | undefined;
  readonly #options: AdmissionOptions;
  readonly #accounts: Accounts<AccountAdmission>;
  /** Accounts whose calls wait for what is common to all, in the order of their turns. */
  readonly #known = new Set<AccountAdmission>();
  readonly #unknown = new Set<AccountAdmission>();
  #underWay = 0;
  /** Those of them whose account was not known. */
  #unknownUnderWay = 0;
  /** Calls of accounts that are not known, whether they wait or are under way. */
  #unknownCalls = 0;
  #knownInARow = 0;
  #isStarting = false;
  #isByAge = false;

  constructor(options: AdmissionOptions) {
    const { rate, totalRate, clock, quotas } = options;
    this.#options = options;
    this.#total =
      totalRate === 0
        ? undefined
        : new Limit({
            quotas,
            account: 'total',
            limits: { rate: totalRate, ...NEVER_SLOWER, isLocal: true },
            clock,
            onOpen: () => this.#startAll(false),
            leavesSpare: () => false,
          });
    const limits = { ...options, rate: rate > 0 ? rate : Number.POSITIVE_INFINITY, total: this.#total };
    this.#accounts = new Accounts((account) => new AccountAdmission(account, this, limits));
  }

  /** The admittance that a call acquires before it is sent. */
  admittanceFor(applicant: Applicant): Admittance {
    const { account } = applicant.call.origin;
    return new Admittance(this.#accounts.get(account) ?? this.#accounts.add(account), applicant);
  }

  /** Whether a call could start at this moment and leave permits for others. */
  hasRoom(call: Call<unknown>): boolean {
    return this.#accounts.get(call.origin.account)?.hasRoom(call) ?? this.#total?.hasRoom ?? true;
  }

  /** Ends the wait of all calls of an account. */
  rejectQueued(account: string, failureFor: (call: Call<unknown>) => CallFailure): void {
    const waiting = this.#accounts.get(account)?.queue.all() ?? [];
    for (const { applicant, call } of waiting) applicant.fail(failureFor(call));
  }

  /** How the quota of an account stands. `today`: the time of day, in ms since 1970. */
  status(account: string, today: () => number): MaybePromise<RateLimitStatus> {
    const { limits, queue } = this.#accounts.get(account) ?? this.#accounts.add(account);
    const queued = queue.size;
    return whenKnown(limits.status(), ({ resetInMs, ...status }) => ({
      ...status,
      queued,
      resetAtMs: today() + Math.ceil(resetInMs),
    }));
  }

  hasConnection(account: AccountAdmission): boolean {
    const { connections } = this.#options;
    if (account.underWay >= connections - this.#underWay) return false;
    return this.#unknownUnderWay < connections / 2 || this.#isKnown(account);
  }

  aheadOf(account: AccountAdmission): number {
    const ring = this.#ringOf(account);
    let ahead = account.queue.size;
    for (const other of ring)
      if (other !== account) ahead += Math.min(other.queue.size, account.queue.size + 1);
    return ring === this.#unknown && this.#known.size > 0 ? ahead * UNKNOWN_EVERY : ahead;
  }

  wake(account: AccountAdmission): void {
    if (account.queue.size === 0) return;
    this.#ringOf(account).add(account);
    this.#startAll(false);
  }

  forget(account: AccountAdmission): void {
    this.#known.delete(account);
    this.#unknown.delete(account);
  }

  letsUnknownIn(): boolean {
    if (this.#unknownCalls >= MAX_UNKNOWN) return false;
    this.#unknownCalls += 1;
    return true;
  }

  letUnknownOut(): void {
    this.#unknownCalls -= 1;
  }

  began({ account, isUnknown }: Admittance): void {
    account.underWay += 1;
    this.#underWay += 1;
    if (isUnknown) this.#unknownUnderWay += 1;
  }

  ended({ account, isUnknown }: Admittance): void {
    account.underWay -= 1;
    this.#underWay -= 1;
    if (isUnknown) {
      this.#unknownUnderWay -= 1;
      this.#unknownCalls -= 1;
    }
    if (this.#known.size + this.#unknown.size > 0) this.#startAll(true);
  }

  #isKnown({ name }: AccountAdmission): boolean {
    return !this.#total || this.#options.known.has(name);
  }

  #ringOf(account: AccountAdmission): Set<AccountAdmission> {
    return this.#isKnown(account) ? this.#known : this.#unknown;
  }

  /**
   * Starts whatever can start. `isByAge`: it was a connection that they waited for. A call may end while it is started, and
   * then the loop that has started it goes on with the next: for each a loop inside another would fill the stack.
   */
  #startAll(isByAge: boolean): void {
    if (this.#isStarting) {
      this.#isByAge ||= isByAge;
      return;
    }
    this.#isStarting = true;
    this.#isByAge = isByAge;
    try {
      this.#startEach();
    } finally {
      this.#isStarting = false;
    }
  }

  #startEach(): void {
    for (let account = this.#next(); account; account = this.#next()) {
      if (this.#total && !this.#total.prepare(false)) return;
      const wasKnown = this.#known.has(account);
      const hasStarted = account.startNext(this.#isByAge);
      const ring = this.#ringOf(account);
      if (hasStarted) this.#knownInARow = wasKnown ? this.#knownInARow + 1 : 0;
      // One that is alone has the next turn as well; a table whose items come and go is garbage.
      if (hasStarted && account.queue.size > 0 && ring.size === 1 && ring.has(account)) continue;
      // It goes to the back of its round, which is the other one if it has become known; or it lacks what is its own.
      this.forget(account);
      if (hasStarted && account.queue.size > 0) ring.add(account);
    }
  }

  /** The account whose turn it is, of those for which a connection is left. */
  #next(): AccountAdmission | undefined {
    const known = this.#firstOf(this.#known);
    const unknown = this.#firstOf(this.#unknown);
    return unknown && (!known || this.#knownInARow >= UNKNOWN_EVERY - 1) ? unknown : known;
  }

  #firstOf(ring: ReadonlySet<AccountAdmission>): AccountAdmission | undefined {
    for (const account of ring) if (this.hasConnection(account)) return account;
    return undefined;
  }
}
