import type { Clock } from '../clock.ts';
import { DecayingCount } from '../decaying-count.ts';
import { BroughtTooMuch, CallFailure, ClientLeft, RateLimited, TimedOut } from '../errors.ts';
import type { BreakerState } from '../observer.ts';

const FAILURES_IN_A_ROW = 5;
/** An event of that long ago counts for about a third. */
const COUNTED_MS = 10_000;
const LEAST_CALLS = 10;
const FAILURE_SHARE = 0.5;
/** A closed circuit is degraded from this number and this share of failed calls on. */
const DEGRADED_FAILURES = 2;
const DEGRADED_SHARE = 0.2;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 8_000;
/** An open circuit is forgotten this long after its pause, unless a probe is under way. */
const FORGOTTEN_AFTER_MS = 60_000;

/** How the API answers an account. `since` is a time on the clock. */
export interface Health {
  readonly upstream: 'AVAILABLE' | 'DEGRADED' | 'UNAVAILABLE';
  /** When this state began. */
  readonly since: number;
  /** The last failure; undefined while the API is available. */
  readonly reason: string | undefined;
}

/**
 * Decides from the outcomes of one account's calls whether further calls are sent. Opens after 5 failed calls in a row, or
 * when half of at least 10 calls in about 10 s have failed. After a pause, one call probes.
 */
export class Circuit {
  readonly account: string;
  readonly #clock: Clock;
  readonly #onChange: (circuit: Circuit) => void;
  #calls = new DecayingCount(COUNTED_MS);
  #failures = new DecayingCount(COUNTED_MS);
  #inARow = 0;
  /** Set from the moment the circuit opens until a probe succeeds. */
  #openUntil: number | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #isProbing = false;
  #since: number;
  #failingSince = 0;
  #lastFailure = '';

  constructor(account: string, clock: Clock, since: number, onChange: (circuit: Circuit) => void) {
    this.account = account;
    this.#clock = clock;
    this.#since = since;
    this.#onChange = onChange;
  }

  get state(): BreakerState {
    if (this.#openUntil === undefined) return 'closed';
    return this.#isProbing ? 'half_open' : 'open';
  }

  /** Whether it is too early for a probe. */
  get isPausing(): boolean {
    return this.#openUntil !== undefined && this.#clock.now() < this.#openUntil;
  }

  /** Whether it is time for a probe, and none is under way. */
  get isDue(): boolean {
    return this.state === 'open' && !this.isPausing;
  }

  /** Whether the circuit is open, and no call has come for long. */
  isForgotten(): boolean {
    if (this.#openUntil === undefined || this.#isProbing) return false;
    return this.#clock.now() >= this.#openUntil + FORGOTTEN_AFTER_MS;
  }

  health(): Health {
    const reason = `${this.#lastFailure.replace(/^[a-z]/, (letter) => letter.toUpperCase())}.`;
    const since = this.#since;
    if (this.#openUntil === undefined) {
      const now = this.#clock.now();
      const failures = this.#failures.at(now);
      const isDegraded = failures > DEGRADED_FAILURES - 1 && failures >= this.#calls.at(now) * DEGRADED_SHARE;
      return isDegraded
        ? { upstream: 'DEGRADED', since: this.#failingSince, reason }
        : { upstream: 'AVAILABLE', since, reason: undefined };
    }
    if (!this.isForgotten()) return { upstream: 'UNAVAILABLE', since, reason };
    return { upstream: 'DEGRADED', since, reason: `${reason} No call has been made since.` };
  }

  /** Begins a probe if it is time for one. Returns whether the call may go ahead. */
  beginProbe(): boolean {
    if (!this.isDue) return false;
    this.#isProbing = true;
    this.#onChange(this);
    return true;
  }

  /** Opens or closes the circuit by the outcome of the probe. `failure` is undefined when the probe succeeded. */
  endProbe(failure: unknown): void {
    this.#isProbing = false;
    const failed = showsUnhealthy(failure);
    if (failed === true) this.#open(failure);
    if (failed === false) this.#close();
  }

  readonly onAnswer = (): void => {
    if (this.#openUntil !== undefined) return;
    this.#inARow = 0;
    this.#calls.add(this.#clock.now());
  };

  readonly onFailure = (failure: unknown): void => {
    const failed = showsUnhealthy(failure);
    if (failed === false) this.onAnswer();
    if (!failed || this.#openUntil !== undefined) return;
    const now = this.#clock.now();
    if (this.#failures.at(now) < 1) this.#failingSince = now;
    this.#calls.add(now);
    this.#failures.add(now);
    this.#inARow += 1;
    this.#lastFailure = messageOf(failure);
    // The counts decay a little even within a burst.
    const calls = this.#calls.at(now);
    const isBroken = calls > LEAST_CALLS - 1 && this.#failures.at(now) >= calls * FAILURE_SHARE;
    if (isBroken || this.#inARow >= FAILURES_IN_A_ROW) this.#open(failure);
  };

  #open(failure: unknown): void {
    const now = this.#clock.now();
    this.#lastFailure = messageOf(failure);
    if (this.#openUntil === undefined) this.#since = now;
    this.#openUntil = now + this.#pauseMs;
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
    this.#onChange(this);
  }

  #close(): void {
    this.#openUntil = undefined;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#inARow = 0;
    this.#calls = new DecayingCount(COUNTED_MS);
    this.#failures = new DecayingCount(COUNTED_MS);
    this.#since = this.#clock.now();
    this.#onChange(this);
  }
}

const messageOf = (failure: unknown) => (failure instanceof Error ? failure.message : '');

/** Whether the outcome of a call shows that the API is in trouble; undefined: it shows nothing. */
function showsUnhealthy(failure: unknown): boolean | undefined {
  if (failure === undefined) return false;
  if (!(failure instanceof CallFailure) || failure instanceof ClientLeft) return undefined;
  // The operation's own limit ended the call, not the API.
  if (failure instanceof BroughtTooMuch) return undefined;
  if (failure instanceof RateLimited && !failure.byApi) return undefined;
  // The API had too little time to answer, so the timeout shows neither trouble nor health.
  if (failure instanceof TimedOut && !failure.unhealthy) return undefined;
  return failure.unhealthy;
}
