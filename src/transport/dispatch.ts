import type { Dispatcher } from 'undici';
import { decodeText, decompress, GrowingBuffer, tooLarge } from './body.ts';
import {
  type AbortListener,
  type Allowance,
  type Answer,
  type Call,
  headerIn,
  type Progress,
  type Reply,
  type Send,
} from './call.ts';
import { type Clock, Deadline } from './clock.ts';
import type { CarriedRequest, Carrier, Connection } from './connection.ts';
import { BadResponse, BroughtTooMuch, CallFailure, ClientLeft, TimedOut, Unavailable } from './errors.ts';
import type { Account } from './scheduler/account.ts';
import type { Scheduler } from './scheduler/scheduler.ts';
import { type Applicant, Turn } from './scheduler/turn.ts';

interface DispatchOptions {
  readonly dispatcher: Dispatcher;
  readonly origin: string;
  /** The prefix of every path, such as `/luaauth` behind a proxy; empty or without a slash at its end. */
  readonly basePath: string;
  /** Largest body in bytes, decoded. */
  readonly maxBodyBytes: number;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
}

/** A timeout after less time than this says nothing about the API, in ms. */
const FAIR_MS = 500;

/**
 * The innermost step: one request, one answer. Acquires permits and a connection first. The deadline covers connecting,
 * sending and the whole body. Past the deadline, or when a read's signal aborts, the socket is closed. Redirects are
 * answers like any other, never followed.
 *
 * Uses undici's `dispatch` with its own handler: `request()` does not tell whether a failed request had been written.
 * That decides whether a write may be repeated. The handler is of undici's older kind. The newer kind costs an
 * operation of ten calls a tenth more CPU time.
 */
export function createDispatch(options: DispatchOptions): Send {
  return (call, progress) =>
    new Promise((resolve) => {
      new Dispatch(options, call, progress, resolve as Settle).begin();
    });
}

type Settle = (answer: Answer<unknown> | Promise<never>) => void;

class Dispatch implements Dispatcher.DispatchHandler, AbortListener, Applicant, Carrier {
  readonly call: Call<unknown>;
  readonly #options: DispatchOptions;
  readonly #progress: Progress;
  readonly #allowance: Allowance;
  readonly #resolve: Settle;
  readonly #account: Account;
  readonly #turn: Turn;
  #deadline: Deadline | undefined;
  #abort: ((reason?: Error) => void) | undefined;
  connection: Connection | undefined;
  #settled = false;
  #sentAt: number | undefined;
  /** When the request times out, on the clock; undefined: the call still waits. */
  #timesOutAt: number | undefined;
  /** Whether a timeout would show that the API is in trouble. */
  #isUnhealthy = false;
  #status = 0;
  #headers: Reply['headers'] = NO_HEADERS;
  readonly #body = new GrowingBuffer();

  constructor(options: DispatchOptions, call: Call<unknown>, progress: Progress, resolve: Settle) {
    this.#options = options;
    this.call = call;
    this.#progress = progress;
    this.#allowance = progress.allowance ?? UNLIMITED;
    this.#resolve = resolve;
    this.#account = options.scheduler.accountOf(call.origin.account);
    this.#turn = new Turn(this, this.#account);
  }

