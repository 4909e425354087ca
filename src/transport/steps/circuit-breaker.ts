import type { Clock } from '../../base/clock.ts';
import { createBoundedCache } from '../../state/memory.ts';
import {
  BadResponse,
  BroughtTooMuch,
  CallFailure,
  ClientLeft,
  RateLimited,
  TimedOut,
  Unavailable,
} from '../errors.ts';
import type { BreakerState } from '../observer.ts';
import type { Interceptor } from '../step.ts';

/** How LuaAuth answers one account. Times are in ms on the clock. `reason` says why the last call failed. */
type Circuit =
  /** Calls are sent. `failures`: so many in a row have just failed. */
  | { readonly is: 'closed'; readonly since: number; readonly failures: number; readonly reason?: string }
  /** Calls fail without being sent. From `until` on, the next call is a probe. */
  | (Outage & { readonly is: 'open'; readonly until: number })
  /** One call is under way, and the others fail without being sent. */
  | (Outage & { readonly is: 'probing' });

interface Outage {
  readonly since: number;
  readonly reason: string;
  /** How long the circuit stays open if the next probe fails. */
  readonly nextPauseMs: number;
}

const FAILURES_IN_A_ROW = 5;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 8_000;
/** How long an open circuit waits for a call after its pause, in ms. */
const KEPT_OPEN_MS = 60_000;
/** Shortest time between two searches for circuits that have waited for so long, in ms. */
const LOOK_EVERY_MS = 1_000;
/** Closed circuits that are remembered. */
const MAX_CLOSED = 10_000;

/**
 * What a call is for the circuit. A slow call, or a call in the background, may take a minute, so it is never the only probe.
 */
type Role = 'usual' | 'probe' | 'slow';

interface CircuitBreakerOptions {
  readonly clock: Clock;
  /** The time of day, in ms since 1970. */
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
  /** The last failure, in our words; undefined while the API is available. */
  readonly reason: string | undefined;
}

