import type { QuotaRules, Quotas } from '../../state/port.ts';
import { createSlidingWindows } from '../../state/sliding-window-log.ts';
import type { Call } from '../call.ts';
import type { Clock } from '../clock.ts';
import type { RateLimited } from '../errors.ts';
import { NEVER_SLOWER, Pool, type PoolOptions } from './pool.ts';
import { createRefusalCount } from './refusals.ts';

interface AccountQuotasOptions {
  readonly account: string;
  /** Requests in any sliding second; Infinity: no quota, only pauses that LuaAuth asks for. */
  readonly rate: number;
  readonly clock: Clock;
  readonly quotas: Quotas;
  /** The quotas of the gateway in which the account's calls count. */
  readonly ofGateway: readonly Pool[];
  /** Called when calls that wait may have a permit again. */
  readonly onReady: () => void;
  /** Called when LuaAuth has asked for a pause. `pool` then gives no permit for `pauseMs`. */
  readonly onPause: (pool: Pool, pauseMs: number) => void;
}

/** The longest pause at LuaAuth's request before the next try, in ms. */
const MAX_PAUSE_MS = 5 * 60_000;
/** The pause after a rare refusal if LuaAuth gives no time, in ms. */
const RARE_PAUSE_MS = 100;
/** An endpoint that is refused again within this time, while other endpoints go through, is paused alone. */
const SUSPICION_MS = 10_000;
/** In ms. By then LuaAuth has answered the requests that were under way at the first refusal. */
const LESSON_MS = 1_000;
const KEY_PACE = { backoff: 0.8, recoveryPerSecond: 0.02 };
const SWEEP_AT = 1_000;

const partOf = (caller: string) => `caller:${caller}`;

/** The quotas of one account: of its key, of callers with their own rate, and pauses of endpoints. */
export class AccountQuotas {
  readonly key: Pool;
  readonly #options: AccountQuotasOptions;
  #ofGateway: readonly Pool[];
  /** The pools of most calls. */
  #usual: readonly Pool[];
  readonly #callers = new Map<string, Pool>();
  readonly #pauses = new Map<string, Pool>();
  readonly #refusals = createRefusalCount();
  /** The endpoints that LuaAuth has refused lately: since when, and whether other endpoints went through since. */
  readonly #suspects = new Map<string, { readonly at: number; othersPassed: boolean }>();

  constructor(options: AccountQuotasOptions) {
    this.#options = options;
    const { rate, ofGateway } = options;
    this.key = this.#pool({ rate, ...KEY_PACE }, {});
    this.#ofGateway = ofGateway;
    this.#usual = [...ofGateway, this.key];
  }

  /** Whether all calls count in quotas that have a permit, as far as is known. */
  get isOpen(): boolean {
    return !this.#usual.some((pool) => pool.isEmpty);
  }

  /** The pools in which a call counts. The pool of the key is last: its permits may come from a store. */
  poolsOf({ origin, endpoint }: Call<unknown>): readonly Pool[] {
    const { caller, callerRate } = origin;
    const pause = this.#pauses.get(endpoint);
    if (callerRate === undefined && !pause) return this.#usual;
    const ofCaller = callerRate === undefined ? undefined : this.#ofCaller(caller, callerRate);
    return [...this.#ofGateway, ofCaller, pause, this.key].filter((pool) => pool !== undefined);
  }

  /** The account's calls no longer count in this quota of the gateway. */
  leave(left: Pool): void {
    this.#ofGateway = this.#ofGateway.filter((pool) => pool !== left);
    this.#usual = [...this.#ofGateway, this.key];
  }

  passed(endpoint: string): void {
    const now = this.#options.clock.now();
    this.#refusals.passed(now);
    for (const [name, suspect] of this.#suspects) {
      if (name !== endpoint) suspect.othersPassed = true;
      if (now - suspect.at > SUSPICION_MS) this.#suspects.delete(name);
    }
    if (this.#pauses.get(endpoint)?.isIdle()) this.#pauses.delete(endpoint);
  }

  /** Pauses the key, or the endpoint if LuaAuth refuses it alone. Slows the key down if refusals are frequent. */
  refused(endpoint: string, { retryAfterMs, saysWhen }: RateLimited): void {
    const now = this.#options.clock.now();
    const isAlone = this.#isRefusedAlone(endpoint, now);
    const refused = this.#refusals.refused(now);
    const askedMs = refused === 'of few' && !saysWhen ? RARE_PAUSE_MS : retryAfterMs;
    const pauseMs = Math.min(askedMs, MAX_PAUSE_MS);
    const paused = isAlone ? this.#pauseOf(endpoint) : this.key;
    paused.pause(pauseMs, askedMs);
    if (refused === 'of many' && !isAlone) this.key.slowDown();
    this.#options.onPause(paused, pauseMs);
  }

  isIdle(): boolean {
    return [this.key, ...this.#callers.values(), ...this.#pauses.values()].every((pool) => pool.isIdle());
  }

  #isRefusedAlone(endpoint: string, now: number): boolean {
    const suspect = this.#suspects.get(endpoint);
    if (suspect && now - suspect.at <= SUSPICION_MS)
      return suspect.othersPassed && now - suspect.at >= LESSON_MS;
    this.#suspects.set(endpoint, { at: now, othersPassed: false });
    return false;
  }

  #pool(limits: QuotaRules, options: Partial<PoolOptions>): Pool {
    const { quotas, clock, account, onReady } = this.#options;
    return new Pool({ quotas, account, limits, clock, onReady, ...options });
  }

  #pauseOf(endpoint: string): Pool {
    const known = this.#pauses.get(endpoint);
    if (known) return known;
    const limits = { rate: Number.POSITIVE_INFINITY, ...NEVER_SLOWER };
    // Each process pauses by itself.
    const quotas = createSlidingWindows(this.#options.clock.now);
    const pause = this.#pool(limits, { part: endpoint, quotas });
    this.#pauses.set(endpoint, pause);
    return pause;
  }

  #ofCaller(caller: string, rate: number): Pool {
    const known = this.#callers.get(caller);
    // A new rate is a new quota. Calls that wait for a permit of the old quota go on waiting there.
    if (known?.options.limits.rate === rate) return known;
    if (this.#callers.size >= SWEEP_AT)
      for (const [other, pool] of this.#callers) if (pool.isIdle()) this.#callers.delete(other);
    const pool = this.#pool({ rate, ...NEVER_SLOWER }, { part: partOf(caller), isOfCaller: true });
    this.#callers.set(caller, pool);
    return pool;
  }
}
