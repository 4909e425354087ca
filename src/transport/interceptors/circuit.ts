import type { Clock } from '../clock.ts';
import type { BreakerState } from '../observer.ts';
import { createOutcomeCount } from './outcome-count.ts';

const FAILURES_IN_A_ROW = 5;
const LEAST_IN_WINDOW = 10;
const FAILURE_SHARE = 0.5;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 8_000;

/**
 * What is known of the API's health: 5 failed calls in a row, or half of at least 10 in 10 s, open the circuit for a
 * while; then one call goes ahead as a probe.
 */
export class Circuit {
  readonly #clock: Clock;
  readonly #onChange: (state: BreakerState) => void;
  readonly #outcomes;
  #inARow = 0;
  #pauseMs = FIRST_PAUSE_MS;
  /** Set from the moment the circuit opens until a probe has gone well. */
  #openUntil: number | undefined;
  #isProbing = false;

  constructor(clock: Clock, onChange: (state: BreakerState) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
    this.#outcomes = createOutcomeCount(clock);
  }

  /** Whether all is well, as far as is known. */
  get isClosed(): boolean {
    return this.#openUntil === undefined;
  }

  /** Whether it is too early for a probe. */
  get isOpen(): boolean {
    return this.#openUntil !== undefined && this.#clock.now() < this.#openUntil;
  }

  /** Whether a call may go ahead as a probe: then it does, until `endProbe`. */
  beginProbe(): boolean {
    if (this.isClosed || this.isOpen || this.#isProbing) return false;
    this.#isProbing = true;
    this.#onChange('half_open');
    return true;
  }

  /** `failed` is undefined when nothing is known of how it would have ended. */
  endProbe(failed: boolean | undefined): void {
    this.#isProbing = false;
    if (failed === true) this.#open();
    if (failed === false) this.#close();
  }

  record(failed: boolean): void {
    if (!this.isClosed) return;
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
    this.#onChange('open');
  }

  #close(): void {
    this.#openUntil = undefined;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#inARow = 0;
    this.#outcomes.clear();
    this.#onChange('closed');
  }
}
