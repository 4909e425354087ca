import type { MaybePromise } from '../../state/maybe-promise.ts';
import type { QuotaLimits, QuotaStatus, Quotas } from '../../state/port.ts';
import type { KnownAccounts } from '../accounts.ts';
import type { Call } from '../call.ts';
import type { Clock } from '../clock.ts';
import { CallFailure, RateLimited } from '../errors.ts';
import { Limit, type LimitOptions, NEVER_SLOWER } from './limit.ts';
import { Refusals } from './refusals.ts';

export interface AccountLimitsOptions {
  /** Requests in any sliding second; Infinity: no limit, only pauses that the API asks for. */
  readonly rate: number;
  readonly clock: Clock;
  readonly quotas: Quotas;
  /** The accounts whose key the API has accepted. */
  readonly known: KnownAccounts;
  /** The limit over all accounts, if there is one: then a key that the API has never accepted may do less. */
  readonly total: Limit | undefined;
}

interface Suspect {
  /** When a call was refused first. */
  readonly at: number;
  readonly refusals: Refusals;
  /** Whether calls of other endpoints went through since. */
  othersPassed: boolean;
}

/** The account of the limits, with its calls that wait. */
export interface LimitedAccount {
  readonly name: string;
  /** Those who wait. */
  byCaller(): Iterable<readonly [caller: string, count: number]>;
  /** They may have a permit again. */
  opened(): void;
  /** Nothing that counts in a limit starts for so long. */
  paused(limit: Limit, pauseMs: number): void;
}

/** The longest that a key pauses on the API's word before it tries again. */
const MAX_PAUSE_MS = 5 * 60_000;
/** The pause after one of a few refusals, if the API does not say how long. */
const RARE_PAUSE_MS = 100;
/** An endpoint that is refused again within this time, while others go through, has a limit of its own. */
const SUSPICION_MS = 60_000;
/** Only after this time, an endpoint counts as refused again: then enough of its calls have passed, if it has no limit. */
const LESSON_MS = 1_000;
const KEY_PACE = { backoff: 0.8, recoveryPerSecond: 0.02 };
const ENDPOINT_PACE = { backoff: 0.5, recoveryPerSecond: 0.005 };
/** The rate of a key that the API has never accepted: it may be made up, and may become known with the next answer. */
const UNKNOWN_RATE = 5;
/** With the quota off, what an endpoint that turned out to be limited more strictly begins with. */
const ENDPOINT_RATE = 50;
const SWEEP_AT = 1_000;

const LEAVES_SPARE = () => true;

const partOf = (caller: string) => `caller:${caller}`;

/** The limits that calls of one API key count in. When the API says `ratelimited`, the key or an endpoint slows down. */
export class AccountLimits {
  readonly key: Limit;
  /** That of a key which the API has not accepted yet. */
  unknown: Limit | undefined;
  readonly #account: LimitedAccount;
  readonly #options: AccountLimitsOptions;
  /** The limits of most calls. */
  readonly #usual: readonly Limit[];
  /** Those of callers that have a rate of their own, and of endpoints that the API limits more strictly than the key as a whole. */
  readonly #parts = new Map<string, Limit>();
  readonly #refusals = new Refusals();
  /** Endpoints that were refused lately. */
  readonly #suspects = new Map<string, Suspect>();

  constructor(account: LimitedAccount, options: AccountLimitsOptions) {
    const { rate, known, total } = options;
    this.#account = account;
    this.#options = options;
    this.key = this.#limit({ rate, ...KEY_PACE });
    this.#usual = total ? [total, this.key] : [this.key];
    if (!total || known.has(account.name)) return;
    const limits = { rate: Math.min(rate, UNKNOWN_RATE), ...KEY_PACE, isLocal: true };
    this.unknown = this.#limit(limits, { part: 'unknown', isTemporary: true });
  }

  /** Whether callers or endpoints have limits of their own. */
  get hasParts(): boolean {
    return this.#parts.size > 0;
  }

