import type { MaybePromise } from '../../state/maybe-promise.ts';
import type { Demand, Permit, Quota, QuotaLimits, QuotaStatus, Quotas } from '../../state/port.ts';
import type { Call, Revalidation } from '../call.ts';
import type { Clock } from '../clock.ts';
import { RateLimited } from '../errors.ts';

export interface LimitOptions {
  readonly quotas: Quotas;
  readonly account: string;
  /** The part that is limited on its own; undefined: the account as a whole. */
  readonly part?: string | undefined;
  readonly limits: QuotaLimits;
  readonly clock: Clock;
  /** Called when calls that wait may have a permit again. */
  readonly onOpen: () => void;
  /** Those who wait and may go on, as far as other limits are known. */
  readonly byCaller?: Demand['byCaller'];
  /** Whether it is the limit of one caller of an account. */
  readonly isOfCaller?: boolean;
  /** Whether it may be lifted before long, so that no call is refused early. */
  readonly isTemporary?: boolean;
  /** Whether one that renews a cache entry has to leave permits for others. */
  readonly leavesSpare: (revalidation: Revalidation) => boolean;
}

/** The API's `ratelimited` slows down the key as a whole, nothing else. */
export const NEVER_SLOWER = { backoff: 1, recoveryPerSecond: 1 };

/** A quota and how many calls wait for it: asked one question at a time, and again once there may be another answer. */
export class Limit implements Demand {
  readonly options: LimitOptions;
  waiting = 0;
  #quota: Quota;
  #isAsking = false;
  #isShut = false;
  /** Whether it is shut for calls that have to leave permits for others. */
  #isSpareShut = false;
  #cancelTimer: (() => void) | undefined;
  #announcedUntil = Number.NEGATIVE_INFINITY;
  /** For the next of those who wait. */
  #kept: Permit | undefined;

  constructor(options: LimitOptions) {
    this.options = options;
    const { quotas, account, part, limits } = options;
    this.#quota = quotas.open(account, part, limits, this.#open);
  }

  /** How many of those who wait may go on. */
  get size(): number {
    let size = 0;
    for (const [, count] of this.byCaller()) size += count;
    return Math.min(size, this.waiting);
  }

  byCaller(): Iterable<readonly [caller: string, count: number]> {
    return this.options.byCaller?.() ?? [];
  }

  /** Whether it is known to have no permit for any call at this moment. */
  get isShut(): boolean {
    return !this.#kept && (this.#isShut || this.#isAsking);
  }

  /** Whether a call could have a permit at this moment and leave some for others. */
  get hasRoom(): boolean {
    return !this.#isShut && !this.#isSpareShut && this.#quota.hasSpare();
  }

  /** Whether it has a permit for the next of those who wait: it takes one if there is one now. */
  prepare(isSpare: boolean): boolean {
    this.#kept = this.take(isSpare, this);
    return this.#kept !== undefined;
  }

  /** A permit, if there is one now. `alone`: the call, where it need not wait. */
  take(isSpare: boolean, alone: Demand): Permit | undefined {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept || this.#isShut || this.#isAsking || (isSpare && this.#isSpareShut)) return kept;
    const answer = this.#quota.take(this.waiting === 0 ? alone : this, isSpare);
    if (typeof answer === 'number') this.#shutFor(answer, isSpare);
    else if (!(answer instanceof Promise)) return answer;
    else this.#await(answer, isSpare);
    return undefined;
  }

  /** Takes back the permit of a call that lacks something else. */
  keep(permit: Permit): void {
    this.#kept = permit;
  }

  add(): void {
    this.waiting += 1;
  }

  remove(): void {
    this.waiting -= 1;
    if (this.waiting > 0) this.#quota.left(this);
    else this.rest();
  }

  /** While nobody waits there is nothing to watch. */
  rest(): void {
    if (this.waiting > 0) return;
    this.#quota.left(this);
    this.giveBack();
    this.#reset();
  }

  /** Keeps no permit for the next call: nobody knows when it can be sent. */
  giveBack(): void {
    const kept = this.#kept;
    this.#kept = undefined;
    kept?.release();
  }

  /** Lets nothing start for `pauseMs`; `announcedMs` is what callers are told. */
  pause(pauseMs: number, announcedMs: number): void {
    void this.#quota.pause(pauseMs);
    this.#announcedUntil = Math.max(this.#announcedUntil, this.options.clock.now() + announcedMs);
    this.#open();
  }

  /** Lets fewer start for a while. */
  slowDown(): void {
    void this.#quota.slowDown();
  }

  /** Lets all go on: there is no limit any more. */
  lift(): void {
    const { quotas, account, part, limits } = this.options;
    const unlimited = { ...limits, rate: Number.POSITIVE_INFINITY };
    this.#quota = quotas.open(account, part, unlimited, () => undefined);
    this.#open();
  }

  /** When the call behind so many others could start, in ms from now. */
  etaMs(ahead: number): number {
    return this.#quota.etaMs(ahead);
  }

  /** For a call that could not start before then. */
  refusal(call: Call<unknown>, etaMs: number): RateLimited {
    const { clock, isOfCaller } = this.options;
    const retryAfterMs = Math.ceil(Math.max(1, etaMs, this.#announcedUntil - clock.now()));
    return new RateLimited(call, retryAfterMs, { byApi: false, isOfCaller });
  }

  status(): MaybePromise<QuotaStatus> {
    return this.#quota.status();
  }

  /** Whether nothing is left to remember. */
  isIdle(): boolean {
    return this.waiting === 0 && !this.#isAsking && this.#quota.isIdle();
  }

  #await(answer: Promise<Permit | number>, isSpare: boolean): void {
    this.#isAsking = true;
    void answer.then((later) => {
      this.#isAsking = false;
      if (typeof later === 'number') this.#shutFor(later, isSpare);
      else this.#kept = later;
      this.options.onOpen();
      this.rest();
    });
  }

  /** Infinity: until a call that holds a permit has been sent or given up. */
  #shutFor(waitMs: number, isSpare: boolean): void {
    this.#isSpareShut = true;
    if (!isSpare) this.#isShut = true;
    this.#cancelTimer?.();
    this.#cancelTimer =
      waitMs === Number.POSITIVE_INFINITY ? undefined : this.options.clock.after(waitMs, this.#open);
  }

  /** While nobody waits, it is not shut. */
  readonly #open = (): void => {
    if (this.waiting === 0) return;
    this.#reset();
    this.options.onOpen();
  };

  #reset(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#isShut = false;
    this.#isSpareShut = false;
  }
}
