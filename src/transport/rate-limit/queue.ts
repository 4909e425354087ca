import type { MaybePromise } from '../../state/maybe-promise.ts';
import type { Place, Quota, QuotaLimits, QuotaStatus, Quotas } from '../../state/port.ts';
import type { Call, Revalidation } from '../call.ts';
import type { Clock } from '../clock.ts';
import { type CallFailure, ClientLeft, RateLimited } from '../errors.ts';
import type { AbortListener } from '../signal.ts';
import { type Priority, PriorityQueue, type Waiting } from './priorities.ts';

const MAX_WAITING = 10_000;
/**
 * What a call that had to wait must have left of its time, or a tenth of its timeout if that is less. Without it a queue
 * that is always full would start every call just before its deadline, and spend the quota on calls that time out.
 */
const RESERVED_MS = 500;

export interface RateLimitQueueOptions {
  readonly quotas: Quotas;
  readonly name: string;
  readonly limits: QuotaLimits;
  readonly clock: Clock;
  /** How many calls may wait; past it a new one is refused at once. */
  readonly maxWaiting?: number;
  /** Whether the limit may be lifted before long, so that no call is refused early. */
  readonly isTemporary?: boolean;
  /** Whether it is the limit of one caller of an account. */
  readonly isOfCaller?: boolean;
}

/** Where calls wait for a place in one quota. */
export class RateLimitQueue {
  readonly #options: RateLimitQueueOptions;
  readonly #clock: Clock;
  #quota: Quota;
  readonly #waiting = new PriorityQueue<QueuedCall>();
  #announcedUntil = Number.NEGATIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;
  /** Whether the quota has been asked for a place and has not answered yet. */
  #isAsking = false;

  constructor(options: RateLimitQueueOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#quota = options.quotas.open(options.name, options.limits, () => this.#wake());
  }

