import type { Answer, Call, Interceptor, Send } from '../call.ts';
import type { Clock } from '../clock.ts';
import { CallFailure, ClientLeft, RateLimited, Unavailable } from '../errors.ts';
import type { BreakerState } from '../observer.ts';
import type { Progress } from '../progress.ts';
import { Circuit } from './circuit.ts';

export interface CircuitBreakerOptions {
  readonly clock: Clock;
  /** Empties the queue of calls that wait for their turn: called when the circuit opens. */
  readonly rejectQueued: () => void;
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
 * Stops asking an API that is in trouble: while its circuit is open, calls are answered at once, those that wait for
 * their turn too. It stands around the retries and learns from how each call ends. A refusal is an answer: it never
 * counts as a failure.
 */
export function createCircuitBreaker({
  clock,
  rejectQueued,
  onChange,
}: CircuitBreakerOptions): CircuitBreaker {
  const circuit = new Circuit(clock, (state) => {
    if (state === 'open') rejectQueued();
    onChange?.(state);
  });

  const onAnswer = () => circuit.record(false);
  const onFailure = (failure: unknown) => {
    const failed = isTrouble(failure);
    if (failed !== undefined) circuit.record(failed);
  };

  const probe = async <T>(next: Send, call: Call<T>, progress: Progress): Promise<Answer<T>> => {
    try {
      const answer = await next(call, progress);
      circuit.endProbe(false);
      return answer;
    } catch (failure) {
      circuit.endProbe(isTrouble(failure));
      throw failure;
    }
  };

  return {
    step: (next) => (call, progress) => {
      if (!circuit.isClosed) {
        if (circuit.beginProbe()) return probe(next, call, progress);
        return Promise.reject(new Unavailable(call, 'no'));
      }
      const answer = next(call, progress);
      // Before whoever waits for the answer: a call that follows from it finds out.
      answer.then(onAnswer, onFailure);
      return answer;
    },
    isOpen: () => circuit.isOpen,
    isClosed: () => circuit.isClosed,
  };
}

/** Whether a failure tells that the API is in trouble; undefined: it tells nothing about it. */
function isTrouble(failure: unknown): boolean | undefined {
  if (!(failure instanceof CallFailure) || failure instanceof ClientLeft) return undefined;
  if (failure instanceof RateLimited && !failure.byApi) return undefined;
  return failure.unhealthy;
}
