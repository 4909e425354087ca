import { type AccountRecord, Accounts } from '../accounts.ts';
import type { Answer, Call, Send } from '../call.ts';
import type { Clock } from '../clock.ts';
import { BroughtTooMuch, CallFailure, ClientLeft, RateLimited, TimedOut, Unavailable } from '../errors.ts';
import type { BreakerState } from '../observer.ts';

interface CircuitBreakerOptions {
  readonly clock: Clock;
  readonly today: () => number;
  /** Fails the waiting calls of an account; called when its circuit opens. */
  readonly rejectQueued: (account: string) => void;
  /** Receives the worst state that any account's circuit is in. */
  readonly onChange?: ((state: BreakerState) => void) | undefined;
}

/** How the API answers an account, as far as this process knows. */
export interface UpstreamStatus {
  readonly upstream: 'AVAILABLE' | 'DEGRADED' | 'UNAVAILABLE';
  /** When this state began, in ms since 1970. */
  readonly sinceMs: number;
  /** The last failure; undefined while the API is available. */
  readonly reason: string | undefined;
}

/** Shortest time between two searches for idle circuits. */
const LOOK_EVERY_MS = 1_000;

/**
 * Stops calls to an API that is in trouble: while an account's circuit is open, its calls fail at once. Calls that wait
 * for their turn fail too. This step wraps the retries, and learns from how each call ends. A refusal is an answer: it
 * never counts as a failure. A call that fails for one account may succeed for another, so each account has its own
 * circuit.
 */
export function createCircuitBreaker(options: CircuitBreakerOptions) {
  const { clock, today, rejectQueued, onChange } = options;
  const beganAt = clock.now();
  // Computed once: the two clocks round differently, so a past time would change between two looks.
  const clockBeganAt = today() - beganAt;
  const unwell = new Set<Circuit>();
  let reported: BreakerState = 'closed';
  let lookedAt = clock.now();

  /** The worst state of all circuits. */
  const report = () => {
    const states = [...unwell].map(({ state }) => state);
    const worst = states.includes('open') ? 'open' : (states[0] ?? 'closed');
    if (worst === reported) return;
    reported = worst;
    onChange?.(worst);
  };

  const changed = (circuit: Circuit) => {
    if (circuit.state === 'open') rejectQueued(circuit.account);
    if (circuit.state === 'closed') unwell.delete(circuit);
    else unwell.add(circuit);
    report();
  };

  const forgetIdle = () => {
    const now = clock.now();
    if (now - lookedAt < LOOK_EVERY_MS) return;
    lookedAt = now;
    for (const circuit of unwell) if (circuit.isIdle()) unwell.delete(circuit);
    report();
  };

  const circuits = new Accounts((account) => new Circuit(account, clock, beganAt, changed));

  /** `mayTakeLong`: up to a minute, or behind all others. Its outcome counts only if no other call has decided before. */
  const probe = <T>(circuit: Circuit, mayTakeLong: boolean, answer: Promise<Answer<T>>) => {
    const end = (failure: unknown) => {
      if (!mayTakeLong || circuit.isDue) circuit.endProbe(failure);
      // A probe without a result calls no `onChange`, so waiting calls stay. The reported state may change.
      report();
    };
    answer.then(() => end(undefined), end);
    return answer;
  };

  return {
    step:
      (next: Send): Send =>
      (call, progress) => {
        if (unwell.size > 0) forgetIdle();
        const { account } = call.origin;
        const circuit = circuits.get(account) ?? circuits.add(account);
        if (circuit.openUntil !== undefined) {
          // Renewals and polls wait for their permit behind all other calls.
          const mayTakeLong = (call.waitsForOthers || call.revalidation !== undefined) && circuit.isDue;
          if (mayTakeLong || circuit.beginProbe()) return probe(circuit, mayTakeLong, next(call, progress));
          return Promise.reject(new Unavailable(call, 'no'));
        }
        const answer = next(call, progress);
        // Runs before the caller's own handlers, so that a follow-up call sees the new state.
        answer.then(circuit.onAnswer, circuit.onFailure);
        return answer;
      },
    isOpen: ({ origin }: Call<unknown>) => circuits.get(origin.account)?.isOpen ?? false,
    isClosed: ({ origin }: Call<unknown>) => circuits.get(origin.account)?.openUntil === undefined,
    status(account: string): UpstreamStatus {
      const { upstream, since, reason } = circuits.get(account)?.health() ?? healthSince(beganAt);
      return { upstream, sinceMs: Math.round(clockBeganAt + since), reason };
    },
  };
}

/** `since` is a time on the clock. */
type Health = Pick<UpstreamStatus, 'upstream' | 'reason'> & { readonly since: number };

