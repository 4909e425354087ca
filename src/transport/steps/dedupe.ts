import {
  type AbortListener,
  AbortSource,
  type Answer,
  type Call,
  type InFlight,
  type Interceptor,
  type Progress,
  type Send,
} from '../call.ts';
import { type Clock, Deadline, soon } from '../clock.ts';
import { BroughtTooMuch, ClientLeft, RateLimited, TimedOut } from '../errors.ts';
import { systemRandom } from '../random-source.ts';

/**
 * Joins reads of one key that are in flight into one call. Each waiter leaves on its own, at its deadline or when its
 * client leaves. The call is aborted when the last waiter leaves. A failure reaches every waiter once and is not kept.
 *
 * (undici 7.30's `deduplicate` interceptor hangs or aborts other callers when one of them has an AbortSignal.)
 */
export function dedupe(clock: Clock): Interceptor {
  const slotOf = createSlots();

  /** Whether a call that joined has most of its time left, and more time than the shared call had. */
  const hasMoreTime = ({ deadline, timeoutMs }: Call<unknown>, shared: SharedCall) =>
    deadline - clock.now() > timeoutMs / 2 && deadline - shared.deadline > timeoutMs / 10;

  return (next) => {
    const join: Join = async (shared, call, progress) => {
      try {
        return await shared.wait(call, progress, clock);
      } catch (failure) {
        // Without more time than the shared call had, each waiter would fail in turn.
        if (isOutOfTime(failure) && hasMoreTime(call, shared)) return share(call, progress);
        // Another operation has received too much. This operation has its own allowance.
        if (failure instanceof BroughtTooMuch || failure === OWN_TURN) return share(call, progress);
        throw failure;
      }
    };

    const share: Send = <T>(call: Call<T>, progress: Progress) => {
      if (call.kind === 'write' || call.isUnshared) return next(call, progress);
      // A call with its own rate would make callers without that rate wait for it.
      const { caller, callerRate } = call.origin;
      const key = callerRate === undefined ? call.key : `${call.key} ${caller}`;
      const slot = slotOf(key);
      let other: SharedCall | undefined;
      for (let existing = slot.first; existing !== undefined; existing = existing.next) {
        if (existing.key !== key) continue;
        if (existing.serves(call)) return join(existing, call, progress);
        other = existing;
      }
      const begun = new SharedCall(slot, key, call, join);
      if (other) begun.hasOtherTurns = other.hasOtherTurns = true;
      // Sets no timer: the call's own deadline gives a better reason for a timeout.
      const waiting: Promise<Answer<T>> = begun.wait(call, progress, undefined);
      next({ ...call, signal: begun, inFlight: begun }, progress).then(
        (answer) => handOut(answer, begun.end(), 0, clock),
        (failure) => {
          const another = isOutOfTime(failure) ? begun.another() : undefined;
          for (const waiter of begun.end()) {
            if (another) waiter.joins(another);
            else waiter.settle(Promise.reject(failure));
          }
        },
      );
      return waiting;
    };
    return share;
  };
}

/** Tells a waiter that joined to make a call of its own. */
const OWN_TURN = new Error('a call of its own starts earlier');

/** In one turn of the event loop, over all waiters: processing an answer blocks all other work. */
const BYTES_A_TURN = 512 * 1024;

function handOut(answer: Answer<unknown>, waiters: readonly Waiter[], from: number, clock: Clock): void {
  const until = from + Math.max(1, BYTES_A_TURN / answer.bytes);
  for (let index = from; index < waiters.length; index += 1) {
    if (index >= until) {
      soon(clock, () => handOut(answer, waiters, index, clock));
      return;
    }
    waiters[index]?.settle(answer);
  }
}

type Join = <T>(shared: SharedCall, call: Call<T>, progress: Progress) => Promise<Answer<T>>;

/** More slots than calls are usually in flight; a power of 2. */
const SLOTS = 4_096;

interface Slot {
  first: SharedCall | undefined;
}

/** Retains nothing of a removed call: old tables of a Map keep entries, and an object's keys become long-lived strings. */
function createSlots(): (key: string) => Slot {
  const slots = Array.from({ length: SLOTS }, (): Slot => ({ first: undefined }));
  // A seed of this process, so that no client can send keys that all share a slot. No answer depends on it.
  const seed = systemRandom.bytes(4).readInt32LE();
  return (key) => {
    let hash = seed;
    for (let index = 0; index < key.length; index += 1) {
      hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
      hash ^= hash >>> 15;
    }
    return slots[hash & (SLOTS - 1)] as Slot;
  };
}

