import type { Quotas } from '../../state/port.ts';
import type { KnownAccounts } from '../accounts.ts';
import type { Call } from '../call.ts';
import type { Clock } from '../clock.ts';
import { CallFailure, RateLimited } from '../errors.ts';
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

const WITHHELD = `not sent, because LuaAuth has not accepted this API key yet, and has refused ${RULES.refusalsInARow} calls with it in a row. LuaAuth refuses a wrong key and an unknown id alike: check the key, and ids that it cannot reach`;

/**
 * The keys that LuaAuth has not accepted yet. Any client can make up any number of them, so they share a quota, and take
 * their turns by the address of the client.
 *
 * LuaAuth does not tell a wrong key from an unknown id. So after five refusals in a row the waiting calls of the key are
 * withheld. Their code is not the code of the refused calls, because the answer of LuaAuth to a withheld call is unknown.
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

/** What the ends of requests show about a key that LuaAuth has not accepted yet. */
export class KeyTrial {
  #refusalsInARow = 0;

  /** `failure`: how a request that was sent has ended; undefined: it succeeded. */
  learn(failure: unknown): 'accepted' | 'refused again and again' | undefined {
    if (failure === undefined) return 'accepted';
    if (!(failure instanceof CallFailure)) return undefined;
    if (failure.provesKey) return 'accepted';
    if (failure.executed !== 'no' || failure.transient) return undefined;
    this.#refusalsInARow = (this.#refusalsInARow + 1) % RULES.refusalsInARow;
    return this.#refusalsInARow === 0 ? 'refused again and again' : undefined;
  }
}

/** The failure of a call that is withheld. */
export const withheld = (call: Call<unknown>): RateLimited =>
  new RateLimited(call, undefined, { byApi: false, why: WITHHELD });
