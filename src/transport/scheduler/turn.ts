import type { Permit } from '../../state/port.ts';
import type { Call } from '../call.ts';
import type { CallFailure } from '../errors.ts';
import type { AccountQuotas } from './account-quotas.ts';
import type { Flow } from './flow.ts';
import type { Pool } from './pool.ts';
import { RESERVED_MS } from './rules.ts';

export interface Applicant {
  readonly call: Call<unknown>;
  /** The call has to wait. If it still waits at `startBy`, the applicant calls `giveUp` of its account. */
  queued(): void;
  /** The call has its permits and a connection after `waitedMs`: sends the request. */
  admitted(waitedMs: number): void;
  fail(failure: CallFailure): void;
}

interface TurnAccount {
  readonly quotas: AccountQuotas;
  readonly isStranger: boolean;
  /** The time that the API needs for an answer, with a margin, in ms. */
  readonly neededMs: number;
}

/** The turn of a call: the permits that it needs, and where it waits for them. */
export class Turn {
  declare readonly applicant: Applicant;
  declare readonly call: Call<unknown>;
  declare pools: readonly Pool[];
  /** Whether LuaAuth has not accepted the key of the account yet. */
  declare readonly isStranger: boolean;
  declare state: 'new' | 'waiting' | 'started' | 'sent' | 'over';
  /** Where the call waits; undefined if it has not waited. */
  declare flow: Flow<Turn> | undefined;
  /** When the call began to wait; once it is started, when it started. */
  declare since: number;
  declare private readonly account: TurnAccount;
  declare private permits: readonly Permit[];

  constructor(applicant: Applicant, account: TurnAccount) {
    this.applicant = applicant;
    this.call = applicant.call;
    this.account = account;
    this.pools = account.quotas.poolsOf(applicant.call);
    this.isStranger = account.isStranger;
    this.state = 'new';
    this.flow = undefined;
    this.since = 0;
    this.permits = NONE;
  }

  /** The last moment at which the request can start, on the clock. */
  get startBy(): number {
    const { deadline, timeoutMs } = this.call;
    const neededMs = Math.min(this.account.neededMs, timeoutMs / 2);
    return deadline - Math.max(neededMs, Math.min(RESERVED_MS, timeoutMs / 10));
  }

  /** Makes a call that waits wait for a permit of this pool as well. */
  join(pool: Pool): void {
    if (this.pools.includes(pool)) return;
    this.pools = [pool, ...this.pools];
    pool.add();
  }

  /** Takes all permits or none. `asBackground` false: a revalidation takes permits like a call for a client. */
  takePermits(asBackground = true): boolean {
    const revalidation = asBackground ? this.call.revalidation : undefined;
    const permits: Permit[] = [];
    for (const pool of this.pools) {
      const isBackground = revalidation !== undefined && pool.options.isBackground(revalidation);
      const permit = pool.take(isBackground);
      if (permit === undefined) {
        for (const [index, taken] of permits.entries()) this.pools[index]?.keep(taken, isBackground);
        return false;
      }
      permits.push(permit);
    }
    this.permits = permits;
    return true;
  }

  sent(): void {
    this.state = 'sent';
    for (const permit of this.permits) permit.sent();
  }

  answered(): void {
    for (const permit of this.permits) permit.answered();
  }

  releasePermits(): void {
    for (const permit of this.permits) permit.release();
  }
}

const NONE: readonly Permit[] = [];
