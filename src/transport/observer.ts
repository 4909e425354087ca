import { notify } from '../base/maybe-promise.ts';
import type { About, Source } from './call.ts';
import { BadResponse, CallFailure, ClientLeft, RateLimited, TimedOut, Unavailable } from './errors.ts';
import type { Usage } from './usage.ts';

/** The part of a call that an observer sees: never its key, path or body. */
export interface Observed extends About {
  /** The usage of the call's operation. A call that renews a cache entry has a usage of its own. */
  readonly usage: Readonly<Usage>;
}

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

export type BreakerState = 'closed' | 'open' | 'half_open';

export type CoordinationState = 'ok' | 'lost';

/** Receives the events of calls. Every hook is optional, and its work costs every call. */
export interface Observer {
  /** A call that cannot start at once begins to wait for its turn. The returned function is called once when the wait ends, also if no request follows. */
  readonly queued?: (call: Observed) => () => void;
  /** A request begins. `hasWaited`: the call was queued before. The returned function is called once with the outcome. */
  readonly requested?: (call: Observed, hasWaited: boolean) => (outcome: Outcome) => void;
  /** A request begins whose call has failed before. */
  readonly retried?: (call: Observed) => void;
  readonly answered?: (call: Observed, source: Source) => void;
  readonly breakerChanged?: (state: BreakerState) => void;
  /** `reason`: why the other processes are lost. Called again for each new reason. */
  readonly coordinationChanged?: (state: CoordinationState, reason?: Error) => void;
}

/** Calls all observers of a transport. What an observer throws or rejects with goes to the log, whose own failure is dropped. */
export type Observers = ReturnType<typeof createObservers>;

export function createObservers(
  observers: readonly Observer[],
  log: { error(error: unknown): void } | undefined,
) {
  const onFailure = (error: unknown) => notify(() => log?.error(error), NOTHING);
  return {
    tell(call: (observer: Observer) => void): void {
      for (const observer of observers) notify(() => call(observer), onFailure);
    },
    /** Tells about the begin of something, and returns what tells about its end. */
    begin<Args extends readonly unknown[]>(
      call: (observer: Observer) => ((...args: Args) => void) | undefined,
    ) {
      if (observers.length === 0) return NOTHING;
      const ends: ((...args: Args) => void)[] = [];
      for (const observer of observers)
        notify(() => {
          const end = call(observer);
          if (typeof end === 'function') ends.push(end);
          return end;
        }, onFailure);
      return (...args: Args): void => {
        for (const end of ends) notify(() => end(...args), onFailure);
      };
    },
  };
}

const NOTHING = () => undefined;

/** @param failure - undefined: the request succeeded */
export function outcomeOf(failure: unknown): Outcome {
  if (failure === undefined) return 'ok';
  if (failure instanceof RateLimited) return 'rate_limited';
  if (failure instanceof TimedOut) return 'timeout';
  if (failure instanceof Unavailable) return 'unavailable';
  if (failure instanceof BadResponse) return 'bad_response';
  if (failure instanceof ClientLeft) return 'client_left';
  return failure instanceof CallFailure ? 'refused' : 'error';
}
