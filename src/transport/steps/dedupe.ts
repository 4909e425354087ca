import { type Clock, Deadline, soon } from '../../base/clock.ts';
import { type AbortListener, AbortSource } from '../../base/signal.ts';
import type { Answer, Call, Notes } from '../call.ts';
import { BroughtTooMuch, ClientLeft, RateLimited, TimedOut } from '../errors.ts';
import type { Send } from '../step.ts';
import type { Usage } from '../usage.ts';

/**
 * Joins a read to an equal call whose turn has come, or to an equal call of the same operation. Otherwise the read waits in the
 * line of its own operation. The first of equal reads whose turn comes is sent, and the others leave their lines to join it.
 *
 * Each waiter leaves on its own, at its deadline or when its client leaves. The call is aborted when the last waiter leaves.
 * A failure reaches every waiter once and is not kept.
 *
 * (undici 7.30's `deduplicate` interceptor hangs or aborts other callers when one of them has an AbortSignal.)
 */
export function dedupe(clock: Clock): (next: Send) => Send {
  /** The calls under way and the calls that wait, by name. */
  let calls = new Map<string, SharedCall[]>();
  let begunCalls = 0;
  /** Whether a call that joined has most of its time left, and more time than the shared call had. */
  const hasMoreTime = ({ deadline, timeoutMs }: Call<unknown>, shared: SharedCall) =>
    deadline - clock.now() > timeoutMs / 2 && deadline - shared.deadline > timeoutMs / 10;
  const remove = (name: string, call: SharedCall) => {
    const left = (calls.get(name) ?? []).filter((other) => other !== call);
    if (left.length === 0) calls.delete(name);
    else calls.set(name, left);
  };

  return (next) => {
    const join = async <T>(shared: SharedCall, call: Call<T>, usage: Usage): Promise<Answer<T>> => {
      try {
        return await shared.join(call, usage, clock);
      } catch (failure) {
        // Without more time than the shared call had, each waiter would fail in turn.
        if (isOutOfTime(failure) && hasMoreTime(call, shared)) return share(call, usage);
        // Another operation has received too much. This operation has its own allowance.
        if (failure instanceof BroughtTooMuch) return share(call, usage);
        throw failure;
      }
    };

    const begin = (name: string, begun: SharedCall) => {
      begun.isUnderWay = true;
      for (const other of calls.get(name) ?? []) {
        if (other.isUnderWay || other.generation !== begun.generation) continue;
        remove(name, other);
        for (const waiter of other.end()) waiter.settle(join(begun, waiter.call, waiter.usage));
        other.abort();
      }
    };

    const share: Send = <T>(call: Call<T>, usage: Usage) => {
      if (call.kind === 'write') return next(call, usage);
      const { caller, callerRate } = call.origin;
      // If callers without a rate of their own joined such a call, they would wait for its rate.
      const name = callerRate === undefined ? call.name : `${call.name} ${caller}`;
      const equal = calls.get(name) ?? [];
      const other = equal.find((shared) => shared.serves(call));
      if (other) return join(other, call, usage);
      const begun = new SharedCall(call);
      begunCalls += 1;
      if (begunCalls % RENEW_AFTER === 0) calls = new Map(calls);
      calls.set(name, [...equal, begun]);
      const end = () => {
        remove(name, begun);
        return begun.end();
      };
      // Sets no timer: the deadline of the request gives a better reason.
      const waiting: Promise<Answer<T>> = begun.join(call, usage, undefined);
      const notes = { ...call.notes, onTurn: () => begin(name, begun) };
      next({ ...call, signal: begun, notes }, usage).then(
        (answer) => handOut(answer, end(), 0, clock),
        (failure) => {
          for (const waiter of end()) waiter.settle(Promise.reject(failure));
        },
      );
      return waiting;
    };
    return share;
  };
}

