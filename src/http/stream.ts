import { Readable } from 'node:stream';
import type { ExecutionResult } from 'graphql';
import type { Signal } from '../transport/call.ts';
import { type Clock, every } from '../transport/clock.ts';
import type { StreamType } from './negotiation.ts';
import type { HttpResponse } from './response.ts';
import { isFailure, responseHead, stringifyResult } from './shown-result.ts';

interface StreamFormat {
  readonly contentType: string;
  readonly begin: string;
  /** A message without content, which keeps proxies from closing the connection. */
  readonly ping: string;
  readonly next: (json: string, result: ExecutionResult) => string;
  readonly end: string;
}

const BOUNDARY = '\r\n--graphql';

/** The boundary follows each part at once: without it, a client does not know that the part is complete. */
const part = (json: string) => `\r\nContent-Type: application/json\r\n\r\n${json}${BOUNDARY}`;

const HEARTBEAT = part('{}');

const FORMATS: Readonly<Record<StreamType, StreamFormat>> = {
  /** The GraphQL over SSE protocol, with one operation per connection. */
  'text/event-stream': {
    contentType: 'text/event-stream; charset=utf-8',
    // Some browsers deliver the headers only with the first bytes.
    begin: ':\n\n',
    ping: ':\n\n',
    next: (json) => `event: next\ndata: ${json}\n\n`,
    end: 'event: complete\ndata:\n\n',
  },
  /** Apollo's protocol for subscriptions, version 1.0. An error that ends a stream is next to the payload. */
  'multipart/mixed': {
    contentType: 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
    begin: BOUNDARY + HEARTBEAT,
    ping: HEARTBEAT,
    next: (json, result) =>
      part(isFailure(result) ? `{"payload":null,${json.slice(1)}` : `{"payload":${json}}`),
    end: '--\r\n',
  },
};

interface StreamOptions {
  readonly signal: Signal;
  readonly clock: Clock;
  /** Makes the result for an error that occurs while a result is written. */
  readonly mask: (error: unknown) => ExecutionResult;
}

const PING_EVERY_MS = 12_000;

/** Asks for a result only when the client has read all earlier ones, so a slow client makes the source wait and merge. */
class StreamBody extends Readable {
  readonly #results: AsyncIterator<ExecutionResult>;
  readonly #format: StreamFormat;
  readonly #signal: Signal;
  readonly #clock: Clock;
  readonly #mask: StreamOptions['mask'];
  #hasBegun = false;
  #isAsking = false;
  #cancelPing: () => void = () => undefined;
  readonly #leave = { handleEvent: () => void this.destroy() };

  constructor(
    results: AsyncIterator<ExecutionResult>,
    format: StreamFormat,
    { signal, clock, mask }: StreamOptions,
  ) {
    // Nothing is read ahead.
    super({ highWaterMark: 0 });
    this.#results = results;
    this.#format = format;
    this.#signal = signal;
    this.#clock = clock;
    this.#mask = mask;
    signal.addEventListener('abort', this.#leave);
    if (signal.aborted) this.destroy();
  }

  override _read(): void {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.#cancelPing = every(this.#clock, PING_EVERY_MS, () => this.#ping());
      this.push(this.#format.begin);
    } else if (!this.#isAsking) this.#ask().catch((error) => this.#end(this.#write(this.#mask(error))));
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#cancelPing();
    this.#signal.removeEventListener('abort', this.#leave);
    void this.#results.return?.();
    done(error);
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    const { value, done } = await this.#results.next();
    this.#isAsking = false;
    if (this.destroyed) return;
    if (done) this.#end('');
    else this.push(this.#write(value));
  }

  #write(result: ExecutionResult): string {
    return this.#format.next(stringifyResult(result), result);
  }

  #end(last: string): void {
    this.push(last + this.#format.end);
    this.push(null);
  }

  #ping(): void {
    if (this.#isAsking && this.readableLength === 0) this.push(this.#format.ping);
  }
}

/** Makes a stream response from a stream of results, or from a single result. It ends when the client leaves. */
export function streamResponse(
  result: ExecutionResult | AsyncIterable<ExecutionResult>,
  streamType: StreamType,
  options: StreamOptions,
): HttpResponse<Readable> {
  const { contentType } = FORMATS[streamType];
  const hasMore = Symbol.asyncIterator in result;
  const results = hasMore ? result[Symbol.asyncIterator]() : only(result);
  const { status, headers } = responseHead(hasMore ? {} : result, 'application/json');
  // Clients read no stream whose status is not 200. After a 5xx they try again.
  const isFailed = status >= 500;
  return {
    status: isFailed ? status : 200,
    headers: { ...(isFailed && headers), 'content-type': contentType, 'x-accel-buffering': 'no' },
    body: new StreamBody(results, FORMATS[streamType], options),
  };
}

async function* only(result: ExecutionResult): AsyncGenerator<ExecutionResult> {
  yield result;
}
