import type { Answer, Call, Renewal, Send } from './call.ts';
import type { Clock } from './clock.ts';
import { atDeadline, type Deadline } from './deadline.ts';
import { type CallFailure, ClientLeft, RateLimited, TimedOut } from './failure.ts';
import { Leave, type Listener } from './signal.ts';

export interface ShareOptions {
  readonly clock: Clock;
  /** Names a read: the same for reads that may share one answer. */
  readonly nameOf: <T>(call: Call<T>) => string;
}

/**
 * Identical reads that are in flight are one call. Each waiter leaves by itself, at its own deadline or with its own
 * client; the call ends with the last of them. A failure reaches every waiter once and is not kept.
 *
 * (undici 7.30's `deduplicate` interceptor hangs or aborts other callers when one of them has an AbortSignal.)
 */
export function createShare({ clock, nameOf }: ShareOptions): (next: Send) => Send {
  const inFlight = new Map<string, SharedCall>();

  const hasMostOfItsTime = <T>(call: Call<T>) => call.deadline - clock.now() > call.timeoutMs / 2;

  const join = async <T>(shared: SharedCall, call: Call<T>, again: Send): Promise<Answer<T>> => {
    if (shared.renewal && !call.renewal) {
      shared.renewal.isWanted = true;
      shared.renewal.onWanted();
    }
    try {
      const answer = await shared.wait(call, true);
      call.origin.tally.shared += 1;
      call.onServed?.('shared');
      return answer;
    } catch (failure) {
      // Whoever came first had less time left than this one has.
      if (isOutOfTime(failure) && hasMostOfItsTime(call)) return again(call);
      throw failure;
    }
  };

  return (next) => {
    const share: Send = (call) => {
      if (call.kind === 'write') return next(call);
      const name = nameOf(call);
      const existing = inFlight.get(name);
      if (existing) return join(existing, call, share);
      const begun = new SharedCall(clock, call.renewal, () => {
        if (inFlight.get(name) === begun) inFlight.delete(name);
      });
      inFlight.set(name, begun);
      const waiting = begun.wait(call, false);
      next({ ...call, signal: begun.leave }).then(begun.resolve, begun.reject);
      return waiting;
    };
    return share;
  };
}

/** A call and all who wait for its answer. */
class SharedCall {
  /** Ends the call. */
  readonly leave = new Leave();
  readonly renewal: Renewal | undefined;
  readonly #clock: Clock;
  readonly #forget: () => void;
  #waiters: Waiter[] = [];

  constructor(clock: Clock, renewal: Renewal | undefined, forget: () => void) {
    this.#clock = clock;
    this.renewal = renewal;
    this.#forget = forget;
  }

  /** Until its own deadline; without one, until that of the call itself. */
  wait<T>(call: Call<T>, hasDeadline: boolean): Promise<Answer<T>> {
    return new Promise((resolve, reject) => {
      const waiter = new Waiter(this, call, resolve as Waiter['resolve'], reject);
      this.#waiters.push(waiter);
      // Behind the call's own deadline, which knows better why it is late.
      if (hasDeadline) waiter.waitFor(call.deadline - this.#clock.now() + 5, this.#clock);
      if (call.signal?.aborted) waiter.handleEvent();
    });
  }

  /** One of them waits no longer. */
  remove(waiter: Waiter): void {
    const index = this.#waiters.indexOf(waiter);
    if (index === -1) return;
    this.#waiters.splice(index, 1);
    if (this.#waiters.length > 0) return;
    this.#forget();
    this.leave.abort();
  }

  readonly resolve = (answer: Answer<unknown>) => {
    for (const waiter of this.#end()) waiter.resolve(answer);
  };

  readonly reject = (failure: unknown) => {
    for (const waiter of this.#end()) waiter.reject(failure);
  };

  #end(): readonly Waiter[] {
    this.#forget();
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.stopWaiting();
    return waiters;
  }
}

class Waiter implements Listener {
  readonly resolve: (answer: Answer<unknown>) => void;
  readonly reject: (failure: unknown) => void;
  readonly #shared: SharedCall;
  readonly #call: Call<unknown>;
  #deadline: Deadline | undefined;

  constructor(shared: SharedCall, call: Call<unknown>, resolve: Waiter['resolve'], reject: Waiter['reject']) {
    this.#shared = shared;
    this.#call = call;
    this.resolve = resolve;
    this.reject = reject;
    call.signal?.addEventListener('abort', this);
  }

  waitFor(ms: number, clock: Clock): void {
    this.#deadline = atDeadline(clock, ms, () => this.#leave(new TimedOut(this.#call, 'no')));
  }

  /** Its client has left. */
  handleEvent(): void {
    this.#leave(new ClientLeft(this.#call, 'no'));
  }

  stopWaiting(): void {
    this.#deadline?.callOff();
    this.#call.signal?.removeEventListener('abort', this);
  }

  #leave(failure: CallFailure): void {
    this.stopWaiting();
    this.#shared.remove(this);
    this.reject(failure);
  }
}

function isOutOfTime(failure: unknown): boolean {
  return failure instanceof TimedOut || (failure instanceof RateLimited && !failure.byApi);
}