const healthSince = (since: number): Health => ({ upstream: 'AVAILABLE', since, reason: undefined });

const FAILURES_IN_A_ROW = 5;
const LEAST_IN_WINDOW = 10;
const FAILURE_SHARE = 0.5;
/** A closed circuit is degraded from this number and this share of failed calls in the window on. */
const DEGRADED_FAILURES = 2;
const DEGRADED_SHARE = 0.2;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 8_000;
/** An open circuit is idle this long after its pause, unless a probe is under way. */
const FORGOTTEN_AFTER_MS = 60_000;
const WINDOW_SECONDS = 10;

interface Outcomes {
  readonly second: number;
  all: number;
  failures: number;
}

/** Opens after 5 failed calls in a row, or when half of at least 10 calls in 10 s fail. After a pause, one call probes. */
class Circuit implements AccountRecord {
  readonly account: string;
  /** Set from the moment the circuit opens until a probe succeeds. */
  openUntil: number | undefined;
  readonly #clock: Clock;
  readonly #onChange: (circuit: Circuit) => void;
  /** The last 10 s, second by second: a busy gateway keeps no list of its calls. */
  #outcomes: Outcomes[] = [];
  #inARow = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #isProbing = false;
  #since: number;
  #lastFailure = '';

  constructor(account: string, clock: Clock, since: number, onChange: (circuit: Circuit) => void) {
    this.account = account;
    this.#clock = clock;
    this.#since = since;
    this.#onChange = onChange;
  }

  get state(): BreakerState {
    if (this.openUntil === undefined) return 'closed';
    return this.#isProbing ? 'half_open' : 'open';
  }

  /** Whether it is too early for a probe. */
  get isOpen(): boolean {
    return this.openUntil !== undefined && this.#clock.now() < this.openUntil;
  }

  /** Whether it is time for a probe, and none is under way. */
  get isDue(): boolean {
    return this.state === 'open' && !this.isOpen;
  }

  isIdle(): boolean {
    if (this.openUntil === undefined) return this.#count().all === 0;
    return !this.#isProbing && this.#clock.now() >= this.openUntil + FORGOTTEN_AFTER_MS;
  }

  health(): Health {
    const reason = `${this.#lastFailure.replace(/^[a-z]/, (letter) => letter.toUpperCase())}.`;
    if (this.openUntil === undefined) {
      const { all, failures } = this.#count();
      const first = this.#outcomes.find((outcomes) => outcomes.failures > 0);
      if (!first || failures < DEGRADED_FAILURES || failures < all * DEGRADED_SHARE)
        return healthSince(this.#since);
      return { upstream: 'DEGRADED', since: first.second * 1_000, reason };
    }
    if (!this.isIdle()) return { upstream: 'UNAVAILABLE', since: this.#since, reason };
    return { upstream: 'DEGRADED', since: this.#since, reason: `${reason} No call has been made since.` };
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
    if (this.openUntil !== undefined) return;
    this.#inARow = 0;
    this.#thisSecond().all += 1;
  };

  readonly onFailure = (failure: unknown): void => {
    const failed = showsUnhealthy(failure);
    if (failed === false) this.onAnswer();
    if (!failed || this.openUntil !== undefined) return;
    this.#lastFailure = messageOf(failure);
    this.#inARow += 1;
    const outcomes = this.#thisSecond();
    outcomes.all += 1;
    outcomes.failures += 1;
    const { all, failures } = this.#count();
    const isBroken = all >= LEAST_IN_WINDOW && failures >= all * FAILURE_SHARE;
    if (isBroken || this.#inARow >= FAILURES_IN_A_ROW) this.#open(failure);
  };

  #thisSecond(): Outcomes {
    const second = Math.floor(this.#clock.now() / 1_000);
    const last = this.#outcomes.at(-1);
    if (last?.second === second) return last;
    const begun = { second, all: 0, failures: 0 };
    this.#outcomes = this.#outcomes.filter((one) => one.second > second - WINDOW_SECONDS);
    this.#outcomes.push(begun);
    return begun;
  }

  #count(): Omit<Outcomes, 'second'> {
    const sum = { all: 0, failures: 0 };
    this.#thisSecond();
    for (const { all, failures } of this.#outcomes) {
      sum.all += all;
      sum.failures += failures;
    }
    return sum;
  }

  #open(failure: unknown): void {
    this.#lastFailure = messageOf(failure);
    if (this.openUntil === undefined) this.#since = this.#clock.now();
    this.openUntil = this.#clock.now() + this.#pauseMs;
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
    this.#onChange(this);
  }

  #close(): void {
    this.openUntil = undefined;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#inARow = 0;
    this.#outcomes = [];
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
