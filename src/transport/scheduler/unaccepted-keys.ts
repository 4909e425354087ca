import { RateLimited } from '../errors.ts';
import type { KnownAccounts } from '../known-accounts.ts';
import { FairLine } from './fair-line.ts';
import type { Pool } from './pool.ts';
import { RULES } from './rules.ts';
import type { Turn } from './turn.ts';

/**
 * The keys that LuaAuth has not accepted yet. Any client can make up any number of them, so they share a quota, and take
 * their turns by the address of the client.
 */
export class UnacceptedKeys {
  /** The accounts with a key that LuaAuth has accepted, or that the gateway holds. */
  readonly known: KnownAccounts;
  /** Undefined: the gateway has no quota of its own, and then any key may use its own quota. */
  readonly pool: Pool | undefined;
  readonly line: FairLine<Turn>;

  constructor(known: KnownAccounts, pool: Pool | undefined, root: FairLine<Turn>) {
    this.known = known;
    this.pool = pool;
    this.line = new FairLine('unaccepted keys', root);
  }

  /** Whether the key of an account counts among these keys. */
  has(account: string): boolean {
    return this.pool !== undefined && !this.known.has(account);
  }

  /** The accounts of the clients with this address. */
  accountsAt(address: string): FairLine<Turn> {
    return this.line.inner(address);
  }

  /** Refuses the last call of the address with the most calls if too many wait. */
  refuseOneTooMany(): void {
    if (this.line.size <= RULES.maxWaitingOfUnaccepted) return;
    let largest: FairLine<Turn> | undefined;
    for (const address of this.line.lines) if (address.size > (largest?.size ?? 0)) largest = address;
    const last = largest?.all().at(-1);
    last?.fail(new RateLimited(last.call, undefined, { byApi: false }));
  }
}
