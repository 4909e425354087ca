import { createSourceEventStream, type ExecutionResult } from 'graphql';
import type { ExecuteArgs } from './execute.ts';

interface SubscribeArgs extends ExecuteArgs {
  /** Executes the operation for one event, its root value. */
  readonly executeEvent?: ((event: unknown) => ExecutionResult | PromiseLike<ExecutionResult>) | undefined;
}

/** A stream of results, or a single result with errors. */
export type Subscribed = AsyncIterableIterator<ExecutionResult> | ExecutionResult;

/** Like graphql's `subscribe`, but `executeEvent` executes the events, each with its own context. */
export async function subscribe(args: SubscribeArgs): Promise<Subscribed> {
  const source = await createSourceEventStream(args);
  if (!(Symbol.asyncIterator in source)) return source;
  const { executeEvent = () => ({ data: null }) } = args;
  return mapEvents(source[Symbol.asyncIterator](), async (event) => executeEvent(event));
}

/** `return` ends the iterator at once, even while it waits for an event. A generator would wait for the event first. */
function mapEvents<In, Out>(
  source: AsyncIterator<In>,
  map: (event: In) => Promise<Out>,
): AsyncIterableIterator<Out> {
  return {
    async next() {
      const { value, done } = await source.next();
      return done ? { value: undefined, done: true } : { value: await map(value), done: false };
    },
    async return() {
      await source.return?.();
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
