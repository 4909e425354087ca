import type { QuotaRules, Quotas } from '../../state/port.ts';
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
  /** Called when calls that wait may have a permit again. */
  readonly onReady: () => void;
  /** Called when the API has asked for a pause. `pool` then gives no permit for `pauseMs`. */
  readonly onPause: (pool: Pool, pauseMs: number) => void;
}

interface Suspect {
  readonly at: number;
  readonly refusals: ReturnType<typeof createRefusalCount>;
  othersPassed: boolean;
}

/** The longest pause at the API's request before the next try, in ms. */
const MAX_PAUSE_MS = 5 * 60_000;
/** The pause after a rare refusal if the API gives no time, in ms. */
const RARE_PAUSE_MS = 100;
/** An endpoint that is refused again within this time, while other endpoints go through, has a quota of its own. */
const SUSPICION_MS = 10_000;
/** In ms. By then an endpoint without a quota has passed enough calls. */
const LESSON_MS = 1_000;
const KEY_PACE = { backoff: 0.8, recoveryPerSecond: 0.02 };
const ENDPOINT_PACE = { backoff: 0.5, recoveryPerSecond: 0.005 };
/** The highest rate that an endpoint with a newly found quota begins with. */
const ENDPOINT_RATE = 50;
const SWEEP_AT = 1_000;

const EVERY_REVALIDATION = () => true;

const partOf = (caller: string) => `caller:${caller}`;

/** An endpoint gets a quota when the API limits it more strictly than the key. `ratelimited` slows either down. */
export class AccountQuotas {
  readonly key: Pool;
  readonly #options: AccountQuotasOptions;
  readonly #usual: readonly Pool[];
  readonly #parts = new Map<string, Pool>();
  readonly #refusals = createRefusalCount();
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
    return [this.#options.total, ofCaller, ofEndpoint, this.key].filter((pool) => pool !== undefined);
  }

  passed(endpoint: string): void {
    const now = this.#options.clock.now();
    this.#refusals.passed(now);
    for (const [name, suspect] of this.#suspects) {
      if (name === endpoint) suspect.refusals.passed(now);
      else suspect.othersPassed = true;
      if (now - suspect.at > SUSPICION_MS) this.#suspects.delete(name);
    }
    if (this.#parts.get(endpoint)?.isIdle()) this.#parts.delete(endpoint);
  }

  /** Pauses the endpoint or the key, and slows it down if refusals are frequent. */
  refused(endpoint: string, { retryAfterMs, saysWhen }: RateLimited): void {
    const now = this.#options.clock.now();
    const suspect = this.#suspect(endpoint, now);
    const ofEndpoint = suspect.refusals.refused(now);
    const isEndpointAlone = suspect.othersPassed && now - suspect.at >= LESSON_MS && ofEndpoint !== 'of few';
    const isNew = isEndpointAlone && !this.#parts.has(endpoint);
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

  isIdle(): boolean {
    return [this.key, ...this.#parts.values()].every((pool) => pool.isIdle());
  }

  #pool(limits: QuotaRules, options?: Partial<PoolOptions>): Pool {
    const { quotas, clock, account, onReady } = this.#options;
    const usual = { isBackground: EVERY_REVALIDATION };
    return new Pool({ quotas, account, limits, clock, onReady, ...usual, ...options });
  }

  #ofCaller(caller: string, rate: number): Pool {
    const part = partOf(caller);
    const known = this.#parts.get(part);
    // A new rate is a new quota. Calls that wait for a permit of the old quota go on waiting there.
    if (known?.options.limits.rate === rate) return known;
    if (this.#parts.size >= SWEEP_AT)
      for (const [other, one] of this.#parts) if (one.isIdle()) this.#parts.delete(other);
    const limits = { rate, ...NEVER_SLOWER };
    const pool = this.#pool(limits, {
      part,
      isOfCaller: true,
      // Polls need not leave permits for each other.
      isBackground: ({ isPoll }) => !isPoll,
    });
    this.#parts.set(part, pool);
    return pool;
  }

  #suspect(endpoint: string, now: number): Suspect {
    const known = this.#suspects.get(endpoint);
    if (known && now - known.at <= SUSPICION_MS) return known;
    const suspect = { at: now, refusals: createRefusalCount(), othersPassed: false };
    this.#suspects.set(endpoint, suspect);
    return suspect;
  }
}
