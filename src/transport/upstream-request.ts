import type { Dispatcher } from 'undici';
import { GrowingBuffer } from '../base/bytes.ts';
import { type Clock, Deadline } from '../base/clock.ts';
import type { AbortListener } from '../base/signal.ts';
import { decompress, tooLarge } from './body.ts';
import { type Call, headerIn, type Reply } from './call.ts';
import {
  BadResponse,
  BroughtTooMuch,
  type CallFailure,
  ClientLeft,
  TimedOut,
  Unavailable,
} from './errors.ts';
import type { Turn } from './scheduler/turn.ts';
import type { UpstreamPool } from './upstream-pool.ts';
import type { Usage } from './usage.ts';

export interface UpstreamOptions {
  readonly pool: UpstreamPool;
  readonly clock: Clock;
  readonly origin: string;
  /** The prefix of every path, such as `/luaauth` behind a proxy; empty or without a slash at its end. */
  readonly basePath: string;
  /** Largest body in bytes, decoded. */
  readonly maxBodyBytes: number;
  readonly userAgent: string;
}

/** An answer as it came. */
interface Received {
  readonly status: number;
  readonly headers: Reply['headers'];
  readonly body: Buffer;
}

/** A timeout after less time than this says nothing about the API, in ms. */
const FAIR_MS = 500;

/**
 * One HTTP request, and its answer up to the size limit. Redirects are answers like any other, never followed.
 *
 * A handler of undici's older kind for `dispatch`: `request()` does not tell whether a failed request had been written,
 * and takes twice the CPU time. The newer kind of handler takes a tenth more.
 */
export class UpstreamRequest implements Dispatcher.DispatchHandler, AbortListener {
  readonly #options: UpstreamOptions;
  readonly #call: Call<unknown>;
  readonly #usage: Usage;
  readonly #turn: Turn;
  #resolve: (received: Received | Promise<never>) => void = () => undefined;
  #deadline: Deadline | undefined;
  #abort: ((reason?: Error) => void) | undefined;
  #isSent = false;
  #isOver = false;
  #status = 0;
  #headers: Reply['headers'] = NO_HEADERS;
  readonly #body = new GrowingBuffer();

  constructor(options: UpstreamOptions, call: Call<unknown>, usage: Usage, turn: Turn) {
    this.#options = options;
    this.#call = call;
    this.#usage = usage;
    this.#turn = turn;
  }

