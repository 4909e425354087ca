import type { Answer, Call, Renewal, Send } from './call.ts';
import type { Clock } from './clock.ts';
import { atDeadline } from './deadline.ts';
import { ClientLeft, RateLimited, TimedOut } from './failure.ts';
import { Leave } from './signal.ts';

export interface ShareOptions {
  readonly clock: Clock;
  /** Names a read: the same for reads that may share one answer. */
  readonly nameOf: <T>(call: Call<T>) => string;
}

interface SharedCall {
  readonly answer: Promise<Answer<unknown>>;
  readonly leave: Leave;
  readonly renewal: Renewal | undefined;
  waiters: number;
}

/**
 * Identical reads that are in flight are one call. Each waiter leaves by itself, at its own deadline or with its own
 * client; the call ends with the last of them. A failure reaches every waiter once and is not kept.
 *
 * (undici 7.30's `deduplicate` interceptor hangs or aborts other callers when one of them has an AbortSignal.)
 */
export function createShare({ clock, nameOf }: ShareOptions): (next: Send) => Send {
  const inFlight = new Map<string, SharedCall>();

  const begin = <T>(name: string, call: Call<T>, next: Send): SharedCall => {
    const leave = new Leave();
    const forget = () => {
      if (inFlight.get(name) === shared) inFlight.delete(name);
    };
    const answer = next({ ...call, signal: leave }).finally(forget);
    // When every waiter has left nobody hears of the end.
    answer.catch(() => {});
    const shared: SharedCall = { answer, leave, renewal: call.renewal, waiters: 0 };
    inFlight.set(name, shared);
    return shared;
  };

  const wait = <T>(name: string, shared: SharedCall, call: Call<T>): Promise<Answer<T>> =>
    new Promise((resolve, reject) => {
      shared.waiters += 1;
      const leave = () => {
        cancelDeadline();
        call.signal?.removeEventListener('abort', onAbort);
        shared.waiters -= 1;
        if (shared.waiters > 0 || inFlight.get(name) !== shared) return;
        inFlight.delete(name);
        shared.leave.abort();
      };
      const onAbort = () => {
        leave();
        reject(new ClientLeft(call, 'no'));
      };
      // Behind the call's own deadline, which knows better why it is late.
      const cancelDeadline = atDeadline(clock, call.deadline - clock.now() + 5, () => {
        leave();
        reject(new TimedOut(call, 'no'));
      });
      call.signal?.addEventListener('abort', onAbort);
      shared.answer.then(
        (answer) => {
          leave();
          resolve(answer as Answer<T>);
        },
        (failure) => {
          leave();
          reject(failure);
        },
      );
      if (call.signal?.aborted) onAbort();
    });

  const hasMostOfItsTime = <T>(call: Call<T>) => call.deadline - clock.now() > call.timeoutMs / 2;

  const join = async <T>(
    name: string,
    shared: SharedCall,
    call: Call<T>,
    again: Send,
  ): Promise<Answer<T>> => {
    if (shared.renewal && !call.renewal) {
      shared.renewal.isWanted = true;
      shared.renewal.onWanted();
    }
    try {
      const answer = await wait(name, shared, call);
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
      return existing ? join(name, existing, call, share) : wait(name, begin(name, call, next), call);
    };
    return share;
  };
}

function isOutOfTime(failure: unknown): boolean {
  return failure instanceof TimedOut || (failure instanceof RateLimited && !failure.byApi);
}
