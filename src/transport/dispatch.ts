import { decodeText } from './body.ts';
import type { AbortListener, Allowance, Answer, Call, Progress, Reply, Send } from './call.ts';
import { type Clock, Deadline } from './clock.ts';
import { BadResponse, BroughtTooMuch, CallFailure, ClientLeft, TimedOut } from './errors.ts';
import type { ScheduledCall, Sender } from './scheduler/scheduled-call.ts';
import type { Scheduler } from './scheduler/scheduler.ts';
import { type Receiver, type UpstreamOptions, UpstreamRequest } from './upstream-request.ts';

interface DispatchOptions extends UpstreamOptions {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
}

/** A timeout after less time than this says nothing about the API, in ms. */
const FAIR_MS = 500;

/**
 * The innermost step: one request, one answer. Acquires permits and a connection first. The deadline covers connecting,
 * sending and the whole body. Past the deadline, or when a read's signal aborts, the socket is closed.
 */
export function createDispatch(options: DispatchOptions): Send {
  return (call, progress) =>
    new Promise((resolve) => {
      new Dispatch(options, call, progress, resolve as Settle).begin();
    });
}

type Settle = (answer: Answer<unknown> | Promise<never>) => void;

class Dispatch implements AbortListener, Sender, Receiver {
  readonly call: Call<unknown>;
  readonly allowance: Allowance;
  readonly #options: DispatchOptions;
  readonly #progress: Progress;
  readonly #resolve: Settle;
  readonly #scheduled: ScheduledCall;
  #deadline: Deadline | undefined;
  #request: UpstreamRequest | undefined;
  #settled = false;
  #sentAt: number | undefined;

  constructor(options: DispatchOptions, call: Call<unknown>, progress: Progress, resolve: Settle) {
    this.#options = options;
    this.call = call;
    this.#progress = progress;
    this.allowance = progress.allowance ?? UNLIMITED;
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
    this.#progress.queued?.();
  }

  admitted(waitedMs: number): void {
    const { call } = this;
    const { clock } = this.#options;
    const now = clock.now();
    if (call.kind === 'write') call.signal?.removeEventListener('abort', this);
    const timeoutMs = Math.min(call.timeoutMs, call.deadline - now);
    const isFair = timeoutMs >= Math.min(FAIR_MS, call.timeoutMs / 2);
    this.#deadline?.callOff();
    this.#deadline = new Deadline(clock, now + timeoutMs, (wasLate) =>
      this.fail(new TimedOut(call, this.#executed, { unhealthy: isFair && !wasLate })),
    );
    this.#progress.dequeued(waitedMs);
    this.#request = new UpstreamRequest(this.#options, this);
    this.#request.send();
  }

  handleEvent(): void {
    this.fail(new ClientLeft(this.call, this.#executed));
  }

  sent(): void {
    this.#sentAt = this.#options.clock.now();
    this.#scheduled.sent();
    this.#progress.sent();
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
      this.#progress.ended?.(undefined);
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
    if (this.#settled) return;
    this.#request?.end(failure);
    this.failed(failure);
  }

  #end(failure: unknown): void {
    if (failure instanceof CallFailure && failure.ray !== undefined) this.#progress.proxied(failure.ray);
    // The connection has an answer too many. The expected answer may follow and reach another request.
    if (failure instanceof BadResponse && failure.isMisdirected) this.#request?.cut?.();
    this.#options.scheduler.end(this.#scheduled, failure);
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
