import { notify } from '../state/maybe-promise.ts';
import type { About, Allowance, Answer, CallSource, Progress, Source } from './call.ts';
import { BadResponse, CallFailure, ClientLeft, RateLimited, TimedOut, Unavailable } from './errors.ts';

/**
 * Counts the REST calls of one operation, and how its reads were answered. An answered read counts under exactly one of
 * `calls`, `shared`, `fresh` and `stale`. A read whose call failed and that got a stale answer counts under `stale`.
 * Its requests still count under `calls`.
 */
export class Usage implements Progress {
  readonly allowance: Allowance;
  readonly sources: CallSource[] | undefined;
  /** REST requests that this operation caused: reads, writes and retries. */
  calls = 0;
  shared = 0;
  /** Reads served from an answer in the cache that counts as fresh. */
  fresh = 0;
  /** Reads served from an older answer, because the quota had no room or the API was failing. */
  stale = 0;
  /** The longest wait of a call for its turn, in ms. */
  queuedMs = 0;
  /** The age of the oldest stale answer that was served, in ms. */
  oldestMs = 0;
  /** Whether this process lost the other processes meanwhile. */
  isUncoordinated = false;
  /** Cloudflare's name of the last request that its proxy answered in place of the API. */
  ray: string | undefined;

  /** `maxBytes`: decoded bytes that the operation's calls may receive in all. `keepsSources`: whether `sources` is kept. */
  constructor(maxBytes = Number.POSITIVE_INFINITY, keepsSources = false) {
    this.allowance = { bytesLeft: maxBytes };
    this.sources = keepsSources ? [] : undefined;
  }

  sent(): void {
    this.calls += 1;
  }

  dequeued(waitedMs: number): void {
    if (waitedMs > this.queuedMs) this.queuedMs = waitedMs;
  }

  answered({ source, ageMs }: Answer<unknown>): void {
    // The read's own call was counted when it was sent.
    if (source === 'call') return;
    this[source] += 1;
    if (source === 'stale' && ageMs > this.oldestMs) this.oldestMs = ageMs;
  }

  proxied(ray: string): void {
    this.ray = ray;
  }

  uncoordinated(): void {
    this.isUncoordinated = true;
  }

  counts() {
    const { calls, shared, fresh, stale, queuedMs, ray } = this;
    return { calls, shared, fresh, stale, queuedMs: Math.ceil(queuedMs), ray };
  }
}

/** The part of a call that an observer sees: never its key, path or body. */
export interface Observed extends About {
  /** The usage of the call's operation; undefined for a call that renews a cache entry. */
  readonly usage: Readonly<Usage> | undefined;
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
  /** A call begins to wait for its turn. The returned function is called once when the wait ends. */
  readonly queued?: (call: Observed) => () => void;
  /** A request begins. The returned function is called once with the outcome. */
  readonly requested?: (call: Observed) => (outcome: Outcome) => void;
  readonly retried?: (call: Observed) => void;
  readonly answered?: (call: Observed, source: Source) => void;
  readonly breakerChanged?: (state: BreakerState) => void;
  /** `reason`: why the other processes are lost. Called again for each new reason. */
  readonly coordinationChanged?: (state: CoordinationState, reason?: Error) => void;
  /** A value of this kind in Redis was dropped, because it is not authentic or has another form. */
  readonly valueRejected?: (kind: string) => void;
}

/** Calls all observers of a transport. What an observer throws or rejects with goes to `onFailure`. */
type Observers = ReturnType<typeof createObservers>;

export function createObservers(observers: readonly Observer[], onFailure: (error: unknown) => void) {
  return {
    /** Whether an observer follows each call on its way. */
    followCalls: observers.some(({ queued, requested, retried }) => queued ?? requested ?? retried),
    tell(call: (observer: Observer) => void): void {
      for (const observer of observers) notify(() => call(observer), onFailure);
    },
    /** Tells about the begin of something, and returns what tells about its end. */
    begin<Args extends readonly unknown[]>(
      call: (observer: Observer) => ((...args: Args) => void) | undefined,
    ) {
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

/** Passes the progress of a call on to the observers, and to the usage of its operation, if any. */
export class ObservedProgress implements Progress, Observed {
  readonly endpoint: string;
  readonly kind: About['kind'];
  readonly usage: Usage | undefined;
  readonly allowance: Allowance | undefined;
  readonly sources: CallSource[] | undefined;
  readonly #observers: Observers;
  #hasRequested = false;
  #waitEnded: (() => void) | undefined;
  #requestEnded: ((outcome: Outcome) => void) | undefined;

  constructor(observers: Observers, { endpoint, kind }: About, usage: Usage | undefined) {
    this.#observers = observers;
    this.endpoint = endpoint;
    this.kind = kind;
    this.usage = usage;
    this.allowance = usage?.allowance;
    this.sources = usage?.sources;
  }

  queued(): void {
    this.#waitEnded = this.#observers.begin((observer) => observer.queued?.(this));
  }

  dequeued(waitedMs: number): void {
    this.usage?.dequeued(waitedMs);
    // A call that was admitted at once reports a wait of no time.
    if (!this.#waitEnded) this.queued();
    this.#endWait();
    if (this.#hasRequested) this.#observers.tell((observer) => observer.retried?.(this));
    this.#hasRequested = true;
    this.#requestEnded = this.#observers.begin((observer) => observer.requested?.(this));
  }

  sent(): void {
    this.usage?.sent();
  }

  ended(failure: unknown): void {
    this.#endWait();
    this.#requestEnded?.(failure === undefined ? 'ok' : outcomeOf(failure));
    this.#requestEnded = undefined;
  }

  proxied(ray: string): void {
    this.usage?.proxied(ray);
  }

  uncoordinated(): void {
    this.usage?.uncoordinated();
  }

  #endWait(): void {
    this.#waitEnded?.();
    this.#waitEnded = undefined;
  }
}

function outcomeOf(failure: unknown): Outcome {
  if (failure instanceof RateLimited) return 'rate_limited';
  if (failure instanceof TimedOut) return 'timeout';
  if (failure instanceof Unavailable) return 'unavailable';
  if (failure instanceof BadResponse) return 'bad_response';
  if (failure instanceof ClientLeft) return 'client_left';
  return failure instanceof CallFailure ? 'refused' : 'error';
}
