import { Accounts } from '../accounts.ts';
import type { Answer, Call, Interceptor, Progress, Send } from '../call.ts';
import type { Clock } from '../clock.ts';
import { Unavailable } from '../errors.ts';
import type { BreakerState } from '../observer.ts';
import { Circuit } from './circuit.ts';

export interface CircuitBreakerOptions {
  readonly clock: Clock;
  /** Empties the queue of an account's calls that wait for their turn: called when its circuit opens. */
  readonly rejectQueued: (account: string) => void;
  /** Receives the worst state that any account's circuit is in. */
  readonly onChange?: ((state: BreakerState) => void) | undefined;
}

export interface CircuitBreaker {
  readonly step: Interceptor;
  /** Whether calls are answered without being sent. */
  isOpen<T>(call: Call<T>): boolean;
  /** Whether all is well, as far as is known. */
  isClosed<T>(call: Call<T>): boolean;
}

/**
 * Stops asking an API that is in trouble: while an account's circuit is open, its calls are answered at once, those that
 * wait for their turn too. It stands around the retries and learns from how each call ends. A refusal is an answer: it
 * never counts as a failure. A call that fails for one account may go well for another, so each has a circuit of its own.
 */
export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { clock, rejectQueued } = options;
  const health = createHealthRegistry(clock, options.onChange);
  const circuits = new Accounts(
    (account) =>
      new Circuit(clock, (circuit) => {
        if (circuit.state === 'open') rejectQueued(account);
        health.changed(circuit);
      }),
  );

  /** A call whose end shows how the API is. `mayLast`: it may take a minute, so another one may have shown that before. */
  const probe = async <T>(
    circuit: Circuit,
    mayLast: boolean,
    next: Send,
    call: Call<T>,
    progress: Progress,
  ): Promise<Answer<T>> => {
    const end = (failure: unknown) => {
      if (!mayLast || circuit.isDue) circuit.endProbe(failure);
    };
    try {
      const answer = await next(call, progress);
      end(undefined);
      return answer;
    } catch (failure) {
      end(failure);
      throw failure;
    }
  };

  return {
    step: (next) => (call, progress) => {
      health.look();
      const circuit = circuits.of(call.origin.account);
      if (circuit.state !== 'closed') {
        const mayLast = call.waitsForOthers && circuit.isDue;
        if (mayLast || circuit.beginProbe()) return probe(circuit, mayLast, next, call, progress);
        return Promise.reject(new Unavailable(call, 'no'));
      }
      const answer = next(call, progress);
      // Before whoever waits for the answer: a call that follows from it finds out.
      answer.then(circuit.onAnswer, circuit.onFailure);
      return answer;
    },
    isOpen: (call) => circuits.get(call.origin.account)?.isOpen ?? false,
    isClosed: (call) => (circuits.get(call.origin.account)?.state ?? 'closed') === 'closed',
  };
}

const LOOK_EVERY_MS = 1_000;

/** Knows the circuits that are not closed, and reports the worst state of them all when that changes. */
function createHealthRegistry(clock: Clock, onChange: ((state: BreakerState) => void) | undefined) {
  const circuits = new Set<Circuit>();
  let reported: BreakerState = 'closed';
  let lookedAt = clock.now();

  const worst = (): BreakerState => {
    let found: BreakerState = 'closed';
    for (const { state } of circuits) {
      if (state === 'open') return 'open';
      found = 'half_open';
    }
    return found;
  };

  const report = () => {
    const state = worst();
    if (state === reported) return;
    reported = state;
    onChange?.(state);
  };

  return {
    changed(circuit: Circuit): void {
      if (circuit.state === 'closed') circuits.delete(circuit);
      else circuits.add(circuit);
      report();
    },
    /** Forgets the circuits of accounts that ask no more. */
    look(): void {
      if (circuits.size === 0) return;
      const now = clock.now();
      if (now - lookedAt < LOOK_EVERY_MS) return;
      lookedAt = now;
      for (const circuit of circuits) if (circuit.isIdle()) circuits.delete(circuit);
      report();
    },
  };
}
