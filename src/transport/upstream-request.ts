import type { Dispatcher } from 'undici';
import { GrowingBuffer } from '../base/bytes.ts';
import { decompress, tooLarge } from './body.ts';
import { type Allowance, type Call, headerIn, type Reply } from './call.ts';
import type { CarriedRequest, Carrier } from './connection.ts';
import { BadResponse, BroughtTooMuch, type CallFailure, Unavailable } from './errors.ts';

export interface UpstreamOptions {
  readonly dispatcher: Dispatcher;
  readonly origin: string;
  /** The prefix of every path, such as `/luaauth` behind a proxy; empty or without a slash at its end. */
  readonly basePath: string;
  /** Largest body in bytes, decoded. */
  readonly maxBodyBytes: number;
  readonly userAgent: string;
}

/** Learns how its request goes on. After `received` or `failed` nothing follows. */
export interface Receiver {
  readonly call: Call<unknown>;
  readonly allowance: Allowance;
  /** The request is about to be written. */
  sent(): void;
  /** The request has arrived by now, or never will. */
  answered(): void;
  received(reply: Omit<Reply, 'text'>, body: Buffer): void;
  failed(failure: Error): void;
}

/**
 * One HTTP request, and its answer up to the size limit. Redirects are answers like any other, never followed.
 *
 * A handler of undici's older kind for `dispatch`: `request()` does not tell whether a failed request had been written,
 * and takes twice the CPU time. The newer kind of handler takes a tenth more.
 */
export class UpstreamRequest implements Dispatcher.DispatchHandler, Carrier {
  /** Closes the connection, unless it already carries another request. */
  cut: (() => void) | undefined;
  readonly #options: UpstreamOptions;
  readonly #receiver: Receiver;
  #abort: ((reason?: Error) => void) | undefined;
  #isSent = false;
  #isOver = false;
  #status = 0;
  #headers: Reply['headers'] = NO_HEADERS;
  readonly #body = new GrowingBuffer();

  constructor(options: UpstreamOptions, receiver: Receiver) {
    this.#options = options;
    this.#receiver = receiver;
  }

  send(): void {
    const { dispatcher, origin, basePath, userAgent } = this.#options;
    const { call } = this.#receiver;
    try {
      dispatcher.dispatch(
        {
          carrier: this,
          origin,
          path: basePath + call.path,
          method: call.method,
          headers: requestHeaders(call, userAgent),
          body: call.body ?? null,
          headersTimeout: 0,
          bodyTimeout: 0,
        } as CarriedRequest,
        this,
      );
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /** Ends the request, and closes its connection if it was sent. The receiver hears nothing more. */
  end(reason: Error): void {
    this.#isOver = true;
    this.#abort?.(reason);
  }

  onConnect(abort: (reason?: Error) => void): void {
    if (this.#isOver) {
      abort(new Error('no longer wanted'));
      return;
    }
    this.#abort = abort;
    this.#isSent = true;
    this.#receiver.sent();
  }

  onHeaders(status: number, headers: Buffer[]): boolean {
    this.#status = status;
    this.#headers = headers;
    this.#receiver.answered();
    if (Number(headerIn(headers, 'content-length')) > this.#options.maxBodyBytes) this.#refuseSize();
    return true;
  }

  onData(chunk: Buffer): boolean {
    const { call, allowance } = this.#receiver;
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
    const { call, allowance } = this.#receiver;
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
    if (this.#isOver) return;
    this.#isOver = true;
    this.#receiver.received({ status: this.#status, headers: this.#headers }, body);
  }

  onError(cause: Error): void {
    if (!this.#isOver && this.#isSent) this.#receiver.answered();
    this.#failCut(this.#brokenOff(cause));
  }

  #brokenOff(cause: Error): CallFailure {
    const { call } = this.#receiver;
    if (!this.#isSent) return new Unavailable(call, 'no', { cause });
    if (this.#status > 0)
      return new BadResponse(call, 'it ends before it is complete', { cause, transient: true });
    if (NOT_HTTP.includes(cause.name)) return new BadResponse(call, 'it is not HTTP', { cause });
    return new Unavailable(call, 'unknown', { cause });
  }

  #refuseSize(): void {
    this.#failCut(tooLarge(this.#receiver.call, this.#options.maxBodyBytes));
  }

  /** Fails before the whole body is there. The status of a server error says more than its body. */
  #failCut(failure: CallFailure): void {
    const { call } = this.#receiver;
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
    this.end(failure);
    this.#receiver.failed(failure);
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