  /**
   * Sends the request, and waits for its answer. Past the deadline, which covers connecting, sending and the whole body, or
   * when the client of a read leaves, the connection is closed.
   * @throws CallFailure
   */
  send(): Promise<Received> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#watch();
      if (!this.#isOver) this.#dispatch();
    });
  }

  /** Begins to watch the time, and whether the client of a read leaves. A write that has its turn is carried out. */
  #watch(): void {
    const call = this.#call;
    const { clock } = this.#options;
    const now = clock.now();
    const timeoutMs = Math.min(call.timeoutMs, call.deadline - now);
    const isFair = timeoutMs >= Math.min(FAIR_MS, call.timeoutMs / 2);
    const expire = (wasLate: boolean) =>
      this.#fail(new TimedOut(call, this.#executed, { unhealthy: isFair && !wasLate }));
    this.#deadline = new Deadline(clock, now + timeoutMs, expire, now);
    if (call.kind === 'write') return;
    call.signal?.addEventListener('abort', this);
    if (call.signal?.aborted) this.handleEvent();
  }

  #dispatch(): void {
    const { pool, origin, basePath, userAgent } = this.#options;
    const { rules, path, body = null } = this.#call;
    const headers = requestHeaders(this.#call, userAgent);
    try {
      pool.dispatch(
        {
          origin,
          path: basePath + path,
          method: rules.method,
          headers,
          body,
          headersTimeout: 0,
          bodyTimeout: 0,
        },
        this,
      );
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /** The client has left. */
  handleEvent(): void {
    this.#fail(new ClientLeft(this.#call, this.#executed));
  }

  onConnect(abort: (reason?: Error) => void): void {
    if (this.#isOver) {
      abort(new Error('no longer wanted'));
      return;
    }
    this.#abort = abort;
    this.#isSent = true;
    this.#turn.sent();
    this.#usage.sent(this.#call);
  }

  onHeaders(status: number, headers: Buffer[]): boolean {
    this.#status = status;
    this.#headers = headers;
    this.#turn.answered();
    if (Number(headerIn(headers, 'content-length')) > this.#options.maxBodyBytes) this.#refuseSize();
    return true;
  }

  onData(chunk: Buffer): boolean {
    const call = this.#call;
    const { allowance } = this.#usage;
    allowance.bytesLeft -= chunk.length;
    if (this.#body.size + chunk.length > this.#options.maxBodyBytes) this.#refuseSize();
    else if (allowance.bytesLeft < 0) this.#fail(new BroughtTooMuch(call, 'unknown'));
    else this.#body.append(chunk);
    return true;
  }

  onComplete(): void {
    const bytes = this.#body.bytes();
    const encoding = headerIn(this.#headers, 'content-encoding')?.toLowerCase() ?? 'identity';
    if (encoding === 'identity') this.#deliver(bytes);
    else void this.#inflate(bytes, encoding);
  }

  async #inflate(bytes: Buffer, encoding: string): Promise<void> {
    const call = this.#call;
    const { allowance } = this.#usage;
    try {
      const decoded = await decompress(call, bytes, encoding, this.#options.maxBodyBytes);
      allowance.bytesLeft -= decoded.length;
      if (allowance.bytesLeft < 0) throw new BroughtTooMuch(call, 'unknown');
      this.#deliver(decoded);
    } catch (failure) {
      // The status of a failure says more than its body.
      if (this.#status >= 400) this.#deliver(bytes);
      else this.#fail(failure as Error);
    }
  }

  #deliver(body: Buffer): void {
    if (!this.#isOver) this.#end({ status: this.#status, headers: this.#headers, body });
  }

  onError(cause: Error): void {
    if (!this.#isOver && this.#isSent) this.#turn.answered();
    this.#failCut(this.#brokenOff(cause));
  }

  #brokenOff(cause: Error): CallFailure {
    const call = this.#call;
    if (!this.#isSent) return new Unavailable(call, 'no', { cause });
    if (this.#status > 0)
      return new BadResponse(call, 'it ends before it is complete', { cause, transient: true });
    if (NOT_HTTP.includes(cause.name)) return new BadResponse(call, 'it is not HTTP', { cause });
    return new Unavailable(call, 'unknown', { cause });
  }

  #refuseSize(): void {
    this.#failCut(tooLarge(this.#call, this.#options.maxBodyBytes));
  }

  /** Fails before the whole body is there. The status of a server error says more than its body. */
  #failCut(failure: CallFailure): void {
    const call = this.#call;
    if (this.#status < 500) {
      this.#fail(failure);
      return;
    }
    try {
      call.decode({ status: this.#status, headers: this.#headers, text: '' }, call);
    } catch (ofStatus) {
      this.#fail(ofStatus as Error);
    }
  }

  #fail(failure: Error): void {
    if (this.#isOver) return;
    this.#end(Promise.reject(failure));
    this.#abort?.(failure);
  }

  #end(outcome: Received | Promise<never>): void {
    this.#isOver = true;
    this.#deadline?.callOff();
    this.#call.signal?.removeEventListener('abort', this);
    this.#resolve(outcome);
  }

  get #executed(): 'no' | 'unknown' {
    return this.#isSent ? 'unknown' : 'no';
  }
}

const NO_HEADERS: Reply['headers'] = [];

/** undici's errors for a head that is not HTTP, is too long or gives two lengths. */
const NOT_HTTP = ['HTTPParserError', 'HeadersOverflowError', 'ResponseContentLengthMismatchError'];

/** All headers that go upstream. The client's request gives only the key. */
function requestHeaders<T>({ origin, body }: Call<T>, userAgent: string): Record<string, string> {
  const accept = 'application/json';
  const headers = { token: origin.key, accept, 'user-agent': userAgent };
  return body === undefined ? headers : { ...headers, 'content-type': accept };
}
