import { createBoundedCache } from '../state/memory.ts';

/** A record of an account that may be forgotten. */
export interface AccountRecord {
  /** Whether nothing is left to remember. */
  isIdle(): boolean;
}

const SWEEP_AT = 1_000;

/** A record of each account, made when it is first needed; those with nothing to remember go, so that memory is bounded. */
export class Accounts<Kept extends AccountRecord> {
  readonly #make: (account: string) => Kept;
  readonly #records = new Map<string, Kept>();
  #sweepAt = SWEEP_AT;

  constructor(make: (account: string) => Kept) {
    this.#make = make;
  }

  of(account: string): Kept {
    return this.#records.get(account) ?? this.#add(account);
  }

  get(account: string): Kept | undefined {
    return this.#records.get(account);
  }

  #add(account: string): Kept {
    if (this.#records.size >= this.#sweepAt) this.#sweep();
    const record = this.#make(account);
    this.#records.set(account, record);
    return record;
  }

  #sweep(): void {
    for (const [account, record] of this.#records) if (record.isIdle()) this.#records.delete(account);
    this.#sweepAt = Math.max(SWEEP_AT, this.#records.size * 2);
  }
}

const MAX_REMEMBERED = 10_000;

/**
 * The accounts whose key the API has accepted, as this process has seen. Keys that somebody makes up never come in, so they
 * push no other out.
 */
export class KnownAccounts {
  readonly #accounts = createBoundedCache<true>(MAX_REMEMBERED);

  has(account: string): boolean {
    return this.#accounts.has(account);
  }

  add(account: string): void {
    if (!this.#accounts.has(account)) this.#accounts.set(account, true);
  }

  delete(account: string): void {
    this.#accounts.delete(account);
  }
}