  /** Those in which a call counts. */
  of({ origin, endpoint }: Call<unknown>): readonly Limit[] {
    const ofEndpoint = this.#parts.get(endpoint);
    if (!this.unknown && origin.callerRate === undefined && !ofEndpoint) return this.#usual;
    const { caller, callerRate } = origin;
    const ofCaller = callerRate === undefined ? undefined : this.#ofCaller(caller, callerRate);
    const limits = [this.#options.total, this.unknown, ofCaller, ofEndpoint, this.key];
    return limits.filter((limit) => limit !== undefined);
  }

  /** Learns from how a request to an endpoint ended. */
  learn(endpoint: string, failure: unknown): void {
    const isAccepted = failure === undefined || (failure instanceof CallFailure && failure.provesKey);
    const { known } = this.#options;
    if (isAccepted && !known.has(this.#account.name)) known.set(this.#account.name, true);
    const { unknown } = this;
    if (isAccepted && unknown) {
      this.unknown = undefined;
      unknown.lift();
    }
    if (failure instanceof RateLimited) this.#slowDown(endpoint, failure);
    else if (failure === undefined) this.#notePassed(endpoint);
  }

  status(): MaybePromise<QuotaStatus> {
    return (this.unknown ?? this.key).status();
  }

  isIdle(): boolean {
    const limits = [this.key, this.unknown, ...this.#parts.values()];
    return limits.every((limit) => limit?.isIdle() ?? true);
  }

  #limit(limits: QuotaLimits, options?: Partial<LimitOptions>): Limit {
    const { quotas, clock } = this.#options;
    return new Limit({
      quotas,
      account: this.#account.name,
      limits,
      clock,
      onOpen: () => this.#account.opened(),
      byCaller: () => this.#byCaller(),
      leavesSpare: LEAVES_SPARE,
      ...options,
    });
  }

  #ofCaller(caller: string, rate: number): Limit {
    const part = partOf(caller);
    const known = this.#parts.get(part);
    // Another rate is another quota: what waits for the old one goes on there.
    if (known?.options.limits.rate === rate) return known;
    if (this.#parts.size >= SWEEP_AT)
      for (const [other, one] of this.#parts) if (one.isIdle()) this.#parts.delete(other);
    const limit: Limit = this.#limit(
      { rate, ...NEVER_SLOWER },
      {
        part,
        isOfCaller: true,
        byCaller: () => [[caller, limit.waiting]],
        // Among themselves, polls need not leave permits to anybody.
        leavesSpare: ({ isPoll }) => !isPoll,
      },
    );
    this.#parts.set(part, limit);
    return limit;
  }

  /** Those who wait and have not used up a rate of their own. */
  *#byCaller(): Iterable<readonly [caller: string, count: number]> {
    for (const one of this.#account.byCaller()) if (!this.#parts.get(partOf(one[0]))?.isShut) yield one;
  }

  #slowDown(endpoint: string, { retryAfterMs, saysWhen }: RateLimited): void {
    const now = this.#options.clock.now();
    const suspect = this.#suspect(endpoint, now);
    const ofEndpoint = suspect.refusals.refused(now);
    const isAgain = suspect.othersPassed && now - suspect.at >= LESSON_MS && ofEndpoint !== 'of few';
    const isNew = isAgain && !this.#parts.has(endpoint);
    if (isNew) {
      const limits = { rate: Math.min(this.#options.rate, ENDPOINT_RATE), ...ENDPOINT_PACE };
      this.#parts.set(endpoint, this.#limit(limits, { part: endpoint }));
    }
    const part = this.#parts.get(endpoint);
    const refused = part ? ofEndpoint : this.#refusals.refused(now);
    const askedMs = refused === 'of few' && !saysWhen ? RARE_PAUSE_MS : retryAfterMs;
    const pauseMs = Math.min(askedMs, MAX_PAUSE_MS);
    const slowed = part ?? this.key;
    slowed.pause(pauseMs, askedMs);
    if (isNew || refused === 'of many') slowed.slowDown();
    this.#account.paused(slowed, pauseMs);
  }

  #suspect(endpoint: string, now: number): Suspect {
    const known = this.#suspects.get(endpoint);
    if (known && now - known.at <= SUSPICION_MS) return known;
    const suspect = { at: now, refusals: new Refusals(), othersPassed: false };
    this.#suspects.set(endpoint, suspect);
    return suspect;
  }

  #notePassed(endpoint: string): void {
    const now = this.#options.clock.now();
    this.#refusals.passed(now);
    if (this.#suspects.size === 0) return;
    for (const [name, suspect] of this.#suspects) {
      if (name === endpoint) suspect.refusals.passed(now);
      else suspect.othersPassed = true;
      if (now - suspect.at > SUSPICION_MS) this.#suspects.delete(name);
    }
    if (this.#parts.get(endpoint)?.isIdle()) this.#parts.delete(endpoint);
  }
}
