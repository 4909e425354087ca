import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLError,
  execute as graphqlExecute,
} from 'graphql';
import type { CoercedVariables } from '../plan/arguments.ts';
import type { PreparedOperation } from '../plan/prepared-operation.ts';
import { type AnswerMeter, AnswerRefused } from '../plan/size.ts';
import { Places, withoutSource } from './places.ts';
import { isPromise, QueryRun } from './query-run.ts';

export interface ExecuteArgs extends ExecutionArgs {
  /** The operation that `document` and `operationName` name, made ready. */
  readonly prepared?: PreparedOperation | undefined;
  /** The values of `variableValues` after coercion, if there was no error. */
  readonly coerced?: CoercedVariables | undefined;
  /** Receives what the answer holds, and may refuse it. */
  readonly meter?: AnswerMeter | undefined;
}

/** As graphql's `execute`, with what is known of the operation beforehand. */
export type Execute = (args: ExecuteArgs) => ExecutionResult | PromiseLike<ExecutionResult>;

/**
 * As graphql's `execute`, for a document that is valid: the same data and errors in the same order. An operation that has
 * been prepared, and whose variables are coerced, is executed as compiled; what cannot be compiled, by graphql-js.
 *
 * A resolver of a compiled query that declares one to three parameters is given no `info`, and none may write to its
 * arguments, which are those of every execution.
 */
export function execute(args: ExecuteArgs): ExecutionResult | Promise<ExecutionResult> {
  const { schema, document, prepared, coerced, rootValue, contextValue } = args;
  // The prepared operation has to be of this document, and nothing else be asked for.
  if (!prepared || !coerced || args.fieldResolver || args.typeResolver) return executeByGraphql(args);
  const isSame = prepared.document === document && prepared.schema === schema;
  const compiled = isSame ? prepared.compiledFor(coerced) : undefined;
  if (!compiled) return executeByGraphql(args);
  const run = new QueryRun(prepared, rootValue, contextValue, coerced, args.meter);
  try {
    const data =
      prepared.operation.operation === 'mutation'
        ? run.executeSerially(compiled, rootValue)
        : run.executeFields(compiled, rootValue, undefined);
    if (!isPromise(data)) return run.answer(data);
    return data.then(
      (known) => run.answer(known),
      (error) => refuse(error, run),
    ) as Promise<ExecutionResult>;
  } catch (error) {
    return refuse(error, run);
  }
}

function executeByGraphql(args: ExecuteArgs): ExecutionResult | Promise<ExecutionResult> {
  // Without a document graphql-js says so.
  if (!args.document) return graphqlExecute(args) as ExecutionResult;
  const { copied, originals } = withoutSource(args.document);
  const places = new Places();
  const finish = (result: ExecutionResult) => {
    for (const error of result.errors ?? []) {
      const { nodes = [] } = error;
      const written = nodes.flatMap((node) => originals.get(node) ?? []);
      if (written.length > 0) places.put(error, nodes, written);
    }
    return measured(result, args);
  };
  const result = graphqlExecute({ ...args, document: copied });
  return result instanceof Promise ? result.then(finish) : finish(result);
}

function measured(result: ExecutionResult, { meter }: ExecuteArgs): ExecutionResult {
  try {
    if (!meter) return result;
    meter.addAnswer(result.data);
    for (const _ of result.errors ?? []) meter.addError();
    return result;
  } catch (error) {
    if (error instanceof AnswerRefused) return { errors: [error.reason] };
    throw error;
  }
}

/** The error has come up to the root: there is no data. */
function refuse(error: unknown, run: QueryRun): ExecutionResult {
  if (error instanceof AnswerRefused) return { errors: [error.reason] };
  run.errors.add(error as GraphQLError, undefined);
  return run.answer(null);
}

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
