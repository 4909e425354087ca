import { type ExecutionResult, locatedError } from 'graphql';
import { type Clock, every } from '../base/clock.ts';
import { notify } from '../base/maybe-promise.ts';
import type { Signal } from '../base/signal.ts';

/** The results of a subscription for the client. It never throws: a failure is its last result. */
export type ResultStream = AsyncIterableIterator<ExecutionResult>;

interface ResultStreamOptions {
  readonly signal: Signal;
  readonly clock: Clock;
  /** Whether the stream may continue. Checked before each event and at intervals. A rejection ends the stream with an error. */
  readonly mayGoOn: () => Promise<boolean>;
  /** Executes the operation for one event, its root value. */
  readonly execute: (event: unknown) => Promise<ExecutionResult>;
  readonly mask: (result: ExecutionResult) => ExecutionResult;
  readonly onEnd: () => void;
  /** Called when ending the events fails. */
  readonly onUnexpected: (error: unknown) => void;
}

/** How often the caller's key is checked while there are no events, in ms. */
const LOOK_EVERY_MS = 10_000;

/** Makes a result of each event, until the client leaves, the caller loses access, or the events end. */
export function streamResults(
  events: AsyncIterator<unknown>,
  { signal, clock, mayGoOn, execute, mask, onEnd, onUnexpected }: ResultStreamOptions,
): ResultStream {
  let isOver = false;
  let failure: { readonly error: unknown } | undefined;

  const end = () => {
    if (isOver) return;
    isOver = true;
    stopLooking();
    signal.removeEventListener('abort', leave);
    onEnd();
    notify(() => events.return?.(), onUnexpected);
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

  const fail = (error: unknown): IteratorResult<ExecutionResult> => {
    end();
    return { value: mask({ errors: [locatedError(error, undefined)] }), done: false };
  };

  return {
    async next() {
      try {
        if (!isOver) {
          const { value, done } = await events.next();
          if (!done && !isOver) await look();
          const result = done || isOver ? undefined : await execute(value);
          const isDelivered = result !== undefined && !isOver;
          // A result without data is an error, which ends the stream.
          if (result?.data === undefined) end();
          if (isDelivered) return { value: mask(result), done: false };
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
