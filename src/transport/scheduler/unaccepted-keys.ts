import type { Quotas } from '../../state/port.ts';
import type { KnownAccounts } from '../accounts.ts';
import type { Clock } from '../clock.ts';
import { RateLimited } from '../errors.ts';
import { type Line, Turns } from './line.ts';
import { NEVER_SLOWER, Pool } from './pool.ts';
import { RULES } from './rules.ts';

interface UnacceptedKeysOptions {
  /** The accounts with a key that LuaAuth has accepted, or that the gateway holds. */
  readonly known: KnownAccounts;
  /** The quota of the gateway; 0: there is none, and then any key may use its own quota. */
  readonly totalRate: number;
  readonly clock: Clock;
  readonly quotas: Quotas;
  readonly onReady: () => void;
}

/**
 * The keys that LuaAuth has not accepted yet. Any client can make up any number of them, so they share a quota, and take
 * their turns by the address of the client.
 */
export class UnacceptedKeys {
  readonly known: KnownAccounts;
  /** Undefined: there is no limit. */
  readonly pool: Pool | undefined;
  readonly line: Turns<Turns>;

  constructor({ known, totalRate, clock, quotas, onReady }: UnacceptedKeysOptions, root: Turns) {
    this.known = known;
    this.line = new Turns<Turns>('unaccepted keys', root);
    const rate = Math.max(1, Math.floor(totalRate * RULES.unacceptedPart));
    const limits = { rate, ...NEVER_SLOWER };
    if (totalRate > 0) this.pool = new Pool({ quotas, account: 'unaccepted', limits, clock, onReady });
  }

  /** Whether the key of an account counts among these keys. */
  has(account: string): boolean {
    return this.pool !== undefined && !this.known.has(account);
  }

  /** The accounts of the clients with this address. */
  accountsAt(address: string): Turns {
    return this.line.member(address, () => new Turns(address, this.line));
  }

  /** Refuses the last call of the address with the most calls if too many wait. */
  refuseOneTooMany(): void {
    if (this.line.size <= RULES.maxWaitingOfUnaccepted) return;
    let largest: Line | undefined;
    for (const address of this.line.members) if (address.size > (largest?.size ?? 0)) largest = address;
    const last = largest?.all().at(-1);
    last?.sender.fail(new RateLimited(last.call, undefined, { byApi: false }));
  }
}
