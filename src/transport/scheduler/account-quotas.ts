import type { Call } from '../call.ts';
import { Pool } from './pool.ts';
import type { Shared } from './shared.ts';

const SWEEP_AT = 1_000;

/** The quotas in which the calls of one account count: of the gateway, of callers with their own rate, and of the key. */
export class AccountQuotas {
  readonly key: Pool;
  readonly #account: string;
  readonly #shared: Shared;
  readonly #onReady: () => void;
  #ofGateway: readonly Pool[];
  /** The pools of most calls. */
  #usual: readonly Pool[];
  readonly #callers = new Map<string, Pool>();

  /** @param onReady - called when calls that wait may have a permit again */
  constructor(account: string, shared: Shared, onReady: () => void) {
    this.#account = account;
    this.#shared = shared;
    this.#onReady = onReady;
    const { rate, total, unaccepted } = shared;
    this.key = this.#pool(rate);
    const ofGateway = [total, unaccepted.has(account) ? unaccepted.pool : undefined];
    this.#ofGateway = ofGateway.filter((pool) => pool !== undefined);
    this.#usual = [...this.#ofGateway, this.key];
  }

  /** Whether all calls count in quotas that have a permit, as far as is known. */
  get hasPermit(): boolean {
    return !this.#usual.some((pool) => pool.isEmpty);
  }

  /** The pools in which a call counts. The pool of the key is last: its permits may come from a store. */
  poolsOf({ origin: { caller, callerRate } }: Call<unknown>): readonly Pool[] {
    if (callerRate === undefined) return this.#usual;
    return [...this.#ofGateway, this.#ofCaller(caller, callerRate), this.key];
  }

  /** The account's calls no longer count in this quota of the gateway. */
  leave(left: Pool): void {
    this.#ofGateway = this.#ofGateway.filter((pool) => pool !== left);
    this.#usual = [...this.#ofGateway, this.key];
  }

  isIdle(): boolean {
    return [this.key, ...this.#callers.values()].every((pool) => pool.isIdle());
  }

  #pool(rate: number, caller?: string): Pool {
    const { quotas, clock } = this.#shared;
    const part = caller === undefined ? undefined : `caller:${caller}`;
    return new Pool({ quotas, account: this.#account, part, rate, clock, onReady: this.#onReady });
  }

  #ofCaller(caller: string, rate: number): Pool {
    const known = this.#callers.get(caller);
    // A new rate is a new quota. Calls that wait for a permit of the old quota go on waiting there.
    if (known?.options.rate === rate) return known;
    if (this.#callers.size >= SWEEP_AT)
      for (const [other, pool] of this.#callers) if (pool.isIdle()) this.#callers.delete(other);
    const pool = this.#pool(rate, caller);
    this.#callers.set(caller, pool);
    return pool;
  }
}
