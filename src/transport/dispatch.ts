import { decodeText } from './body.ts';
import type { AbortListener, Allowance, Answer, Call, Reply } from './call.ts';
import { type Clock, Deadline } from './clock.ts';
import { BadResponse, BroughtTooMuch, CallFailure, ClientLeft, TimedOut } from './errors.ts';
import { type Observed, type Observers, type Outcome, outcomeOf } from './observer.ts';
import type { ScheduledCall, Sender } from './scheduler/scheduled-call.ts';
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

class Dispatch implements AbortListener, Sender, Receiver {
  readonly call: Call<unknown>;
  readonly allowance: Allowance;
  readonly #options: DispatchOptions;
  readonly #usage: Usage;
  readonly #resolve: Settle;
  readonly #scheduled: ScheduledCall;
  #deadline: Deadline | undefined;
  #request: UpstreamRequest | undefined;
  #waitEnded: (() => void) | undefined;
  #requestEnded: ((outcome: Outcome) => void) | undefined;
  #sentAt: number | undefined;

  constructor(options: DispatchOptions, call: Call<unknown>, usage: Usage, resolve: Settle) {
    this.#options = options;
    this.call = call;
    this.#usage = usage;
    this.allowance = usage.allowance;
    this.#resolve = resolve;
    this.#scheduled = options.scheduler.schedule(this);
  }

  begin(): void {
    const call = this.call;
    call.signal?.addEventListener('abort', this);
    // A write sent with no time left would be carried out, and its outcome would stay unknown.
    if (call.signal?.aborted) this.handleEvent();
    else if (call.deadline <= this.#options.clock.now()) this.fail(new TimedOut(call, 'no'));
    else if (this.allowance.bytesLeft < 0) this.fail(new BroughtTooMuch(call, 'no'));
    else this.#options.scheduler.request(this.#scheduled);
  }

  queued(): void {
    const { clock, scheduler } = this.#options;
    const giveUp = (wasLate: boolean) => scheduler.giveUp(this.#scheduled, wasLate);
    this.#deadline = new Deadline(clock, this.#scheduled.startBy, giveUp);
    this.#waitEnded = this.#beginWait();
  }

  admitted(waitedMs: number): void {
    const { call } = this;
    const { clock, observers } = this.#options;
    const now = clock.now();
    if (call.kind === 'write') call.signal?.removeEventListener('abort', this);
    const timeoutMs = Math.min(call.timeoutMs, call.deadline - now);
    const isFair = timeoutMs >= Math.min(FAIR_MS, call.timeoutMs / 2);
    this.#deadline?.callOff();
    this.#deadline = new Deadline(clock, now + timeoutMs, (wasLate) =>
      this.fail(new TimedOut(call, this.#executed, { unhealthy: isFair && !wasLate })),
    );
    this.#usage.waited(waitedMs);
    // A call that starts at once reports a wait of no time.
    this.#waitEnded ??= this.#beginWait();
    this.#endWait();
    if (call.isRetry) observers.tell((observer) => observer.retried?.(this.#observed));
    this.#requestEnded = observers.begin((observer) => observer.requested?.(this.#observed));
    this.#request = new UpstreamRequest(this.#options, this);
    this.#request.send();
  }

  handleEvent(): void {
    this.fail(new ClientLeft(this.call, this.#executed));
  }

  sent(): void {
    this.#sentAt = this.#options.clock.now();
    this.#scheduled.sent();
    this.#usage.sent();
  }

  answered(): void {
    this.#scheduled.answered();
  }

  received({ status, headers }: Omit<Reply, 'text'>, body: Buffer): void {
    this.#settle();
    try {
      const text = decodeText(this.call, body, status);
      const value = this.call.decode({ status, headers, text }, this.call);
      this.#options.scheduler.end(this.#scheduled, undefined);
      this.#tellEnd(undefined);
      const sentAt = this.#sentAt as number;
      this.#resolve({ value, bytes: text.length, sentAt, source: 'call', ageMs: 0 });
    } catch (failure) {
      this.#end(failure);
    }
  }

  failed(failure: Error): void {
    this.#settle();
    this.#end(failure);
  }

  fail(failure: Error): void {
    if (this.#scheduled.state === 'over') return;
    this.#request?.end(failure);
    this.failed(failure);
  }

  #end(failure: unknown): void {
    if (failure instanceof CallFailure && failure.ray !== undefined) this.#usage.ray = failure.ray;
    // The connection has an answer too many. The expected answer may follow and reach another request.
    if (failure instanceof BadResponse && failure.isMisdirected) this.#request?.cut?.();
    this.#options.scheduler.end(this.#scheduled, failure);
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

  #beginWait(): () => void {
    return this.#options.observers.begin((observer) => observer.queued?.(this.#observed));
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
    return this.#sentAt === undefined ? 'no' : 'unknown';
  }
}
