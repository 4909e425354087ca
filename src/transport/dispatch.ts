import { decodeText } from './body.ts';
import { BadResponse, BroughtTooMuch, CallFailure, ClientLeft, TimedOut } from './errors.ts';
import { type Observed, type Observers, outcomeOf } from './observer.ts';
import type { Scheduler } from './scheduler/scheduler.ts';
import type { Send } from './step.ts';
import { type UpstreamOptions, UpstreamRequest } from './upstream-request.ts';

interface DispatchOptions extends UpstreamOptions {
  readonly observers: Observers;
  readonly scheduler: Scheduler;
}

/** The innermost step, and the whole life of a call: it waits for its turn, sends its request, and reads the answer. */
export function createDispatch(options: DispatchOptions): Send {
  const { clock, observers, pool, scheduler } = options;

  return async (call, usage) => {
    if (call.signal?.aborted) throw new ClientLeft(call, 'no');
    // A write sent with no time left would be carried out, and its outcome would stay unknown.
    if (call.deadline <= clock.now()) throw new TimedOut(call, 'no');
    if (usage.allowance.bytesLeft < 0) throw new BroughtTooMuch(call, 'no');
    const observed: Observed = { endpoint: call.endpoint, kind: call.kind, usage };

    // In an idle gateway the turn is there at once. Otherwise it throws if the call cannot start in time.
    let turn = scheduler.turn(call);
    const hasWaited = turn instanceof Promise;
    if (turn instanceof Promise) {
      const waitEnded = observers.begin((observer) => observer.queued?.(observed));
      turn = await turn.finally(waitEnded);
      usage.waited(turn.waitedMs);
    }

    // From here on the call holds permits and a connection, until its turn ends.
    if (call.notes.isRetry) observers.tell((observer) => observer.retried?.(observed));
    const requestEnded = observers.begin((observer) => observer.requested?.(observed, hasWaited));
    let failure: unknown;
    try {
      const { body, ...head } = await new UpstreamRequest(options, call, usage, turn).send();
      const text = decodeText(call, body, head.status);
      const value = call.decode({ ...head, text }, call);
      return { value, bytes: text.length, sentAt: turn.sentAt, source: 'call', ageMs: 0 };
    } catch (error) {
      failure = error;
      if (error instanceof CallFailure && error.ray !== undefined) usage.ray = error.ray;
      if (error instanceof BadResponse && error.isMisdirected) pool.renew();
      throw error;
    } finally {
      turn.end(failure);
      requestEnded(outcomeOf(failure));
    }
  };
}
