import type { Demand, Permit } from '../../state/port.ts';
import type { Call, Origin, Revalidation } from '../call.ts';
import type { Clock } from '../clock.ts';
import type { CallFailure } from '../errors.ts';
import type { Priority, Waiting } from './fair-queue.ts';
import type { Limit } from './limit.ts';

/** A call that wants to be sent. */
export interface Applicant {
  readonly call: Call<unknown>;
  /** It has to wait, and calls `giveUp` at this moment on the clock if it still waits then. */
  queued(startBy: number): void;
  /** It has all that it needs, after so many ms. */
  admitted(waitedMs: number): void;
  /** It will not have it. */
  fail(failure: CallFailure): void;
}

/** Where admittances come from. */
export interface AdmittanceGiver {
  acquire(admittance: Admittance): void;
  /** One that waited is not wanted any more. */
  leave(admittance: Admittance): void;
  /** The request of one that was acquired is over. */
  ended(admittance: Admittance, failure: unknown): void;
  /** One has waited for as long as it can. */
  giveUp(admittance: Admittance, wasLate: boolean): void;
}

/**
 * The time that a waiting call must have left, or a tenth of its timeout if that is less. Without it a queue that is
 * always full would start every call just before its deadline, and spend the quota on calls that time out.
 */
const RESERVED_MS = 500;

const NONE: readonly Permit[] = [];

/** All that one request needs to be sent: a permit of each quota that it counts in, and a connection. It has all of it or none. */
export class Admittance implements Waiting, Demand {
  readonly call: Call<unknown>;
  readonly applicant: Applicant;
  readonly limits: readonly Limit[];
  /** Whether the API has not accepted its key yet. */
  readonly isUnknown: boolean;
  readonly #giver: AdmittanceGiver;
  #state: 'new' | 'waiting' | 'acquired' | 'over' = 'new';
  #permits: readonly Permit[] = NONE;
  #waitsSince = 0;

  constructor(giver: AdmittanceGiver, applicant: Applicant, limits: readonly Limit[], isUnknown: boolean) {
    this.#giver = giver;
    this.applicant = applicant;
    this.call = applicant.call;
    this.limits = limits;
    this.isUnknown = isUnknown;
  }

  get caller(): string {
    return this.call.origin.caller;
  }

  get operation(): Origin {
    return this.call.origin;
  }

  get priority(): Priority {
    if (this.call.kind === 'write') return 'write';
    return this.call.revalidation ? 'revalidation' : 'read';
  }

  get revalidation(): Revalidation | undefined {
    return this.call.revalidation;
  }

  /** The last moment at which the request can start, on the clock. */
  get startBy(): number {
    return this.call.deadline - Math.min(RESERVED_MS, this.call.timeoutMs / 10);
  }

  get size(): number {
    return 1;
  }

  byCaller(): Iterable<readonly [caller: string, count: number]> {
    return [[this.caller, 1]];
  }

  /** Tells the applicant when it has all, at once if it can be. */
  acquire(): void {
    this.#giver.acquire(this);
  }

  /** Takes a permit of each quota, or in none: whether it did. */
  takePermits(): boolean {
    const permits: Permit[] = [];
    for (const limit of this.limits) {
      const permit = limit.take(this.call, this);
      if (permit === undefined) {
        for (const [index, taken] of permits.entries()) this.limits[index]?.keep(taken);
        return false;
      }
      permits.push(permit);
    }
    this.#permits = permits;
    return true;
  }

  wait(clock: Clock): void {
    this.#state = 'waiting';
    this.#waitsSince = clock.now();
    for (const limit of this.limits) limit.add();
    this.applicant.queued(this.startBy);
  }

  /** It has waited for as long as it can. */
  giveUp(wasLate: boolean): void {
    this.#giver.giveUp(this, wasLate);
  }

  /** It has its permits, and a connection. */
  start(clock: Clock): void {
    const waitedMs = this.#state === 'waiting' ? clock.now() - this.#waitsSince : 0;
    this.#enter('acquired');
    this.applicant.admitted(waitedMs);
  }

  sent(): void {
    for (const permit of this.#permits) permit.sent();
  }

  answered(): void {
    for (const permit of this.#permits) permit.answered();
  }

  /** The request is over, or not wanted any more. */
  ended(failure: unknown): void {
    const state = this.#state;
    if (state === 'waiting') this.#giver.leave(this);
    this.#enter('over');
    for (const permit of this.#permits) permit.release();
    if (state === 'acquired') this.#giver.ended(this, failure);
  }

  #enter(state: 'acquired' | 'over'): void {
    if (this.#state === 'waiting') for (const limit of this.limits) limit.remove();
    this.#state = state;
    if (this.revalidation) this.revalidation.isUnderWay = state === 'acquired';
  }
}
