import { createBoundedCache } from '../state/memory.ts';

/** A record of an account that may be forgotten. */
export interface AccountRecord {
  /** Whether nothing is left to remember. */
  isIdle(): boolean;
}

const SWEEP_AT = 1_000;

/** A record of each account, added when it is first needed; those with nothing to remember go, so that memory is bounded. */
export class Accounts<Kept extends AccountRecord> extends Map<string, Kept> {
  readonly #make: (account: string) => Kept;
  #sweepAt = SWEEP_AT;

  constructor(make: (account: string) => Kept) {
    super();
    this.#make = make;
  }

  /** Adds one for an account that has none. */
  add(account: string): Kept {
    if (this.size >= this.#sweepAt) this.#sweep();
    const record = this.#make(account);
    this.set(account, record);
    return record;
  }

  #sweep(): void {
    for (const [account, record] of this) if (record.isIdle()) this.delete(account);
    this.#sweepAt = Math.max(SWEEP_AT, this.size * 2);
  }
}

const MAX_REMEMBERED = 10_000;

/**
 * The accounts whose key the API has accepted, as this process has seen. Keys that somebody makes up never come in, so they
 * push no other out.
 */
export type KnownAccounts = ReturnType<typeof createKnownAccounts>;

export function createKnownAccounts() {
  return createBoundedCache<true>(MAX_REMEMBERED);
}