/** A call in flight and all waiters for its answer. Aborted when the last waiter leaves. */
class SharedCall extends AbortSource implements InFlight {
  declare readonly key: string;
  /** The deadline of the call that began. -Infinity for a revalidation, so that every call that joins has more time. */
  declare readonly deadline: number;
  declare next: SharedCall | undefined;
  declare waitsBehindMany: boolean;
  declare hasOtherTurns: boolean;
  declare readonly join: Join;
  declare private readonly slot: Slot;
  declare private readonly caller: string;
  declare private readonly isInBackground: boolean;
  declare private waiters: Waiter[];

  constructor(slot: Slot, key: string, { origin, deadline, revalidation }: Call<unknown>, join: Join) {
    super();
    this.key = key;
    this.deadline = revalidation ? Number.NEGATIVE_INFINITY : deadline;
    this.next = slot.first;
    this.slot = slot;
    slot.first = this;
    this.isInBackground = revalidation !== undefined;
    this.waitsBehindMany = this.isInBackground;
    this.hasOtherTurns = false;
    this.join = join;
    this.caller = origin.caller;
    this.waiters = [];
  }

  /** Whether the shared call is answered about as soon as `call` itself would be. */
  serves({ origin, revalidation }: Call<unknown>): boolean {
    if (!this.waitsBehindMany || revalidation) return true;
    return this.caller === origin.caller && !this.isInBackground;
  }

  begin(): void {
    for (let other = this.another(); other; other = this.another()) {
      for (const waiter of other.end()) waiter.joins(this);
      other.abort();
    }
  }

  releaseOthers(): void {
    for (const waiter of [...this.waiters]) if (!this.serves(waiter.call)) waiter.leave(OWN_TURN);
  }

  another(): SharedCall | undefined {
    let other = this.slot.first;
    while (other !== undefined && (other === this || other.key !== this.key)) other = other.next;
    return other;
  }

  /** Waits until the call's deadline. Without a clock, waits until the shared call ends. */
  wait<T>(call: Call<T>, progress: Progress, clock: Clock | undefined): Promise<Answer<T>> {
    return new Promise((resolve) => {
      const waiter = new Waiter(this, call, progress, clock, resolve as Waiter['resolve']);
      // An array that begins empty reserves room for 17 waiters. Most calls have a single waiter.
      if (this.waiters.length === 0) this.waiters = [waiter];
      else this.waiters.push(waiter);
      call.signal?.addEventListener('abort', waiter);
      if (call.signal?.aborted) waiter.handleEvent();
    });
  }

  /** Returns false if the waiter has its answer, or gets it soon. */
  remove(waiter: Waiter): boolean {
    const index = this.waiters.indexOf(waiter);
    if (index === -1) return false;
    this.waiters.splice(index, 1);
    if (this.waiters.length > 0) return true;
    this.end();
    this.abort();
    return true;
  }

  /** Takes the call out of its slot, so that no call joins any more. Returns the waiters. */
  end(): readonly Waiter[] {
    let before: SharedCall | undefined;
    let found = this.slot.first;
    while (found !== undefined && found !== this) {
      before = found;
      found = found.next;
    }
    if (found && before) before.next = this.next;
    else if (found) this.slot.first = this.next;
    this.next = undefined;
    const { waiters } = this;
    this.waiters = [];
    return waiters;
  }
}

class Waiter implements AbortListener {
  declare readonly call: Call<unknown>;
  declare readonly resolve: (answer: Answer<unknown> | Promise<Answer<unknown>>) => void;
  declare private readonly shared: SharedCall;
  declare private readonly progress: Progress;
  /** Undefined: this waiter's call is the shared call. */
  declare private readonly deadline: Deadline | undefined;

  constructor(
    shared: SharedCall,
    call: Call<unknown>,
    progress: Progress,
    clock: Clock | undefined,
    resolve: Waiter['resolve'],
  ) {
    this.shared = shared;
    this.call = call;
    this.progress = progress;
    this.resolve = resolve;
    this.deadline =
      clock && new Deadline(clock, call.deadline + 5, () => this.leave(new TimedOut(call, 'no')));
  }

  joins(other: SharedCall): void {
    this.settle(this.shared.join(other, this.call, this.progress));
  }

  settle(answer: Answer<unknown> | Promise<Answer<unknown>>): void {
    this.deadline?.callOff();
    this.call.signal?.removeEventListener('abort', this);
    this.resolve(!this.deadline || answer instanceof Promise ? answer : { ...answer, source: 'shared' });
  }

  handleEvent(): void {
    this.leave(new ClientLeft(this.call, 'no'));
  }

  leave(failure: Error): void {
    // Not twice: a rejected promise that is not taken would end the process.
    if (this.shared.remove(this)) this.settle(Promise.reject(failure));
  }
}

function isOutOfTime(failure: unknown): boolean {
  if (failure instanceof TimedOut) return failure.status === undefined;
  return failure instanceof RateLimited && !failure.byApi;
}
