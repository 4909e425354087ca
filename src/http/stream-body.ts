import { Readable } from 'node:stream';
import type { ExecutionResult } from 'graphql';
import type { ResultStream } from '../operation/result-stream.ts';
import type { Clock } from '../transport/clock.ts';
import type { Signal } from '../transport/signal.ts';

/** How a stream of results is written. */
export interface StreamFormat {
  readonly contentType: string;
  readonly begin: string;
  /** Says nothing, so that nobody on the way takes the connection for dead. */
  readonly ping: string;
  readonly next: (json: string, result: ExecutionResult) => string;
  readonly end: string;
}

export interface StreamBodyOptions {
  readonly format: StreamFormat;
  readonly stringify: (result: ExecutionResult) => string;
  /** The client has left. */
  readonly signal: Signal;
  readonly clock: Clock;
}

const PING_EVERY_MS = 12_000;

/**
 * The body of a response that tells results as they come. A result is asked for when the consumer has taken all before: who
 * does not read makes its source wait, and merge. Pings go on whenever the consumer takes something again.
 */
export class StreamBody extends Readable {
  readonly #results: ResultStream;
  readonly #options: StreamBodyOptions;
  #hasBegun = false;
  #isAsking = false;
  #cancelPing: () => void = () => undefined;
  readonly #leave = { handleEvent: () => void this.destroy() };

  constructor(results: ResultStream, options: StreamBodyOptions) {
    // Nothing is read ahead.
    super({ highWaterMark: 0 });
    this.#results = results;
    this.#options = options;
    options.signal.addEventListener('abort', this.#leave);
    if (options.signal.aborted) this.destroy();
    else this.#pingLater();
  }

  override _read(): void {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      this.push(this.#options.format.begin);
    } else if (!this.#isAsking) this.#ask().catch((error) => this.destroy(error));
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#cancelPing();
    this.#options.signal.removeEventListener('abort', this.#leave);
    void this.#results.return?.();
    done(error);
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    const { value, done } = await this.#results.next();
    this.#isAsking = false;
    if (this.destroyed) return;
    const { format, stringify } = this.#options;
    if (!done) return void this.push(format.next(stringify(value), value));
    this.push(format.end);
    this.push(null);
  }

  /** Says nothing to a consumer who waits for a result, and so has taken all that there was. */
  ping(): void {
    if (this.#isAsking && this.readableLength === 0) this.push(this.#options.format.ping);
  }

  #pingLater(): void {
    this.#cancelPing = this.#options.clock.after(PING_EVERY_MS, () => {
      this.ping();
      this.#pingLater();
    });
  }
}