/**
 * V8 links each table that a Map has outgrown to the next one, so calls that have ended live until a full collection of garbage.
 * After so many calls, a new Map breaks this chain. Without it, a call takes a third more CPU time.
 */
const RENEW_AFTER = 1_000;

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

/** A call and all waiters for its answer. Aborted when the last waiter leaves. */
class SharedCall extends AbortSource {
  /** The deadline of the call that began. -Infinity for calls in the background, so that every call that joins has more time. */
  readonly deadline: number;
  readonly #call: Call<unknown>;
  /** Whether its turn has come. Until then an equal read of another operation waits in its own line. */
  isUnderWay = false;
  #waiters: Waiter[] = [];

  constructor(call: Call<unknown>) {
    super();
    this.deadline = call.notes.background ? Number.NEGATIVE_INFINITY : call.deadline;
    this.#call = call;
  }

  get generation(): Notes['generation'] {
    return this.#call.notes.generation;
  }

  /** Whether a call of the same name need not wait for a turn of its own. */
  serves({ notes, origin }: Call<unknown>): boolean {
    if (this.aborted || notes.generation !== this.generation) return false;
    const isOfSameLine = origin === this.#call.origin && notes.background === this.#call.notes.background;
    return this.isUnderWay || isOfSameLine;
  }

  /** Waits for the answer until the call's deadline. Without a clock, waits until the shared call ends. */
  join<T>(call: Call<T>, usage: Usage, clock: Clock | undefined): Promise<Answer<T>> {
    return new Promise((resolve) => {
      const waiter = new Waiter(this, call, usage, clock, resolve as Waiter['resolve']);
      // Most calls have one waiter, and `push` reserves room for 17.
      if (this.#waiters.length === 0) this.#waiters = [waiter];
      else this.#waiters.push(waiter);
      waiter.listen();
    });
  }

  /** Returns false if the waiter has its answer, or gets it soon. */
  remove(waiter: Waiter): boolean {
    const index = this.#waiters.indexOf(waiter);
    if (index === -1) return false;
    this.#waiters.splice(index, 1);
    if (this.#waiters.length === 0) this.abort();
    return true;
  }

  /** Returns the waiters, who wait no longer. */
  end(): readonly Waiter[] {
    const waiters = this.#waiters;
    this.#waiters = [];
    return waiters;
  }
}

class Waiter implements AbortListener {
  readonly call: Call<unknown>;
  readonly resolve: (answer: Answer<unknown> | Promise<Answer<unknown>>) => void;
  readonly #shared: SharedCall;
  readonly usage: Usage;
  /** Undefined: this waiter's call is the shared call. */
  readonly #deadline: Deadline | undefined;

  constructor(
    shared: SharedCall,
    call: Call<unknown>,
    usage: Usage,
    clock: Clock | undefined,
    resolve: Waiter['resolve'],
  ) {
    this.#shared = shared;
    this.call = call;
    this.usage = usage;
    this.resolve = resolve;
    this.#deadline =
      clock && new Deadline(clock, call.deadline + 5, () => this.leave(new TimedOut(call, 'no')));
  }

  listen(): void {
    this.call.signal?.addEventListener('abort', this);
    if (this.call.signal?.aborted) this.handleEvent();
  }

  settle(answer: Answer<unknown> | Promise<Answer<unknown>>): void {
    this.#deadline?.callOff();
    this.call.signal?.removeEventListener('abort', this);
    this.resolve(!this.#deadline || answer instanceof Promise ? answer : { ...answer, source: 'shared' });
  }

  handleEvent(): void {
    this.leave(new ClientLeft(this.call, 'no'));
  }

  leave(failure: Error): void {
    // Made only once, because a rejected promise without a handler would end the process.
    if (this.#shared.remove(this)) this.settle(Promise.reject(failure));
  }
}

function isOutOfTime(failure: unknown): boolean {
  if (failure instanceof TimedOut) return failure.status === undefined;
  return failure instanceof RateLimited && !failure.byApi;
}
