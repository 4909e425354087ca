import type { About, Send, Served } from './call.ts';
import { BadResponse, CallFailure, ClientLeft, RateLimited, TimedOut, Unavailable } from './failure.ts';
import type { Tally } from './tally.ts';

/** What an observer sees of a call: never its key, path or body. The tally is that of its operation. */
export type Observed = About & { readonly origin: { readonly tally: Readonly<Tally> } };

/** How one request to the API ended. `refused`: the API said no; `error`: a mistake in the gateway. */
export type Outcome =
  | 'ok'
  | 'refused'
  | 'rate_limited'
  | 'timeout'
  | 'unavailable'
  | 'bad_response'
  | 'client_left'
  | 'error';

/** Where the answer to a read came from: its own call, another one's, or a copy. */
export type Source = 'call' | Served;

export type BreakerState = 'closed' | 'open' | 'half_open';

/** Is told of what happens to calls on their way, as far as it cares. What it does must not throw, and costs every call. */
export interface Observer {
  /** A call begins to wait for its turn; what is given back is called once when it waits no longer. */
  readonly queued?: (call: Observed) => () => void;
  /** A request begins; what is given back is called once with how it ended. */
  readonly requested?: (call: Observed) => (outcome: Outcome) => void;
  /** A request that failed is about to be made again. */
  readonly retried?: (call: Observed) => void;
  /** A read was answered. */
  readonly answered?: (call: Observed, source: Source) => void;
  readonly breakerChanged?: (state: BreakerState) => void;
}

type Hook<Name extends keyof Observer> = NonNullable<Observer[Name]>;

/** The outermost step of a read; `onServed` tells it when the answer is not from the read's own call. */
export function observeReads(answered: Hook<'answered'>): (next: Send) => Send {
  return (next) => async (call) => {
    if (call.kind === 'write') return next(call);
    let source: Source = 'call';
    const onServed = (served: Served) => {
      source = served;
    };
    const answer = await next({ ...call, onServed });
    answered(call, source);
    return answer;
  };
}

/** The step around the wait for a turn; `onTurn` ends it. */
export function observeQueue(queued: Hook<'queued'>): (next: Send) => Send {
  return (next) => async (call) => {
    let onTurn: (() => void) | undefined = queued(call);
    const leave = () => {
      onTurn?.();
      onTurn = undefined;
    };
    try {
      return await next({ ...call, onTurn: leave });
    } finally {
      leave();
    }
  };
}

/** The step around a request. It stands behind the wait for a turn, and ends it. */
export function observeRequests(requested: Hook<'requested'> | undefined): (next: Send) => Send {
  return (next) => async (call) => {
    call.onTurn?.();
    const ended = requested?.(call);
    try {
      const answer = await next(call);
      ended?.('ok');
      return answer;
    } catch (failure) {
      ended?.(outcomeOf(failure));
      throw failure;
    }
  };
}

function outcomeOf(failure: unknown): Outcome {
  if (failure instanceof RateLimited) return 'rate_limited';
  if (failure instanceof TimedOut) return 'timeout';
  if (failure instanceof Unavailable) return 'unavailable';
  if (failure instanceof BadResponse) return 'bad_response';
  if (failure instanceof ClientLeft) return 'client_left';
  return failure instanceof CallFailure ? 'refused' : 'error';
}
