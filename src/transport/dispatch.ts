import { type Clock, Deadline } from '../base/clock.ts';
import type { AbortListener } from '../base/signal.ts';
import { decodeText } from './body.ts';
import type { Allowance, Answer, Call, Reply } from './call.ts';
import { BadResponse, BroughtTooMuch, CallFailure, ClientLeft, TimedOut } from './errors.ts';
import { type Observed, type Observers, type Outcome, outcomeOf } from './observer.ts';
import type { Account } from './scheduler/account.ts';
import { ScheduledCall } from './scheduler/scheduled-call.ts';
import type { Scheduler } from './scheduler/scheduler.ts';
import type { Send } from './step.ts';
import { type Receiver, type UpstreamOptions, UpstreamRequest } from './upstream-request.ts';
import type { Usage } from './usage.ts';

interface DispatchOptions extends UpstreamOptions {
  readonly clock: Clock;
  readonly observers: Observers;
  readonly scheduler: Scheduler;
}

/** A timeout after less time than this says nothing about the API, in ms. */
const FAIR_MS = 500;

/**
 * The innermost step: one request, one answer. Acquires permits and a connection first. The deadline covers connecting,
 * sending and the whole body. Past the deadline, or when a read's signal aborts, the socket is closed.
 */
export function createDispatch(options: DispatchOptions): Send {
  return (call, usage) =>
    new Promise((resolve) => {
      new Dispatch(options, call, usage, resolve as Settle).begin();
    });
}

type Settle = (answer: Answer<unknown> | Promise<never>) => void;

class Dispatch extends ScheduledCall implements AbortListener, Receiver {
  readonly allowance: Allowance;
  readonly #options: DispatchOptions;
  readonly #account: Account;
  readonly #usage: Usage;
  readonly #resolve: Settle;
  #deadline: Deadline | undefined;
  #request: UpstreamRequest | undefined;
  #waitEnded: (() => void) | undefined;
  #requestEnded: ((outcome: Outcome) => void) | undefined;
  #sentAt = 0;

  constructor(options: DispatchOptions, call: Call<unknown>, usage: Usage, resolve: Settle) {
    super(call);
    this.#options = options;
    this.#account = options.scheduler.accountOf(call.origin.account);
    this.#usage = usage;
    this.allowance = usage.allowance;
    this.#resolve = resolve;
  }

  begin(): void {
    const call = this.call;
    call.signal?.addEventListener('abort', this);
    // A write sent with no time left would be carried out, and its outcome would stay unknown.
    if (call.signal?.aborted) this.handleEvent();
    else if (call.deadline <= this.#options.clock.now()) this.fail(new TimedOut(call, 'no'));
    else if (this.allowance.bytesLeft < 0) this.fail(new BroughtTooMuch(call, 'no'));
    else this.#account.request(this);
  }

  queued(): void {
    const { clock, observers } = this.#options;
    this.#deadline = new Deadline(clock, this.startBy, (wasLate) => this.#account.giveUp(this, wasLate));
    this.#waitEnded = observers.begin((observer) => observer.queued?.(this.#observed));
  }

  admitted(waitedMs: number): void {
    const { call } = this;
    const { clock, observers } = this.#options;
    const now = clock.now();
    if (call.kind === 'write') call.signal?.removeEventListener('abort', this);
    const timeoutMs = Math.min(call.timeoutMs, call.deadline - now);
    const isFair = timeoutMs >= Math.min(FAIR_MS, call.timeoutMs / 2);
    this.#deadline?.callOff();
    const expire = (wasLate: boolean) =>
      this.fail(new TimedOut(call, this.#executed, { unhealthy: isFair && !wasLate }));
    this.#deadline = new Deadline(clock, now + timeoutMs, expire, now);
    this.#usage.waited(waitedMs);
    const hasWaited = this.#waitEnded !== undefined;
    this.#endWait();
    if (call.isRetry) observers.tell((observer) => observer.retried?.(this.#observed));
    this.#requestEnded = observers.begin((observer) => observer.requested?.(this.#observed, hasWaited));
    this.#request = new UpstreamRequest(this.#options, this);
    this.#request.send();
  }

  handleEvent(): void {
    this.fail(new ClientLeft(this.call, this.#executed));
  }

  override sent(): void {
    super.sent();
    this.#sentAt = this.#options.clock.now();
    this.#usage.sent(this.call);
  }

  received({ status, headers }: Omit<Reply, 'text'>, body: Buffer): void {
    this.#settle();
    try {
      const text = decodeText(this.call, body, status);
      const value = this.call.decode({ status, headers, text }, this.call);
      this.#account.end(this, undefined);
      this.#tellEnd(undefined);
      this.#resolve({ value, bytes: text.length, sentAt: this.#sentAt, source: 'call', ageMs: 0 });
    } catch (failure) {
      this.#end(failure);
    }
  }

  failed(failure: Error): void {
    this.#settle();
    this.#end(failure);
  }

  fail(failure: Error): void {
    if (this.state === 'over') return;
    this.#request?.end(failure);
    this.failed(failure);
  }

  #end(failure: unknown): void {
    if (failure instanceof CallFailure && failure.ray !== undefined) this.#usage.ray = failure.ray;
    // The connection has an answer too many. The expected answer may follow and reach another request.
    if (failure instanceof BadResponse && failure.isMisdirected) this.#request?.cut?.();
    this.#account.end(this, failure);
    this.#tellEnd(failure);
    this.#resolve(Promise.reject(failure));
  }

  #settle(): void {
    this.#deadline?.callOff();
    this.call.signal?.removeEventListener('abort', this);
  }

  get #observed(): Observed {
    const { endpoint, kind } = this.call;
    return { endpoint, kind, usage: this.#usage };
  }

  #endWait(): void {
    this.#waitEnded?.();
    this.#waitEnded = undefined;
  }

  #tellEnd(failure: unknown): void {
    this.#endWait();
    this.#requestEnded?.(outcomeOf(failure));
  }

  get #executed(): 'no' | 'unknown' {
    return this.state === 'sent' ? 'unknown' : 'no';
  }
}
