import type { MaybePromise } from '../state/maybe-promise.ts';
import { createStateInMemory } from '../state/memory.ts';
import type { State } from '../state/port.ts';
import { KnownAccounts } from './accounts.ts';
import type { Call, Interceptor, Send } from './call.ts';
import { type Clock, systemClock } from './clock.ts';
import { createConnections } from './connection.ts';
import { createDispatch } from './dispatch.ts';
import { DispatchQueue } from './dispatch-queue.ts';
import { Unavailable } from './errors.ts';
import { type CacheOptions, cache } from './interceptors/cache.ts';
import { createCircuitBreaker } from './interceptors/circuit-breaker.ts';
import { requireCoordination } from './interceptors/coordination.ts';
import { dedupe } from './interceptors/dedupe.ts';
import { createKeyCheck, invalidation } from './interceptors/invalidation.ts';
import { retry } from './interceptors/retry.ts';
import { shareCopies } from './interceptors/shared-copies.ts';
import { createObserving, type Observer, type Usage } from './observer.ts';
import { createRateLimiter, limitRate, type RateLimitStatus } from './rate-limit/rate-limiter.ts';

export interface TransportOptions {
  /** Base URL of the REST API. */
  readonly url: URL;
  readonly userAgent: string;
  /** Requests in any sliding second for one API key; 0, the default: no limit. */
  readonly rate?: number | undefined;
  /**
   * Requests in any sliding second over all API keys; 0, the default: no limit. With a limit, a key that the API has
   * never accepted has 5 a second.
   */
  readonly totalRate?: number | undefined;
  /** How long an answer in the cache is as good as a call, in ms; 0, the default: never. */
  readonly freshMs?: number | undefined;
  /** How long it is better than waiting or an error, in ms; 0, the default: never. */
  readonly staleMs?: number | undefined;
  /** Largest answer in bytes, decoded. */
  readonly maxBodyBytes?: number | undefined;
  /** Largest number of connections to the API. */
  readonly connections?: number | undefined;
  /** What several gateways have in common; the memory of this one by default. */
  readonly state?: State | undefined;
  readonly clock?: Clock | undefined;
  /** The time of day in ms since 1970, as `Date.now` gives: what the clock does not know. */
  readonly today?: (() => number) | undefined;
  /** A number from 0 to 1, as `Math.random` gives. */
  readonly random?: (() => number) | undefined;
  /** Receives what happens to calls: metrics, tracing. */
  readonly observer?: Observer | undefined;
}

export interface Transport {
  /** Makes a call and gives what its answer holds; how it came about counts under `usage`. @throws CallFailure */
  ask<T>(call: Call<T>, usage: Usage): Promise<T>;
  /** How the quota of an account stands: no call is made for it. */
  rateLimit(account: string): MaybePromise<RateLimitStatus>;
  readonly clock: Clock;
  readonly state: State;
  /** Waits for the calls under way, then closes the connections. */
  close(): Promise<void>;
}

/** `ratelimited` slows its own key down, not all of them. */
const NEVER_SLOWER = { backoff: 1, recoveryPerSecond: 1, isLocal: true };

/** The one place where the steps of a call's way are put together. */
export function createTransport(options: TransportOptions): Transport {
  const { url, userAgent, rate = 0, totalRate = 0, freshMs = 0, staleMs = 0 } = options;
  const { maxBodyBytes = 8 * 1024 * 1024, connections = 128, clock = systemClock } = options;
  const {
    state = createStateInMemory({ now: () => clock.now() }),
    random = Math.random,
    today = Date.now,
    observer = {},
  } = options;
  const dispatcher = createConnections({ origin: url.origin, connections });

  const observe = createObserving(observer);
  const known = totalRate > 0 ? new KnownAccounts() : undefined;
  const rateLimiter = createRateLimiter({ rate, clock, quotas: state.quotas, today, known });
  const queue = new DispatchQueue({
    connections,
    clock,
    openTotal:
      totalRate > 0
        ? (onFreed) => state.quotas.open('total', { rate: totalRate, ...NEVER_SLOWER }, onFreed)
        : undefined,
    isKnown: known && ((account) => known.has(account)),
  });
  const circuitBreaker = createCircuitBreaker({
    clock,
    rejectQueued(account) {
      for (const one of [rateLimiter, queue])
        one.rejectQueued(account, (call) => new Unavailable(call, 'no'));
    },
    onChange: observer.breakerChanged,
  });
  const { coordination, shared } = state;
  const hasRoom: CacheOptions['hasRoom'] = (call) =>
    rateLimiter.hasRoom(call) && queue.hasRoom(call.origin.account);
  const isFailing = circuitBreaker.isOpen;
  const steps: readonly Interceptor[] = [
    invalidation(state.generations, clock),
    cache({
      freshMs,
      staleMs,
      entries: state.cache,
      clock,
      isCurrent: createKeyCheck(state.generations),
      currentLoss: () => coordination?.loss ?? 0,
      hasRoom,
      isFailing,
      inBackground: (about) => observe(about, undefined),
    }),
    dedupe({ clock }),
    shareCopies({ shared, freshMs, staleMs, clock, hasRoom, isFailing }),
    requireCoordination(coordination),
    circuitBreaker.step,
    retry({ clock, random, mayRetry: circuitBreaker.isClosed }),
    limitRate(rateLimiter),
  ];
  const dispatch = createDispatch({
    dispatcher,
    origin: url.origin,
    basePath: url.pathname.replace(/\/+$/, ''),
    maxBodyBytes,
    userAgent,
    clock,
    queue,
  });
  const send = steps.reduceRight<Send>((next, step) => step(next), dispatch);

  return {
    // The outer step: it counts, and tells the observer.
    ask: (call, usage) => {
      // The call itself is not kept until its answer is there: each step has one of its own.
      const { endpoint, kind } = call;
      return send(call, observe(call, usage)).then((answer) => {
        if (kind === 'read') {
          usage.answered(answer);
          observer.answered?.({ endpoint, kind, usage }, answer.source);
        }
        return answer.value;
      });
    },
    rateLimit: (account) => rateLimiter.status(account),
    clock,
    state,
    close: () => dispatcher.close(),
  };
}
