import { type MaybePromise, whenKnown } from '../../state/maybe-promise.ts';
import type { QuotaStatus, Quotas } from '../../state/port.ts';
import type { KnownAccounts } from '../accounts.ts';
import type { Call } from '../call.ts';
import type { Clock } from '../clock.ts';
import { CallFailure, RateLimited } from '../errors.ts';
import { type Line, Turns } from './line.ts';
import { NEVER_SLOWER, Pool } from './pool.ts';
import { RULES } from './rules.ts';
import type { ScheduledCall } from './scheduled-call.ts';

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
 * their turns by the address of the client. They count as one account.
 *
 * LuaAuth does not tell a wrong key from an unknown id. So after five refusals in a row the waiting calls of the key are
 * withheld. Their code is not the code of the refused calls, because the answer of LuaAuth to a withheld call is unknown.
 */
export class UnacceptedKeys {
  /** Undefined: there is no limit. */
  readonly pool: Pool | undefined;
  readonly line: Turns<Turns>;
  /** Requests under way. */
  underWay = 0;
  readonly #known: KnownAccounts;

  constructor({ known, totalRate, clock, quotas, onReady }: UnacceptedKeysOptions, root: Turns) {
    this.#known = known;
    this.line = new Turns<Turns>('unaccepted keys', root);
    const rate = Math.max(1, Math.floor(totalRate * RULES.unacceptedPart));
    const limits = { rate, ...NEVER_SLOWER };
    if (totalRate > 0) this.pool = new Pool({ quotas, account: 'unaccepted', limits, clock, onReady });
  }

  /** Whether the key of an account counts among these keys. */
  has(account: string): boolean {
    return this.pool !== undefined && !this.knows(account);
  }

  /** Whether LuaAuth has accepted the key of an account, or the gateway holds it. */
  knows(account: string): boolean {
    return this.#known.has(account);
  }

  /** The accounts of the clients with this address. */
  accountsAt(address: string): Turns {
    return this.line.member(address, () => new Turns(address, this.line));
  }

  /** The call that has to go if too many wait: the last of the address with the most calls. */
  get oneTooMany(): ScheduledCall | undefined {
    if (this.line.size <= RULES.maxWaitingOfUnaccepted) return undefined;
    let largest: Line | undefined;
    for (const address of this.line.members) if (address.size > (largest?.size ?? 0)) largest = address;
    return largest?.all().at(-1);
  }

  accepted(account: string): void {
    this.#known.set(account, true);
  }

  /** Whether a sent request ended with a refusal that does not show that LuaAuth knows the key. */
  isRefusal(failure: unknown): boolean {
    return (
      failure instanceof CallFailure && failure.executed === 'no' && !failure.transient && !failure.provesKey
    );
  }

  /** The failure of a call that is withheld. */
  readonly refusalOf = (call: Call<unknown>): RateLimited =>
    new RateLimited(call, undefined, { byApi: false, why: WITHHELD });

  /** The status of a key's quota, which the quota of all these keys limits. */
  statusOf(ofKey: QuotaStatus): MaybePromise<QuotaStatus> {
    return whenKnown(this.pool?.status() ?? ofKey, ({ limit, remaining }) => ({
      ...ofKey,
      limit: Math.min(ofKey.limit, limit),
      remaining: Math.min(ofKey.remaining, remaining),
    }));
  }
}
