import { type ExecutionResult, locatedError } from 'graphql';
import { notify } from '../state/maybe-promise.ts';
import type { Signal } from '../transport/call.ts';
import { type Clock, every } from '../transport/clock.ts';

/** The results of a subscription for the client. It never throws: a failure is its last result. */
export type ResultStream<Result = ExecutionResult> = AsyncIterableIterator<Result>;

interface ResultStreamOptions<Result> {
  readonly signal: Signal;
  readonly clock: Clock;
  /** Whether the stream may continue. Checked before each event and at intervals. A rejection ends the stream with an error. */
  readonly mayGoOn: () => Promise<boolean>;
  readonly finish: (result: ExecutionResult) => Result;
  readonly onEnd: () => void;
  /** Called when ending the source fails. */
  readonly onUnexpected: (error: unknown) => void;
}

/** How often the caller's key is checked while there are no events, in ms. */
const LOOK_EVERY_MS = 10_000;

/** Ends a stream of results when the client leaves, the caller loses access, or the source ends. */
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
          // A result without data is an error, which ends the stream.
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