  begin(): void {
    const call = this.call;
    call.signal?.addEventListener('abort', this);
    // A write sent with no time left would be carried out, and its outcome would stay unknown.
    if (call.signal?.aborted) this.handleEvent();
    else if (call.deadline <= this.#options.clock.now()) this.fail(new TimedOut(call, 'no'));
    else if (this.#allowance.bytesLeft < 0) this.fail(new BroughtTooMuch(call, 'no'));
    else this.#account.request(this.#turn);
  }

  queued(): void {
    this.#endAt(this.#turn.startBy, false);
    this.#progress.queued?.();
  }

  admitted(waitedMs: number): void {
    const { call } = this;
    const now = this.#options.clock.now();
    if (call.kind === 'write') call.signal?.removeEventListener('abort', this);
    const timeoutMs = Math.min(call.timeoutMs, call.deadline - now);
    this.#timesOutAt = now + timeoutMs;
    const unhealthy = timeoutMs >= Math.min(FAIR_MS, call.timeoutMs / 2);
    // The timer of a call that has waited fires early and is set again. Most calls end long before.
    if (this.#deadline) this.#isUnhealthy = unhealthy;
    else this.#endAt(this.#timesOutAt, unhealthy, now);
    this.#progress.dequeued(waitedMs);
    this.#dispatch();
  }

  /** Ends the call at `end`. The timer may fire earlier and is set again: the end of a waiting call may still move. */
  #endAt(end: number, isUnhealthy: boolean, now = this.#options.clock.now()): void {
    this.#isUnhealthy = isUnhealthy;
    const at = Math.min(end, now + this.call.timeoutMs);
    this.#deadline = new Deadline(this.#options.clock, at, (wasLate) => this.#endDue(at, wasLate), now);
  }

  #endDue(at: number, wasLate: boolean): void {
    const timesOutAt = this.#timesOutAt;
    const end = timesOutAt ?? this.#turn.startBy;
    const now = this.#options.clock.now();
    if (end > Math.max(at, now)) this.#endAt(end, this.#isUnhealthy, now);
    else if (timesOutAt === undefined) this.#account.giveUp(this.#turn, wasLate);
    else this.fail(new TimedOut(this.call, this.#executed, { unhealthy: this.#isUnhealthy && !wasLate }));
  }

  #dispatch(): void {
    const { dispatcher, origin, basePath, userAgent } = this.#options;
    const call = this.call;
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
      this.fail(error as Error);
    }
  }

  handleEvent(): void {
    this.fail(new ClientLeft(this.call, this.#executed));
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort;
    if (this.#settled) {
      abort(new Error('no longer wanted'));
      return;
    }
    this.#sentAt = this.#options.clock.now();
    this.#turn.sent();
    this.#progress.sent();
  }

  onHeaders(status: number, headers: Buffer[]): boolean {
    this.#status = status;
    this.#headers = headers;
    this.#turn.answered();
    if (Number(headerIn(headers, 'content-length')) > this.#options.maxBodyBytes) this.#refuseSize();
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.#allowance.bytesLeft -= chunk.length;
    if (this.#body.size + chunk.length > this.#options.maxBodyBytes) this.#refuseSize();
    else if (this.#allowance.bytesLeft < 0) this.fail(new BroughtTooMuch(this.call, 'unknown'));
    else this.#body.append(chunk);
    return true;
  }

  onComplete(): void {
    if (this.#settled) return;
    this.#settle();
    const encoding = headerIn(this.#headers, 'content-encoding')?.toLowerCase();
    const bytes = this.#body.bytes();
    if (encoding && encoding !== 'identity') {
      decompress(this.call, bytes, encoding, this.#options.maxBodyBytes)
        .then((decoded) => {
          this.#allowance.bytesLeft -= decoded.length;
          if (this.#allowance.bytesLeft < 0) throw new BroughtTooMuch(this.call, 'unknown');
          return decoded;
        })
        .catch((failure) => {
          if (this.#status < 400) throw failure;
          // The status of a failure says more than its body.
          return bytes;
        })
        .then((decoded) => this.#finish(decoded))
        .catch((failure) => this.#end(failure));
      return;
    }
    try {
      this.#finish(bytes);
    } catch (failure) {
      this.#end(failure);
    }
  }

  onError(cause: Error): void {
    // The connection is closed: the request has arrived by now, or never will.
    if (!this.#settled && this.#sentAt !== undefined) this.#turn.answered();
    this.#failCut(brokenOff(this.call, this.#sentAt !== undefined, this.#status, cause));
  }

  /** @throws the refusal or failure that the answer holds */
  #finish(bytes: Buffer): void {
    const text = decodeText(this.call, bytes, this.#status);
    const reply = { status: this.#status, headers: this.#headers, text };
    const value = this.call.decode(reply, this.call);
    this.connection?.release(this);
    this.#account.end(this.#turn, undefined);
    this.#progress.ended?.(undefined);
    const sentAt = this.#sentAt as number;
    this.#resolve({ value, bytes: text.length, sentAt, source: 'call', ageMs: 0 });
  }

  #refuseSize(): void {
    this.#failCut(tooLarge(this.call, this.#options.maxBodyBytes));
  }

  /** Fails before the whole body is there. The status of a server error says more than its body. */
  #failCut(failure: CallFailure): void {
    if (this.#status < 500) {
      this.fail(failure);
      return;
    }
    try {
      this.call.decode({ status: this.#status, headers: this.#headers, text: '' }, this.call);
    } catch (ofStatus) {
      this.fail(ofStatus as Error);
    }
  }

  fail(failure: Error): void {
    if (this.#settled) return;
    this.#settle();
    this.#end(failure);
    this.#abort?.(failure);
  }

  #end(failure: unknown): void {
    if (failure instanceof CallFailure && failure.ray !== undefined) this.#progress.proxied(failure.ray);
    // The connection has an answer too many. The expected answer may follow and reach another request.
    if (failure instanceof BadResponse && failure.isMisdirected) this.connection?.cut(this);
    this.connection?.release(this);
    this.#account.end(this.#turn, failure);
    this.#progress.ended?.(failure);
    this.#resolve(Promise.reject(failure));
  }

  #settle(): void {
    this.#settled = true;
    this.#deadline?.callOff();
    this.call.signal?.removeEventListener('abort', this);
  }

  get #executed(): 'no' | 'unknown' {
    return this.#sentAt === undefined ? 'no' : 'unknown';
  }
}

const UNLIMITED: Allowance = { bytesLeft: Number.POSITIVE_INFINITY };

const NO_HEADERS: Reply['headers'] = [];

/** undici's errors for a head that is not HTTP, is too long or gives two lengths. */
const NOT_HTTP = ['HTTPParserError', 'HeadersOverflowError', 'ResponseContentLengthMismatchError'];

function brokenOff<T>(call: Call<T>, sent: boolean, status: number, cause: Error): CallFailure {
  if (!sent) return new Unavailable(call, 'no', { cause });
  if (status > 0) return new BadResponse(call, 'it ends before it is complete', { cause, transient: true });
  if (NOT_HTTP.includes(cause.name)) return new BadResponse(call, 'it is not HTTP', { cause });
  return new Unavailable(call, 'unknown', { cause });
}

/** All headers that go upstream. The client's request gives only the key. */
function requestHeaders<T>({ origin, body }: Call<T>, userAgent: string): Record<string, string> {
  const accept = 'application/json';
  return body === undefined
    ? { token: origin.key, accept, 'user-agent': userAgent }
    : { token: origin.key, accept, 'user-agent': userAgent, 'content-type': accept };
}
