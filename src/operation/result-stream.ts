import { type ExecutionResult, locatedError } from 'graphql';
import { notify } from '../state/maybe-promise.ts';
import type { Signal } from '../transport/call.ts';
import { type Clock, every } from '../transport/clock.ts';

/** The results of a subscription, as the client may see them. It never throws: a failure is its last result. */
export type ResultStream<Result = ExecutionResult> = AsyncIterableIterator<Result>;

interface ResultStreamOptions<Result> {
  /** The client has left. */
  readonly signal: Signal;
  readonly clock: Clock;
  /** Whether the stream may go on; an error, or that it ends without one. Asked before each event, and now and then. */
  readonly mayGoOn: () => Promise<boolean>;
  readonly finish: (result: ExecutionResult) => Result;
  readonly onEnd: () => void;
  /** Receives how the end of the source fails, which a plugin may have wrapped. */
  readonly onUnexpected: (error: unknown) => void;
}

/** While nothing happens, it is looked so often whether the caller's key is still good, in ms. */
const LOOK_EVERY_MS = 10_000;

/** Watches over a stream of results. It ends with its client, with the caller's key, and with its source. */
export function watchResults<Result>(
  source: AsyncIterableIterator<ExecutionResult>,
  { signal, clock, mayGoOn, finish, onEnd, onUnexpected }: ResultStreamOptions<Result>,
): ResultStream<Result> {
  let isOver = false;
  let failure: { readonly error: unknown } | undefined;

  const end = () => {
    if (isOver) return;
    isOver = true;
    stopLooking();
    signal.removeEventListener('abort', leave);
    onEnd();
    notify(() => source.return?.(), onUnexpected);
  };
  const leave = { handleEvent: end };
  const look = async () => {
    try {
      if (!(await mayGoOn())) end();
    } catch (error) {
      if (!isOver) failure = { error };
      end();
    }
  };
  const stopLooking = every(clock, LOOK_EVERY_MS, () => void look());
  signal.addEventListener('abort', leave);
  if (signal.aborted) end();

  const fail = (error: unknown): IteratorResult<Result> => {
    end();
    return { value: finish({ errors: [locatedError(error, undefined)] }), done: false };
  };

  return {
    async next() {
      try {
        if (!isOver) {
          const { value, done } = await source.next();
          if (!done && !isOver) await look();
          const isGoingOn = !done && !isOver;
          // Without data it is no event: to clients it is how the stream has failed.
          if (!isGoingOn || value.data === undefined) end();
          if (isGoingOn) return { value: finish(value), done: false };
        }
      } catch (error) {
        return fail(error);
      }
      const last = failure;
      failure = undefined;
      return last ? fail(last.error) : { value: undefined, done: true };
    },
    async return() {
      end();
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