  /** The call's place, at once if there is one. @throws RateLimited when it cannot start in time; ClientLeft. */
  enter<T>(call: Call<T>): MaybePromise<Place> {
    if (!call.revalidation && this.#waiting.size === 0 && !this.#isAsking && !call.signal?.aborted) {
      const place = this.#quota.take(1);
      if (place instanceof Promise) this.#waitFor(place);
      else if (typeof place !== 'number') return place;
    }
    const startBy = call.deadline - Math.min(RESERVED_MS, call.timeoutMs / 10);
    const priority = priorityOf(call);
    const { origin, revalidation } = call;
    const place = { caller: origin.caller, operation: origin, priority, revalidation };
    const etaMs = this.#quota.etaMs(this.#waiting.ahead(place));
    const { isTemporary = false, maxWaiting = MAX_WAITING } = this.#options;
    const isLate = etaMs > 0 && this.#clock.now() + etaMs > startBy;
    if ((isLate && !isTemporary) || this.#waiting.size >= maxWaiting) {
      return Promise.reject(this.#refusal(call, etaMs));
    }
    return new Promise((resolve, reject) => {
      const queued = new QueuedCall(this, call, priority, startBy, resolve, reject);
      if (call.signal?.aborted) return queued.handleEvent();
      this.#waiting.add(queued);
      queued.waitUntil(startBy, this.#clock);
      // What the timer is set for may be a revalidation, which others need not wait for.
      if (this.#cancelTimer === undefined || priority !== 'revalidation') this.#wake();
    });
  }

  /** Whether a call could start at this moment and leave places for others. */
  hasRoom(): boolean {
    return this.#waiting.size === 0 && this.#quota.hasSpare();
  }

  /** Lets nothing start for `pauseMs`, and fewer for a while; `announcedMs` is what callers are told. */
  slowDown(pauseMs: number, announcedMs: number): void {
    const now = this.#clock.now();
    void this.#quota.slowDown(pauseMs);
    this.#announcedUntil = Math.max(this.#announcedUntil, now + announcedMs);
    for (const queued of this.#waiting.all()) if (queued.startBy < now + pauseMs) queued.giveUp();
    this.#wake();
  }

  /** Lets all go on: there is no limit any more. */
  lift(): void {
    const limits = { ...this.#options.limits, rate: Number.POSITIVE_INFINITY };
    this.#quota = this.#options.quotas.open(this.#options.name, limits, () => undefined);
    this.#wake();
  }

  /** Ends the wait of all. */
  rejectAll(failureFor: (call: Call<unknown>) => CallFailure): void {
    for (const queued of this.#waiting.all()) queued.fail(failureFor(queued.call));
  }

  /** How its quota stands. */
  status(): MaybePromise<QuotaStatus> {
    return this.#quota.status();
  }

  /** How many calls wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Whether nothing is left to remember. */
  isIdle(): boolean {
    return this.#waiting.size === 0 && !this.#isAsking && this.#quota.isIdle();
  }

  remove(queued: QueuedCall): void {
    this.#waiting.remove(queued);
    if (this.#waiting.size === 0) this.#stopTimer();
  }

  /** What a call is told that cannot start in time. */
  refusalNow(call: Call<unknown>): RateLimited {
    return this.#refusal(call, this.#quota.etaMs(this.#waiting.size));
  }

  #refusal<T>(call: Call<T>, etaMs: number): RateLimited {
    const retryAfterMs = Math.ceil(Math.max(1, etaMs, this.#announcedUntil - this.#clock.now()));
    return new RateLimited(call, retryAfterMs, { byApi: false, isOfCaller: this.#options.isOfCaller });
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** Looks for calls that can start. */
  #wake(): void {
    if (this.#isAsking) return;
    this.#stopTimer();
    while (this.#waiting.size > 0) {
      const place = this.#waiting.isUrgent ? this.#quota.take(this.#waiting.size) : this.#quota.takeSpare();
      if (place instanceof Promise) this.#waitFor(place);
      if (place instanceof Promise || !this.#use(place)) return;
    }
  }

  #waitFor(asked: Promise<Place | number>): void {
    this.#isAsking = true;
    void asked.then((place) => {
      this.#isAsking = false;
      if (this.#use(place)) this.#wake();
    });
  }

  /** Whether it was a place; otherwise that is how long to wait for one. */
  #use(place: Place | number): boolean {
    if (typeof place !== 'number') {
      const next = this.#waiting.next();
      if (next) next.start(place);
      else place.done(0);
      return true;
    }
    // Infinity: a call that holds a place frees it when it is sent or given up, and wakes the queue.
    if (place !== Number.POSITIVE_INFINITY) {
      this.#cancelTimer = this.#clock.after(place, () => this.#wake());
    }
    return false;
  }
}

/** A call that waits for its place. */
class QueuedCall implements Waiting, AbortListener {
  readonly call: Call<unknown>;
  readonly caller: string;
  readonly operation: object;
  readonly priority: Priority;
  readonly revalidation: Revalidation | undefined;
  /** The last moment at which the call can start, on the clock. */
  readonly startBy: number;
  readonly #queue: RateLimitQueue;
  readonly #resolve: (place: Place) => void;
  readonly #reject: (failure: CallFailure) => void;
  #cancelTimer: (() => void) | undefined;

  constructor(
    queue: RateLimitQueue,
    call: Call<unknown>,
    priority: Priority,
    startBy: number,
    resolve: (place: Place) => void,
    reject: (failure: CallFailure) => void,
  ) {
    this.#queue = queue;
    this.call = call;
    this.caller = call.origin.caller;
    this.operation = call.origin;
    this.priority = priority;
    this.revalidation = call.revalidation;
    this.startBy = startBy;
    this.#resolve = resolve;
    this.#reject = reject;
    call.signal?.addEventListener('abort', this);
  }

  waitUntil(startBy: number, clock: Clock): void {
    this.#cancelTimer = clock.after(Math.max(0, startBy - clock.now()), () => this.giveUp());
  }

  start(place: Place): void {
    this.#stopWaiting();
    this.#resolve(place);
  }

  fail(failure: CallFailure): void {
    this.#stopWaiting();
    this.#queue.remove(this);
    this.#reject(failure);
  }

  /** It cannot start in time. */
  giveUp(): void {
    this.fail(this.#queue.refusalNow(this.call));
  }

  /** Its client has left. */
  handleEvent(): void {
    this.fail(new ClientLeft(this.call, 'no'));
  }

  #stopWaiting(): void {
    this.#cancelTimer?.();
    this.call.signal?.removeEventListener('abort', this);
  }
}

function priorityOf<T>(call: Call<T>): Priority {
  if (call.kind === 'write') return 'write';
  return call.revalidation ? 'revalidation' : 'read';
}
