import type { Answer, Call, Send } from './call.ts';
import type { Clock } from './clock.ts';
import { CallFailure, ClientLeft, RateLimited, Unavailable } from './failure.ts';
import type { BreakerState } from './observer.ts';
import { createOutcomeCount } from './outcome-count.ts';

export interface Breaker {
  /** Around the retries: refuses at once while open, and learns from how each call ends. */
  readonly guard: (next: Send) => Send;
  /** Around the exchange: until a probe has gone well, what had been waiting when the breaker opened is not sent either. */
  readonly gate: (next: Send) => Send;
  /** Whether calls are answered without being sent. */
  isOpen(): boolean;
  /** Whether all is well, as far as is known. */
  isClosed(): boolean;
}

type Probe = <T>(next: Send, call: Call<T>) => Promise<Answer<T>>;

const FAILURES_IN_A_ROW = 5;
const LEAST_IN_WINDOW = 10;
const FAILURE_SHARE = 0.5;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 8_000;

/**
 * Stops asking an API that is in trouble: after 5 failed calls in a row, or half of at least 10 in 10 s, calls are
 * answered at once for a while; then one goes ahead to probe. A refusal is an answer: it never counts as a failure.
 */
export function createBreaker(clock: Clock, onChange?: (state: BreakerState) => void): Breaker {
  const outcomes = createOutcomeCount(clock);
  let inARow = 0;
  let pauseMs = FIRST_PAUSE_MS;
  /** Set from the moment the breaker opens until a probe has gone well. */
  let openUntil: number | undefined;
  let isProbing = false;

  const open = () => {
    openUntil = clock.now() + pauseMs;
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    onChange?.('open');
  };
  const close = () => {
    openUntil = undefined;
    pauseMs = FIRST_PAUSE_MS;
    inARow = 0;
    outcomes.clear();
    onChange?.('closed');
  };
  const isOpen = () => openUntil !== undefined && clock.now() < openUntil;
  const isClosed = () => openUntil === undefined;

  const record = (failed: boolean) => {
    if (openUntil !== undefined) return;
    inARow = failed ? inARow + 1 : 0;
    outcomes.add(failed);
    if (!failed) return;
    const { all, failures } = outcomes.total();
    if (inARow >= FAILURES_IN_A_ROW || (all >= LEAST_IN_WINDOW && failures >= all * FAILURE_SHARE)) open();
  };
  const onAnswer = <T>(answer: T): T => {
    record(false);
    return answer;
  };
  const onFailure = (failure: unknown): never => {
    const verdict = verdictOf(failure);
    if (verdict !== 'neither') record(verdict === 'failed');
    throw failure;
  };

  const probe: Probe = async (next, call) => {
    isProbing = true;
    onChange?.('half_open');
    try {
      const answer = await next({ ...call, isProbe: true });
      close();
      return answer;
    } catch (failure) {
      const verdict = verdictOf(failure);
      if (verdict === 'failed') open();
      if (verdict === 'answered') close();
      throw failure;
    } finally {
      isProbing = false;
    }
  };

  return {
    isOpen,
    isClosed,
    guard: (next) => (call) => {
      if (openUntil === undefined) return next(call).then(onAnswer, onFailure);
      return isOpen() || isProbing ? Promise.reject(new Unavailable(call, 'no')) : probe(next, call);
    },
    gate: (next) => (call) =>
      isClosed() || call.isProbe ? next(call) : Promise.reject(new Unavailable(call, 'no')),
  };
}

function verdictOf(failure: unknown): 'failed' | 'answered' | 'neither' {
  if (!(failure instanceof CallFailure) || failure instanceof ClientLeft) return 'neither';
  if (failure instanceof RateLimited && !failure.byApi) return 'neither';
  return failure.unhealthy ? 'failed' : 'answered';
}
