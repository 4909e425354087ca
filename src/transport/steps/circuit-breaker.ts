import { createBoundedCache } from '../../state/memory.ts';
import type { Call } from '../call.ts';
import type { Clock } from '../clock.ts';
import { Unavailable } from '../errors.ts';
import type { BreakerState } from '../observer.ts';
import type { Interceptor } from '../step.ts';
import { Circuit, type Health } from './circuit.ts';

interface CircuitBreakerOptions {
  readonly clock: Clock;
  readonly today: () => number;
  /** Fails the waiting calls of an account; called when its circuit opens. */
  readonly rejectQueued: (account: string) => void;
  /** Receives the worst state that any account's circuit is in. */
  readonly onChange?: ((state: BreakerState) => void) | undefined;
}

/** How the API answers an account, as far as this process knows. */
export interface UpstreamStatus extends Pick<Health, 'upstream' | 'reason'> {
  /** When this state began, in ms since 1970. */
  readonly sinceMs: number;
}

/** Shortest time between two searches for forgotten circuits. */
const LOOK_EVERY_MS = 1_000;
const MAX_CIRCUITS = 10_000;

/**
 * Stops calls to an API that is in trouble: while an account's circuit is open, its calls fail at once. Calls that wait
 * for their turn fail too. This step wraps the retries, and learns from how each call ends. A refusal is an answer: it
 * never counts as a failure. A call that fails for one account may succeed for another, so each account has its own
 * circuit.
 */
export function createCircuitBreaker({ clock, today, rejectQueued, onChange }: CircuitBreakerOptions) {
  const beganAt = clock.now();
  // Computed once: the two clocks round differently, so a past time would change between two looks.
  const clockBeganAt = today() - beganAt;
  /** The latest accounts. Made-up keys may drop others. */
  const circuits = createBoundedCache<Circuit>(MAX_CIRCUITS);
  /** The circuits that are not closed. They are kept until they close or are forgotten. */
  const unwell = new Map<string, Circuit>();
  const find = (account: string) => unwell.get(account) ?? circuits.get(account);
  let reported: BreakerState = 'closed';
  let lookedAt = beganAt;

  /** Reports the worst state of all circuits. */
  const report = () => {
    const states = [...unwell.values()].map(({ state }) => state);
    const worst = states.includes('open') ? 'open' : (states[0] ?? 'closed');
    if (worst === reported) return;
    reported = worst;
    onChange?.(worst);
  };

  function changed(circuit: Circuit): void {
    const { account, state } = circuit;
    if (state === 'open') rejectQueued(account);
    if (state === 'closed') unwell.delete(account);
    else unwell.set(account, circuit);
    report();
  }

  /** A key that never comes back would be reported for ever. */
  const forgetOld = () => {
    const now = clock.now();
    if (now - lookedAt < LOOK_EVERY_MS) return;
    lookedAt = now;
    for (const [account, circuit] of unwell) if (circuit.isForgotten()) unwell.delete(account);
    report();
  };

  const circuitOf = (account: string): Circuit => {
    const kept = find(account);
    if (kept) return kept;
    const circuit = new Circuit(account, clock, beganAt, changed);
    circuits.set(account, circuit);
    return circuit;
  };

  const step: Interceptor = (next) => (call, progress) => {
    if (unwell.size > 0) forgetOld();
    const circuit = circuitOf(call.origin.account);
    if (circuit.state === 'closed') {
      const answer = next(call, progress);
      // Runs before the caller's own handlers, so that a follow-up call sees the new state.
      answer.then(circuit.onAnswer, circuit.onFailure);
      return answer;
    }
    // A slow call or a call in the background may take a minute. Its outcome counts only if no other call has decided
    // before.
    const isSlow = call.waitsForOthers || call.background !== undefined;
    const goesAhead = isSlow ? circuit.isDue : circuit.beginProbe();
    if (!goesAhead) return Promise.reject(new Unavailable(call, 'no'));
    const answer = next(call, progress);
    const end = (failure: unknown) => {
      if (!isSlow || circuit.isDue) circuit.endProbe(failure);
      // A probe that shows nothing leaves the circuit open, and the waiting calls as they are.
      report();
    };
    answer.then(() => end(undefined), end);
    return answer;
  };

  return {
    step,
    isOpen: ({ origin }: Call<unknown>) => find(origin.account)?.isPausing ?? false,
    isClosed: ({ origin }: Call<unknown>) => (find(origin.account)?.state ?? 'closed') === 'closed',
    status(account: string): UpstreamStatus {
      const { upstream, since, reason } = find(account)?.health() ?? {
        upstream: 'AVAILABLE',
        since: beganAt,
      };
      return { upstream, sinceMs: Math.round(clockBeganAt + since), reason };
    },
  };
}
