import { Pool } from 'undici';
import { createBreaker } from './breaker.ts';
import type { Send } from './call.ts';
import { createChanges, createNaming } from './changes.ts';
import { type Clock, systemClock } from './clock.ts';
import { createCopies } from './copies.ts';
import { createExchange } from './exchange.ts';
import { createFresh } from './fresh.ts';
import { type Observer, observeQueue, observeReads, observeRequests } from './observer.ts';
import { createPace } from './pace.ts';
import { createRetry } from './retry.ts';
import { createShare } from './share.ts';

export interface TransportOptions {
  /** Base URL of the REST API. */
  readonly url: URL;
  readonly userAgent: string;
  /** Request starts in any sliding second for one API key; 0, the default: no limit. */
  readonly rate?: number | undefined;
  /** How long a copy is as good as a call, in ms; 0, the default: never. */
  readonly freshMs?: number | undefined;
  /** How long a copy is better than waiting or an error, in ms; 0, the default: never. */
  readonly staleMs?: number | undefined;
  /** Largest answer in bytes, decoded. */
  readonly maxBodyBytes?: number | undefined;
  /** Largest number of connections to the API. */
  readonly connections?: number | undefined;
  readonly clock?: Clock | undefined;
  /** A number from 0 to 1, as `Math.random` gives. */
  readonly random?: (() => number) | undefined;
  /** Is told of what happens to calls: metrics, tracing. */
  readonly observer?: Observer | undefined;
}

export interface Transport {
  readonly send: Send;
  readonly clock: Clock;
  /** Waits for the calls under way, then closes the connections. */
  close(): Promise<void>;
}

/** The one place where the steps of a call's way are put together. */
export function createTransport(options: TransportOptions): Transport {
  const { url, userAgent, rate = 0, freshMs = 0, staleMs = 0 } = options;
  const {
    maxBodyBytes = 8 * 1024 * 1024,
    connections = 128,
    clock = systemClock,
    random = Math.random,
    observer = {},
  } = options;
  const dispatcher = new Pool(url.origin, { connections, pipelining: 1 });
  const basePath = url.pathname.replace(/\/+$/, '');

  const changes = createChanges(clock);
  const nameOf = createNaming(changes);
  const breaker = createBreaker(clock, observer.breakerChanged);
  const pace = createPace({ rate, clock });
  const steps = [
    ...(observer.answered ? [observeReads(observer.answered)] : []),
    changes.step,
    createFresh({
      freshMs,
      staleMs,
      copies: createCopies(),
      changes,
      clock,
      nameOf,
      hasRoom: pace.hasRoom,
      isFailing: breaker.isOpen,
    }),
    createShare({ clock, nameOf }),
    breaker.guard,
    createRetry({ clock, random, mayRetry: breaker.isClosed, onRetry: observer.retried }),
    ...(observer.queued ? [observeQueue(observer.queued)] : []),
    pace.step,
    breaker.gate,
    ...(observer.requested || observer.queued ? [observeRequests(observer.requested)] : []),
  ];
  const exchange = createExchange({
    dispatcher,
    origin: url.origin,
    basePath,
    maxBodyBytes,
    userAgent,
    clock,
  });
  const send = steps.reduceRight<Send>((next, step) => step(next), exchange);
  return { send, clock, close: () => dispatcher.close() };
}
