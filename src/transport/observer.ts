import { notify } from '../state/maybe-promise.ts';
import type { About, Allowance, Answer, Progress, Source } from './call.ts';
import { BadResponse, CallFailure, ClientLeft, RateLimited, TimedOut, Unavailable } from './errors.ts';

/**
 * Counts the REST calls of one operation, and how its reads were answered. An answered read counts under exactly one of
 * `calls`, `shared`, `fresh` and `stale`. A read whose call failed and that got a stale answer counts under `stale`.
 * Its requests still count under `calls`.
 */
export class Usage implements Progress {
  declare readonly allowance: Allowance;
  /** REST requests that this operation caused: reads, writes and retries. */
  declare calls: number;
  declare shared: number;
  /** Reads served from an answer in the cache that counts as fresh. */
  declare fresh: number;
  /** Reads served from an older answer, because the quota had no room or the API was failing. */
  declare stale: number;
  /** The longest wait of a call for its turn, in ms. */
  declare queuedMs: number;
  /** The age of the oldest stale answer that was served, in ms. */
  declare oldestMs: number;
  /** Whether this process lost the other processes meanwhile. */
  declare isUncoordinated: boolean;
  /** Cloudflare's name of the last request that its proxy answered in place of the API. */
  declare ray: string | undefined;

  /** `maxBytes`: decoded bytes that the operation's calls may receive in all. */
  constructor(maxBytes = Number.POSITIVE_INFINITY) {
    this.allowance = { bytesLeft: maxBytes };
    this.calls = 0;
    this.shared = 0;
    this.fresh = 0;
    this.stale = 0;
    this.queuedMs = 0;
    this.oldestMs = 0;
    this.isUncoordinated = false;
    this.ray = undefined;
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

const HOOKS = [
  'queued',
  'requested',
  'retried',
  'answered',
  'breakerChanged',
  'coordinationChanged',
  'valueRejected',
] as const;

type Hook = (...args: readonly unknown[]) => unknown;

const NONE: readonly Hook[] = [];

/** The failures of an observer harm no call: they go to `onFailure`. A hook that no observer has stays undefined. */
export function guardObservers(
  observers: readonly Observer[],
  onFailure: (error: unknown) => void,
): Observer {
  /** Combines the functions that the hooks return as well. */
  const callAll = (hooks: readonly Hook[], args: readonly unknown[]): Hook => {
    let ends = NONE;
    for (const hook of hooks)
      notify(() => {
        const end = hook(...args);
        if (typeof end === 'function') ends = [...ends, end as Hook];
        return end;
      }, onFailure);
    return ends === NONE ? ignore : (...given) => callAll(ends, given);
  };
  const hookFor = (name: (typeof HOOKS)[number]) => {
    const hooks = observers.flatMap((one) => (one[name] as Hook | undefined)?.bind(one) ?? []);
    return hooks.length > 0 ? (...args: readonly unknown[]) => callAll(hooks, args) : undefined;
  };
  return Object.fromEntries(HOOKS.map((name) => [name, hookFor(name)]));
}

function ignore(): void {}

/** Passes the progress of a call on to the observer, and to the usage of its operation, if any. */
export class ObservedProgress implements Progress, Observed {
  readonly endpoint: string;
  readonly kind: About['kind'];
  readonly usage: Usage | undefined;
  readonly allowance: Allowance | undefined;
  readonly #observer: Observer;
  #hasRequested = false;
  #waitEnded: (() => void) | undefined;
  #requestEnded: ((outcome: Outcome) => void) | undefined;

  constructor(observer: Observer, { endpoint, kind }: About, usage: Usage | undefined) {
    this.#observer = observer;
    this.endpoint = endpoint;
    this.kind = kind;
    this.usage = usage;
    this.allowance = usage?.allowance;
  }

  queued(): void {
    this.#waitEnded = this.#observer.queued?.(this);
  }

  dequeued(waitedMs: number): void {
    this.usage?.dequeued(waitedMs);
    // A call that was admitted at once reports a wait of no time.
    if (!this.#waitEnded) this.queued();
    this.#endWait();
    if (this.#hasRequested) this.#observer.retried?.(this);
    this.#hasRequested = true;
    this.#requestEnded = this.#observer.requested?.(this);
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
