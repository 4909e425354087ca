import type { Answer, Call, Interceptor, Progress, Revalidation, Send } from '../call.ts';
import { type Clock, Deadline } from '../clock.ts';
import { type CallFailure, ClientLeft, RateLimited, TimedOut } from '../errors.ts';
import { InFlight, type Keyed } from '../in-flight.ts';
import { type AbortListener, AbortSource } from '../signal.ts';

export interface DedupeOptions {
  readonly clock: Clock;
}

/**
 * Reads of one key that are in flight are one call. Each waiter leaves by itself, at its own deadline or with its own
 * client; the call ends with the last of them. A failure reaches every waiter once and is not kept.
 *
 * (undici 7.30's `deduplicate` interceptor hangs or aborts other callers when one of them has an AbortSignal.)
 */
export function dedupe({ clock }: DedupeOptions): Interceptor {
  const inFlight = new InFlight<SharedCall>();

  const hasMostOfItsTime = <T>(call: Call<T>) => call.deadline - clock.now() > call.timeoutMs / 2;

  return (next) => {
    const begin = <T>(key: string, existing: SharedCall | undefined, call: Call<T>, progress: Progress) => {
      const begun = new SharedCall(clock, inFlight, key, call.revalidation);
      existing?.moveWaitersTo(begun);
      inFlight.add(begun);
      const waiting: Promise<Answer<T>> = begun.wait(call, true);
      next({ ...call, signal: begun }, progress).then(begun.resolve, begun.reject);
      return waiting;
    };

    const join = async <T>(shared: SharedCall, call: Call<T>, progress: Progress): Promise<Answer<T>> => {
      try {
        return await shared.wait(call, false);
      } catch (failure) {
        // The first one had less time left than this one has.
        if (isOutOfTime(failure) && hasMostOfItsTime(call)) return share(call, progress);
        throw failure;
      }
    };

    const share: Send = (call, progress) => {
      if (call.kind === 'write' || call.isUnshared) return next(call, progress);
      // A call that waits for a rate of its own would make others wait for that as well.
      const { caller, callerRate } = call.origin;
      const key = callerRate === undefined ? call.key : `${call.key} ${caller}`;
      const existing = inFlight.get(key);
      // A call behind all others would make this one wait there too.
      if (!existing || (existing.isQueuedInBackground && !call.revalidation))
        return begin(key, existing, call, progress);
      return join(existing, call, progress);
    };
    return share;
  };
}

/** A call and all who wait for its answer. It is aborted when nobody does any more. */
class SharedCall extends AbortSource implements Keyed<SharedCall> {
  readonly key: string;
  bucket = 0;
  next: SharedCall | undefined;
  readonly #clock: Clock;
  readonly #inFlight: InFlight<SharedCall>;
  readonly #revalidation: Revalidation | undefined;
  #waiters: Waiter[] = [];

  constructor(
    clock: Clock,
    inFlight: InFlight<SharedCall>,
    key: string,
    revalidation: Revalidation | undefined,
  ) {
    super();
    this.#clock = clock;
    this.#inFlight = inFlight;
    this.key = key;
    this.#revalidation = revalidation;
  }

  get isQueuedInBackground(): boolean {
    return this.#revalidation !== undefined && !this.#revalidation.isUnderWay;
  }

  /** Until its own deadline; whoever has begun the call, until that of the call itself. */
  wait<T>(call: Call<T>, hasBegun: boolean): Promise<Answer<T>> {
    return new Promise((resolve, reject) => {
      const waiter = new Waiter(this, call, hasBegun, resolve as (answer: Answer<unknown>) => void, reject);
      this.#waiters.push(waiter);
      // Behind the call's own deadline, which knows better why it is late.
      if (!hasBegun) waiter.waitUntil(call.deadline + 5, this.#clock);
      if (call.signal?.aborted) waiter.handleEvent();
    });
  }

  /** Those that wait for this call wait for another one instead. */
  moveWaitersTo(other: SharedCall): void {
    for (const waiter of this.#waiters) waiter.moveTo(other);
    other.#waiters.push(...this.#end());
    this.abort();
  }

  /** One of them waits no longer. */
  remove(waiter: Waiter): void {
    const index = this.#waiters.indexOf(waiter);
    if (index === -1) return;
    this.#waiters.splice(index, 1);
    if (this.#waiters.length > 0) return;
    this.#inFlight.delete(this);
    this.abort();
  }

  readonly resolve = (answer: Answer<unknown>) => {
    for (const waiter of this.#end()) waiter.resolve(answer);
  };

  readonly reject = (failure: unknown) => {
    for (const waiter of this.#end()) waiter.reject(failure);
  };

  #end(): readonly Waiter[] {
    this.#inFlight.delete(this);
    const waiters = this.#waiters;
    this.#waiters = [];
    return waiters;
  }
}

class Waiter implements AbortListener {
  readonly #reject: (failure: unknown) => void;
  readonly #resolve: (answer: Answer<unknown>) => void;
  readonly #call: Call<unknown>;
  #shared: SharedCall;
  #hasBegun: boolean;
  #deadline: Deadline | undefined;

  constructor(
    shared: SharedCall,
    call: Call<unknown>,
    hasBegun: boolean,
    resolve: (answer: Answer<unknown>) => void,
    reject: (failure: unknown) => void,
  ) {
    this.#shared = shared;
    this.#call = call;
    this.#hasBegun = hasBegun;
    this.#resolve = resolve;
    this.#reject = reject;
    call.signal?.addEventListener('abort', this);
  }

  waitUntil(at: number, clock: Clock): void {
    this.#deadline = new Deadline(clock, at, () => this.#leave(new TimedOut(this.#call, 'no')));
  }

  moveTo(other: SharedCall): void {
    this.#shared = other;
    this.#hasBegun = false;
  }

  resolve(answer: Answer<unknown>): void {
    this.#stop();
    this.#resolve(this.#hasBegun ? answer : { ...answer, source: 'shared' });
  }

  reject(failure: unknown): void {
    this.#stop();
    this.#reject(failure);
  }

  /** Its client has left. */
  handleEvent(): void {
    this.#leave(new ClientLeft(this.#call, 'no'));
  }

  #stop(): void {
    this.#deadline?.callOff();
    this.#call.signal?.removeEventListener('abort', this);
  }

  #leave(failure: CallFailure): void {
    this.#shared.remove(this);
    this.reject(failure);
  }
}

function isOutOfTime(failure: unknown): boolean {
  return failure instanceof TimedOut || (failure instanceof RateLimited && !failure.byApi);
}
