import type { AccountRecord } from '../accounts.ts';
import type { Clock } from '../clock.ts';
import { CallFailure, ClientLeft, RateLimited } from '../errors.ts';
import type { BreakerState } from '../observer.ts';

const FAILURES_IN_A_ROW = 5;
const LEAST_IN_WINDOW = 10;
const FAILURE_SHARE = 0.5;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 8_000;
/** An open circuit through which nobody asks any more for so long tells nothing. */
const FORGOTTEN_AFTER_MS = 60_000;

/**
 * The API's health, as one account sees it: 5 failed calls in a row, or half of at least 10 in 10 s, open
 * the circuit for a while; then one call goes ahead as a probe.
 */
export class Circuit implements AccountRecord {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #outcomes;
  #inARow = 0;
  #pauseMs = FIRST_PAUSE_MS;
  /** Set from the moment the circuit opens until a probe has gone well. */
  #openUntil: number | undefined;
  #isProbing = false;

  constructor(clock: Clock, onChange: (circuit: Circuit) => void) {
    this.#clock = clock;
    this.#onChange = () => onChange(this);
    this.#outcomes = createOutcomeCount(clock);
  }

  get state(): BreakerState {
    if (this.#openUntil === undefined) return 'closed';
    return this.#isProbing ? 'half_open' : 'open';
  }

  /** Whether it is too early for a probe. */
  get isOpen(): boolean {
    return this.#openUntil !== undefined && this.#clock.now() < this.#openUntil;
  }

  /** Whether it is time for a probe, and none is under way. */
  get isDue(): boolean {
    return this.state === 'open' && !this.isOpen;
  }

  isIdle(): boolean {
    if (this.#openUntil === undefined) return this.#outcomes.total().all === 0;
    return !this.#isProbing && this.#clock.now() >= this.#openUntil + FORGOTTEN_AFTER_MS;
  }

  /** Whether a call may go ahead as a probe: then it does, until `endProbe`. */
  beginProbe(): boolean {
    if (!this.isDue) return false;
    this.#isProbing = true;
    this.#onChange();
    return true;
  }

  /** `failure` is undefined when it went well. */
  endProbe(failure: unknown): void {
    this.#isProbing = false;
    const failed = isTrouble(failure);
    if (failed === true) this.#open();
    if (failed === false) this.#close();
  }

  /** Learns from a call that went well. */
  readonly onAnswer = () => this.#record(false);

  readonly onFailure = (failure: unknown) => this.#record(isTrouble(failure));

  #record(failed: boolean | undefined): void {
    if (this.#openUntil !== undefined || failed === undefined) return;
    this.#inARow = failed ? this.#inARow + 1 : 0;
    this.#outcomes.add(failed);
    if (failed && this.#isBroken()) this.#open();
  }

  #isBroken(): boolean {
    if (this.#inARow >= FAILURES_IN_A_ROW) return true;
    const { all, failures } = this.#outcomes.total();
    return all >= LEAST_IN_WINDOW && failures >= all * FAILURE_SHARE;
  }

  #open(): void {
    this.#openUntil = this.#clock.now() + this.#pauseMs;
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
    this.#onChange();
  }

  #close(): void {
    this.#openUntil = undefined;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#inARow = 0;
    this.#outcomes.clear();
    this.#onChange();
  }
}

/** Whether how a call ended tells that the API is in trouble; undefined: it tells nothing about it. */
function isTrouble(failure: unknown): boolean | undefined {
  if (failure === undefined) return false;
  if (!(failure instanceof CallFailure) || failure instanceof ClientLeft) return undefined;
  if (failure instanceof RateLimited && !failure.byApi) return undefined;
  return failure.unhealthy;
}

const BUCKET_MS = 1_000;
const BUCKETS = 10;

/** Counts outcomes of the last 10 s, in buckets of one second, so that a busy gateway keeps no list of its calls. */
export function createOutcomeCount(clock: Clock) {
  let buckets: { readonly second: number; all: number; failures: number }[] = [];

  const current = () => {
    const second = Math.floor(clock.now() / BUCKET_MS);
    if (buckets[0] && buckets[0].second <= second - BUCKETS) {
      buckets = buckets.filter((bucket) => bucket.second > second - BUCKETS);
    }
    let last = buckets.at(-1);
    if (last?.second !== second) {
      last = { second, all: 0, failures: 0 };
      buckets.push(last);
    }
    return last;
  };

  return {
    add(failed: boolean): void {
      const bucket = current();
      bucket.all += 1;
      if (failed) bucket.failures += 1;
    },
    total(): { all: number; failures: number } {
      current();
      const sum = { all: 0, failures: 0 };
      for (const { all, failures } of buckets) {
        sum.all += all;
        sum.failures += failures;
      }
      return sum;
    },
    clear(): void {
      buckets = [];
    },
  };
}
