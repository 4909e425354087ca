import { createBoundedCache } from '../state/memory.ts';

const MAX_KNOWN = 10_000;

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
