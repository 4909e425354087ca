import type { QuotaLimits, Quotas } from '../../state/port.ts';
import type { Call } from '../call.ts';
import type { Clock } from '../clock.ts';
import type { RateLimited } from '../errors.ts';
import { NEVER_SLOWER, Pool, type PoolOptions } from './pool.ts';
import { createRefusalCount } from './refusals.ts';

export interface AccountQuotasOptions {
  readonly account: string;
  /** Requests in any sliding second; Infinity: no quota, only pauses that the API asks for. */
  readonly rate: number;
  readonly clock: Clock;
  readonly quotas: Quotas;
  /** The quota over all accounts; undefined: there is none. */
  readonly total: Pool | undefined;
  /** The callers with calls that wait, and the number of these calls. */
  readonly byCaller: () => Iterable<readonly [caller: string, count: number]>;
  /** Called when calls that wait may have a permit again. */
  readonly onReady: () => void;
  /** Called when the API has asked for a pause: a pool gives no permit for so long. */
  readonly onPause: (pool: Pool, pauseMs: number) => void;
}

interface Suspect {
  /** When a call was refused first. */
  readonly at: number;
  readonly refusals: ReturnType<typeof createRefusalCount>;
  /** Whether calls of other endpoints went through since. */
  othersPassed: boolean;
}

/** The longest that a key pauses on the API's word before it tries again. */
const MAX_PAUSE_MS = 5 * 60_000;
/** The pause after one of a few refusals, if the API does not say how long. */
const RARE_PAUSE_MS = 100;
/** An endpoint that is refused again within this time, while other endpoints go through, has a quota of its own. */
const SUSPICION_MS = 60_000;
/** Only after this time, an endpoint counts as refused again: then enough of its calls have passed, if it has no quota. */
const LESSON_MS = 1_000;
const KEY_PACE = { backoff: 0.8, recoveryPerSecond: 0.02 };
const ENDPOINT_PACE = { backoff: 0.5, recoveryPerSecond: 0.005 };
/** Without a rate, an endpoint that turned out to have a quota begins with this rate. */
const ENDPOINT_RATE = 50;
const SWEEP_AT = 1_000;

const LEAVES_SPARE = () => true;

const partOf = (caller: string) => `caller:${caller}`;

/**
 * The quotas of an account: of its key, of callers with a rate of their own, and of endpoints that the API turned out to limit more
 * strictly than the key. When the API says `ratelimited`, the key or the endpoint slows down.
 */
export class AccountQuotas {
  readonly key: Pool;
  readonly #options: AccountQuotasOptions;
  /** The pools of most calls. */
  readonly #usual: readonly Pool[];
  /** The pools of callers and endpoints with a quota of their own. */
  readonly #parts = new Map<string, Pool>();
  readonly #refusals = createRefusalCount();
  /** Endpoints that were refused lately. */
  readonly #suspects = new Map<string, Suspect>();

  constructor(options: AccountQuotasOptions) {
    const { rate, total } = options;
    this.#options = options;
    this.key = this.#pool({ rate, ...KEY_PACE });
    this.#usual = total ? [total, this.key] : [this.key];
  }

  /** The pools in which a call counts. The pool of the key is last: its permits may come from a store. */
  poolsOf({ origin, endpoint }: Call<unknown>): readonly Pool[] {
    const ofEndpoint = this.#parts.get(endpoint);
    const { caller, callerRate } = origin;
    if (callerRate === undefined && !ofEndpoint) return this.#usual;
    const ofCaller = callerRate === undefined ? undefined : this.#ofCaller(caller, callerRate);
    const pools = [this.#options.total, ofCaller, ofEndpoint, this.key];
    return pools.filter((pool) => pool !== undefined);
  }

  /** A request to an endpoint was answered. */
  passed(endpoint: string): void {
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

  /** The API has refused a request to an endpoint as too many. */
  refused(endpoint: string, { retryAfterMs, saysWhen }: RateLimited): void {
    const now = this.#options.clock.now();
    const suspect = this.#suspect(endpoint, now);
    const ofEndpoint = suspect.refusals.refused(now);
    const isAgain = suspect.othersPassed && now - suspect.at >= LESSON_MS && ofEndpoint !== 'of few';
    const isNew = isAgain && !this.#parts.has(endpoint);
    if (isNew) {
      const limits = { rate: Math.min(this.#options.rate, ENDPOINT_RATE), ...ENDPOINT_PACE };
      this.#parts.set(endpoint, this.#pool(limits, { part: endpoint }));
    }
    const part = this.#parts.get(endpoint);
    const refused = part ? ofEndpoint : this.#refusals.refused(now);
    const askedMs = refused === 'of few' && !saysWhen ? RARE_PAUSE_MS : retryAfterMs;
    const pauseMs = Math.min(askedMs, MAX_PAUSE_MS);
    const slowed = part ?? this.key;
    slowed.pause(pauseMs, askedMs);
    if (isNew || refused === 'of many') slowed.slowDown();
    this.#options.onPause(slowed, pauseMs);
  }

  /** Whether nothing is left to remember. */
  isIdle(): boolean {
    if (!this.key.isIdle()) return false;
    for (const part of this.#parts.values()) if (!part.isIdle()) return false;
    return true;
  }

  #pool(limits: QuotaLimits, options?: Partial<PoolOptions>): Pool {
    const { quotas, clock, account, onReady } = this.#options;
    const byCaller = () => this.#byCaller();
    return new Pool({
      quotas,
      account,
      limits,
      clock,
      onReady,
      byCaller,
      leavesSpare: LEAVES_SPARE,
      ...options,
    });
  }

  #ofCaller(caller: string, rate: number): Pool {
    const part = partOf(caller);
    const known = this.#parts.get(part);
    // Another rate is another quota: calls that wait for a permit of the old quota go on waiting there.
    if (known?.options.limits.rate === rate) return known;
    if (this.#parts.size >= SWEEP_AT)
      for (const [other, one] of this.#parts) if (one.isIdle()) this.#parts.delete(other);
    const pool: Pool = this.#pool(
      { rate, ...NEVER_SLOWER },
      {
        part,
        isOfCaller: true,
        byCaller: () => [[caller, pool.waiting]],
        // Among themselves, polls need not leave permits.
        leavesSpare: ({ isPoll }) => !isPoll,
      },
    );
    this.#parts.set(part, pool);
    return pool;
  }

  /** The callers that have not used up a rate of their own. */
  *#byCaller(): Iterable<readonly [caller: string, count: number]> {
    for (const one of this.#options.byCaller()) if (!this.#parts.get(partOf(one[0]))?.isEmpty) yield one;
  }

  #suspect(endpoint: string, now: number): Suspect {
    const known = this.#suspects.get(endpoint);
    if (known && now - known.at <= SUSPICION_MS) return known;
    const suspect = { at: now, refusals: createRefusalCount(), othersPassed: false };
    this.#suspects.set(endpoint, suspect);
    return suspect;
  }
}
