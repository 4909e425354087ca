import { createBoundedCache } from '../state/memory.ts';

export interface AccountRecord {
  /** Whether nothing is left to remember. */
  isIdle(): boolean;
}

const SWEEP_AT = 1_000;

/** Drops idle records, so that memory is bounded. */
export class Accounts<Kept extends AccountRecord> extends Map<string, Kept> {
  readonly #make: (account: string) => Kept;
  #sweepAt = SWEEP_AT;

  constructor(make: (account: string) => Kept) {
    super();
    this.#make = make;
  }

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

export const MAX_KNOWN = 10_000;

/**
 * The accounts whose keys LuaAuth has accepted in this process, or that the gateway holds. Made-up keys are never added, so they
 * evict no other account.
 */
export type KnownAccounts = ReturnType<typeof createKnownAccounts>;

export function createKnownAccounts() {
  const accounts = createBoundedCache<true>(MAX_KNOWN);
  return {
    add: (account: string) => void accounts.set(account, true),
    /** Counts as a use: the accounts in use are forgotten last. */
    has: (account: string) => accounts.get(account) !== undefined,
    remove: (account: string) => void accounts.delete(account),
  };
}
