import type { Dispatcher } from 'undici';
import { backgroundClock, type Clock, systemClock, timeOfDay } from '../base/clock.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { systemRandom } from '../base/random-source.ts';
import { createCacheEntries } from '../state/cache-entries.ts';
import { createStateInMemory } from '../state/memory.ts';
import { createPageSizes, type PageSizes } from '../state/page-sizes.ts';
import type { Call } from './call.ts';
import { createDispatch } from './dispatch.ts';
import { Unavailable } from './errors.ts';
import { createKnownAccounts } from './known-accounts.ts';
import { createObservers, type Observer } from './observer.ts';
import { createScheduler, type RateLimitStatus } from './scheduler/scheduler.ts';
import type { TransportState } from './shared-state.ts';
import type { Interceptor, Send } from './step.ts';
import { createCache } from './steps/cache.ts';
import { CircuitBreaker, type UpstreamStatus } from './steps/circuit-breaker.ts';
import { dedupe } from './steps/dedupe.ts';
import { createGenerationCheck, invalidation } from './steps/invalidation.ts';
import { retry } from './steps/retry.ts';
import { UpstreamPool } from './upstream-pool.ts';
import type { Usage } from './usage.ts';

export interface TransportOptions {
  /** Base URL of the REST API. */
  readonly url: URL;
  readonly userAgent: string;
  /** Requests in any sliding second for one API key; 0, the default: no limit. */
  readonly rate?: number | undefined;
  /** Over all API keys; 0, the default: no limit. With a limit, all keys that LuaAuth has not accepted have a quarter of it together. */
  readonly totalRate?: number | undefined;
  /** How long an answer in the cache is as good as a call, in ms; 0, the default: never. */
  readonly freshMs?: number | undefined;
  /** `freshMs` of endpoints with their own time, by its name (`freshFor` of the endpoint). */
  readonly freshMsFor?: Readonly<Record<string, number | undefined>> | undefined;
  /** How long an answer in the cache is better than waiting or an error, in ms; 0, the default: never. */
  readonly staleMs?: number | undefined;
  /** Largest answer in bytes, decoded. */
  readonly maxBodyBytes?: number | undefined;
  /** Largest number of connections to the API. */
  readonly connections?: number | undefined;
  /** The state that several gateways share; by default the memory of this process. */
  readonly state?: TransportState | undefined;
  readonly clock?: Clock | undefined;
  /** The time of day in ms since 1970, as `Date.now` gives, which the clock does not know. */
  readonly today?: (() => number) | undefined;
  /** A number from 0 to 1, as `Math.random` gives. */
  readonly random?: (() => number) | undefined;
  /** Receive what happens to calls: metrics, tracing. */
  readonly observer?: Observer | readonly Observer[] | undefined;
  /** Receives what an observer throws or rejects with; by default dropped. */
  readonly log?: { error(error: unknown): void } | undefined;
}

export interface Transport {
  /**
   * Makes a call and returns the value of its answer. Counts in `usage` how the answer came about.
   * @throws CallFailure
   */
  ask<T>(call: Call<T>, usage: Usage): Promise<T>;
  /** How the quota of an account stands. Makes no call. */
  rateLimit(account: string): MaybePromise<RateLimitStatus>;
  /** How the API answers an account, by its circuit breaker. Makes no call. */
  status(account: string): UpstreamStatus;
  /**
   * Whether the key of an account is known to be real: LuaAuth has accepted it in this process, or the gateway holds it. Any
   * client can make up a key that is not known, so all such keys share a quota.
   */
  isKnown(account: string): boolean;
  /** Makes the key of an account known. For keys that the gateway itself holds. */
  trust(account: string): void;
  readonly clock: Clock;
  readonly state: TransportState;
  readonly pageSizes: PageSizes;
  /** Waits for the calls under way, then closes the connections. May be called more than once. */
  close(): Promise<void>;
}

/** The one place that composes the steps. @param openConnections - a simulation brings connections of its own */
export function createTransport(options: TransportOptions, openConnections?: () => Dispatcher): Transport {
  const { url, userAgent, rate = 0, totalRate = 0, freshMs = 0, freshMsFor = {}, staleMs = 0 } = options;
  const { maxBodyBytes = 8 * 1024 * 1024, connections = 128, log } = options;
  let closing: Promise<void> | undefined;
  const { clock = systemClock } = options;
  const state: TransportState = options.state ?? createStateInMemory(clock);
  const { random = systemRandom.next, today = timeOfDay } = options;
  const observers = createObservers([options.observer ?? []].flat(), log);
  const pool = new UpstreamPool(url.origin, connections, openConnections);

  const known = createKnownAccounts();
  const { quotas, generations } = state;
  const entries = createCacheEntries(clock.now);
  state.onReset?.(entries.clear);
  const scheduler = createScheduler({ connections, rate, totalRate, clock, quotas, known });
  const circuitBreaker = new CircuitBreaker({
    clock,
    today,
    rejectQueued: (account) => scheduler.failAll(account, (call) => new Unavailable(call, 'no')),
    onChange: (state) => observers.tell((observer) => observer.breakerChanged?.(state)),
  });
  const cache = createCache({
    freshMs,
    freshMsFor,
    staleMs,
    entries,
    clock,
    isCurrent: createGenerationCheck(generations),
    hasRoom: (call) => scheduler.hasRoom(call),
    isFailing: ({ origin }) => circuitBreaker.isPausing(origin.account),
  });
  const steps: readonly Interceptor[] = [
    invalidation(generations, options.clock ?? backgroundClock),
    cache.step,
    dedupe(clock),
    ...(state.steps?.(cache.policy) ?? []),
    circuitBreaker.step,
    retry({ clock, random, mayRetry: ({ origin }) => circuitBreaker.isClosed(origin.account) }),
  ];
  const dispatch = createDispatch({
    pool,
    origin: url.origin,
    basePath: url.pathname.replace(/\/+$/, ''),
    maxBodyBytes,
    userAgent,
    clock,
    observers,
    scheduler,
  });
  const send = steps.reduceRight<Send>((next, step) => step(next), dispatch);

  return {
    // The outermost step: counts, and informs the observer.
    ask: (call, usage) => {
      // The call is not kept until its answer is there, because each step has its own copy.
      const { endpoint, kind } = call;
      const { account } = call.origin;
      return send(call, usage).then((answer) => {
        // A call of its own has told the scheduler already. An entry that another process cached proves the key as
        // well.
        if (answer.source !== 'call' && !known.has(account)) scheduler.accept(account);
        if (kind === 'read') {
          usage.answered(answer);
          observers.tell((observer) => observer.answered?.({ endpoint, kind, usage }, answer.source));
        }
        return answer.value;
      });
    },
    rateLimit: (account) => scheduler.status(account, today),
    status: (account) => circuitBreaker.status(account),
    isKnown: (account) => known.has(account),
    trust: scheduler.accept,
    clock,
    state,
    pageSizes: createPageSizes(clock.now),
    close() {
      closing ??= pool.close();
      return closing;
    },
  };
}