/**
 * Stops calls to an API that is in trouble. After 5 failures in a row the circuit of an account opens: its calls fail at once, and the
 * calls that wait for their turn fail as well. After a pause, one call probes. This step wraps the retries, and learns from how each call
 * ends. A refusal is an answer: it never counts as a failure. Each account has its own circuit, because a client can make up a key
 * whose calls fail.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  /** The circuits of accounts whose last calls failed, or had failed earlier. All others are closed since the beginning. */
  readonly #closed = createBoundedCache<Circuit & { is: 'closed' }>(MAX_CLOSED);
  readonly #unwell = new Map<string, Circuit & Outage>();
  readonly #beganAt: number;
  /** Computed once: the two clocks round differently, so a past time would change between two looks. */
  readonly #clockBeganAt: number;
  #reported: BreakerState = 'closed';
  #lookedAt: number;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
    this.#beganAt = options.clock.now();
    this.#clockBeganAt = options.today() - this.#beganAt;
    this.#lookedAt = this.#beganAt;
  }

  readonly step: Interceptor = (next) => (call, usage) => {
    const { account } = call.origin;
    if (this.#unwell.size > 0) this.#closeOld();
    const circuit = this.#circuitOf(account);
    let role: Role = 'usual';
    if (circuit.is !== 'closed') {
      if (!this.#isDue(circuit)) return Promise.reject(new Unavailable(call, 'no'));
      role = call.rules.waitsForOthers || call.notes.background !== undefined ? 'slow' : 'probe';
      if (role === 'probe') this.#set(account, { ...circuit, is: 'probing' });
    }
    const answer = next(call, usage);
    const end = (failure: unknown) => {
      const before = this.#circuitOf(account);
      const after = this.#after(before, role, failure);
      if (after !== before) this.#set(account, after);
    };
    // Runs before the caller's own handlers, so that a follow-up call sees the new state.
    answer.then(() => end(undefined), end);
    return answer;
  };

  /** Whether it is too early for another call of the account. */
  isPausing(account: string): boolean {
    const circuit = this.#circuitOf(account);
    return circuit.is === 'open' && !this.#isDue(circuit);
  }

  isClosed(account: string): boolean {
    return this.#circuitOf(account).is === 'closed';
  }

  status(account: string): UpstreamStatus {
    const circuit = this.#circuitOf(account);
    const { since, reason } = circuit;
    const sinceMs = Math.round(this.#clockBeganAt + since);
    if (circuit.is !== 'closed') return { upstream: 'UNAVAILABLE', sinceMs, reason };
    return { upstream: circuit.failures > 0 ? 'DEGRADED' : 'AVAILABLE', sinceMs, reason };
  }

  /** The state of the circuit after the end of a call. @param failure - undefined: the call has succeeded */
  #after(circuit: Circuit, role: Role, failure: unknown): Circuit {
    const isUnhealthy = showsUnhealthy(failure);
    const now = this.#options.clock.now();
    switch (circuit.is) {
      case 'closed': {
        if (isUnhealthy === undefined || (!isUnhealthy && circuit.failures === 0)) return circuit;
        if (!isUnhealthy) return { is: 'closed', since: now, failures: 0 };
        const failures = circuit.failures + 1;
        if (failures === FAILURES_IN_A_ROW) return this.#opened(now, FIRST_PAUSE_MS, failure);
        const since = failures === 1 ? now : circuit.since;
        return { is: 'closed', since, failures, reason: reasonOf(failure) };
      }
      case 'probing':
        if (role !== 'probe') return circuit;
        // A probe that shows nothing leaves the circuit open, and another call may probe at once.
        if (isUnhealthy === undefined) return { ...circuit, is: 'open', until: now };
        break;
      case 'open':
        // A slow call decides only if no probe has decided before.
        if (role !== 'slow' || isUnhealthy === undefined || !this.#isDue(circuit)) return circuit;
    }
    if (!isUnhealthy) return { is: 'closed', since: now, failures: 0 };
    return this.#opened(circuit.since, circuit.nextPauseMs, failure);
  }

  #opened(since: number, pauseMs: number, failure: unknown): Circuit {
    const until = this.#options.clock.now() + pauseMs;
    const nextPauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    return { is: 'open', since, until, nextPauseMs, reason: reasonOf(failure) };
  }

  #isDue(circuit: Circuit): boolean {
    return circuit.is === 'open' && this.#options.clock.now() >= circuit.until;
  }

  #circuitOf(account: string): Circuit {
    const unwell = this.#unwell.get(account);
    if (unwell) return this.#closedIfOld(unwell);
    return this.#closed.get(account) ?? { is: 'closed', since: this.#beganAt, failures: 0 };
  }

  /** An open circuit closes if no call has come for long. The next failure opens it again. */
  #closedIfOld(circuit: Circuit): Circuit {
    if (circuit.is !== 'open' || this.#options.clock.now() < circuit.until + KEPT_OPEN_MS) return circuit;
    const { since, reason } = circuit;
    return { is: 'closed', since, reason, failures: FAILURES_IN_A_ROW - 1 };
  }

  #set(account: string, circuit: Circuit): void {
    if (circuit.is === 'closed') {
      this.#closed.set(account, circuit);
      this.#unwell.delete(account);
    } else {
      this.#unwell.set(account, circuit);
      if (circuit.is === 'open' && !this.#isDue(circuit)) this.#options.rejectQueued(account);
    }
    this.#report();
  }

  /** A key that never comes back would be reported for ever. */
  #closeOld(): void {
    const now = this.#options.clock.now();
    if (now - this.#lookedAt < LOOK_EVERY_MS) return;
    this.#lookedAt = now;
    for (const [account, circuit] of this.#unwell) {
      const closed = this.#closedIfOld(circuit);
      if (closed !== circuit) this.#set(account, closed);
    }
  }

  #report(): void {
    const states = [...this.#unwell.values()].map(({ is }) => (is === 'open' ? is : 'half_open'));
    const worst = states.includes('open') ? 'open' : (states[0] ?? 'closed');
    if (worst === this.#reported) return;
    this.#reported = worst;
    this.#options.onChange?.(worst);
  }
}

/** Why LuaAuth is in trouble, as a sentence. A message of LuaAuth stays with the caller that it was meant for. */
function reasonOf(failure: unknown): string {
  const isOurs =
    failure instanceof Unavailable || failure instanceof TimedOut || failure instanceof BadResponse;
  const text = isOurs ? failure.message : 'LuaAuth answers with server errors';
  return `${text.replace(/^[a-z]/, (letter) => letter.toUpperCase())}.`;
}

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
