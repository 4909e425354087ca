import type { Clock } from '../../base/clock.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import type { Permit, Quota, QuotaStatus, Quotas } from '../../state/port.ts';
import { FOREGROUND_SHARE } from '../../state/sliding-window-log.ts';
import { WINDOW_MS } from '../../state/timed-permit.ts';

interface PoolOptions {
  readonly quotas: Quotas;
  readonly account: string;
  /** A caller of the account; undefined: the whole account. */
  readonly part?: string | undefined;
  readonly rate: number;
  readonly clock: Clock;
  /** Called when calls that wait may have a permit again. */
  readonly onReady: () => void;
}

/**
 * The permits of a quota. `take` never waits: it returns a permit, or the pool calls `onReady` later. If the quota is in a
 * store, the pool fetches a permit ahead, and keeps it until a call takes it.
 */
export class Pool {
  readonly options: PoolOptions;
  /** How many calls wait for a permit. */
  waiting = 0;
  readonly #quota: Quota;
  #isFetching = false;
  #isEmpty = false;
  #isEmptyForBackground = false;
  #cancelTimer: (() => void) | undefined;
  #fetched: { readonly permit: Permit; readonly leavesRoom: boolean } | undefined;

  constructor(options: PoolOptions) {
    this.options = options;
    const { quotas, account, part, rate } = options;
    this.#quota = quotas.open(account, part, rate, this.#refill);
  }

  get isOfCaller(): boolean {
    return this.options.part !== undefined;
  }

  get isEmpty(): boolean {
    return !this.#fetched && (this.#isEmpty || this.#isFetching);
  }

  /** A call in the background has to leave permits for other calls. */
  get isEmptyForBackground(): boolean {
    return !this.#fetched && (this.#isEmptyForBackground || this.#isEmpty || this.#isFetching);
  }

  get hasBackgroundPermit(): boolean {
    if (this.#isEmpty || this.#isEmptyForBackground) return false;
    const { limit, used, nextInMs } = this.#quota.outlook();
    return nextInMs === 0 && used < limit * (1 - FOREGROUND_SHARE);
  }

  /** `leavesRoom`: only if permits for calls of clients stay free. */
  take(leavesRoom: boolean): Permit | undefined {
    const isTooOld = this.#fetched?.permit.mayBeUsed === false;
    if (isTooOld || (leavesRoom && this.#fetched?.leavesRoom === false)) this.giveBack();
    const fetched = this.#fetched?.permit;
    this.#fetched = undefined;
    if (fetched || this.isEmpty || (leavesRoom && this.#isEmptyForBackground)) return fetched;
    const answer = this.#quota.take(leavesRoom);
    if (typeof answer === 'number') this.#emptyFor(answer, leavesRoom);
    else if (!(answer instanceof Promise)) return answer;
    else this.#await(answer, leavesRoom);
    return undefined;
  }

  keep(permit: Permit, leavesRoom: boolean): void {
    this.#fetched = { permit, leavesRoom };
  }

  /** Releases the permit that was fetched, because no call can take it soon. */
  giveBack(): void {
    const fetched = this.#fetched;
    this.#fetched = undefined;
    fetched?.permit.release();
  }

  remove(): void {
    this.waiting -= 1;
    this.rest();
  }

  /** Stops watching the quota if no call waits. */
  rest(): void {
    if (this.waiting > 0) return;
    this.giveBack();
    this.#reset();
  }

  /**
   * How long a call waits for a permit that has `ahead` calls before it, in ms: its place divided by the rate. An estimate, which
   * may be a second too short, because permits that were taken together return together.
   */
  waitMs(ahead: number): number {
    const { limit, used, nextInMs } = this.#quota.outlook();
    const place = used + ahead + 1 - limit;
    return place > 0 ? Math.max(nextInMs, (place * WINDOW_MS) / limit) : nextInMs;
  }

  status(): MaybePromise<QuotaStatus> {
    return this.#quota.status();
  }

  /** Whether a new pool of the same quota would give no more permits. */
  isIdle(): boolean {
    return this.waiting === 0 && !this.#isFetching && this.#quota.isIdle();
  }

  #await(answer: Promise<Permit | number>, leavesRoom: boolean): void {
    this.#isFetching = true;
    void answer.then((result) => {
      this.#isFetching = false;
      if (typeof result === 'number') this.#emptyFor(result, leavesRoom);
      else this.keep(result, leavesRoom);
      this.options.onReady();
      this.rest();
    });
  }

  /** Marks the pool as empty for `waitMs`. Infinity: until a request with a permit is sent or given up. */
  #emptyFor(waitMs: number, leavesRoom: boolean): void {
    this.#isEmptyForBackground = true;
    if (!leavesRoom) this.#isEmpty = true;
    this.#cancelTimer?.();
    this.#cancelTimer =
      waitMs === Number.POSITIVE_INFINITY ? undefined : this.options.clock.after(waitMs, this.#refill);
  }

  readonly #refill = (): void => {
    if (this.waiting === 0) return;
    this.#reset();
    this.options.onReady();
  };

  #reset(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#isEmpty = false;
    this.#isEmptyForBackground = false;
  }
}
