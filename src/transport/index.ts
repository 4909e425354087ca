import { Pool } from 'undici';
import type { Send } from './call.ts';
import { type Clock, systemClock } from './clock.ts';
import { createExchange } from './exchange.ts';

export interface TransportOptions {
  /** Base URL of the REST API. */
  readonly url: URL;
  readonly userAgent: string;
  /** Largest answer in bytes, decoded. */
  readonly maxBodyBytes?: number;
  /** Largest number of connections to the API. */
  readonly connections?: number;
  readonly clock?: Clock;
}

export interface Transport {
  readonly send: Send;
  readonly clock: Clock;
  /** Waits for the calls under way, then closes the connections. */
  close(): Promise<void>;
}

/** The one place where the steps of a call's way are put together, outermost first. */
export function createTransport(options: TransportOptions): Transport {
  const { url, userAgent, maxBodyBytes = 8 * 1024 * 1024, connections = 128, clock = systemClock } = options;
  const dispatcher = new Pool(url.origin, { connections, pipelining: 1 });
  const basePath = url.pathname.replace(/\/+$/, '');
  const send = createExchange({ dispatcher, origin: url.origin, basePath, maxBodyBytes, userAgent, clock });
  return { send, clock, close: () => dispatcher.close() };
}
