import { createSourceEventStream, type ExecutionResult } from 'graphql';
import type { ExecuteArgs } from './execute.ts';

export interface SubscribeArgs extends ExecuteArgs {
  /** Executes the operation over one event, which is its root value. */
  readonly executeEvent?: ((event: unknown) => ExecutionResult | PromiseLike<ExecutionResult>) | undefined;
}

/** A stream of results, or the one result that says why there is none. */
export type Subscribed = AsyncIterableIterator<ExecutionResult> | ExecutionResult;

/** As graphql's `subscribe`, for an operation whose events are executed by who knows how: each with a context of its own. */
export async function subscribe(args: SubscribeArgs): Promise<Subscribed> {
  const source = await createSourceEventStream(args);
  if (!(Symbol.asyncIterator in source)) return source;
  const { executeEvent = () => ({ data: null }) } = args;
  return mapEvents(source[Symbol.asyncIterator](), async (event) => executeEvent(event));
}

/** `return` ends it at once, also while an event is waited for: a generator would wait for that as well. */
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
