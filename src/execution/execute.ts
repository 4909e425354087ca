import {
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLError,
  execute as graphqlExecute,
} from 'graphql';
import { type AnswerMeter, AnswerRefused, measureAnswer } from './answer-meter.ts';
import type { PreparedOperation } from './compile.ts';
import { isPromise, QueryRun } from './query-run.ts';
import type { CoercedVariables } from './read-arguments.ts';
import type { FieldErrors } from './response-path.ts';

export interface ExecuteArgs extends ExecutionArgs {
  /** The operation that `document` and `operationName` name, made ready. */
  readonly prepared?: PreparedOperation | undefined;
  /** What `variableValues` have been coerced to without an error. */
  readonly coerced?: CoercedVariables | undefined;
  /** Receives what the answer holds, and may refuse it. */
  readonly meter?: AnswerMeter | undefined;
}

/**
 * As graphql's `execute`, for a document that is valid: the same data and errors in the same order. An operation that has
 * been prepared, and whose variables are coerced, is executed as compiled; what cannot be compiled, by graphql-js.
 *
 * A resolver of a compiled query that declares one to three parameters is given no `info`, and none may write to its
 * arguments, which are those of every execution.
 */
export function execute(args: ExecuteArgs): ExecutionResult | Promise<ExecutionResult> {
  const { prepared, coerced, rootValue, contextValue } = args;
  const compiled = isPrepared(args) ? prepared?.compiledFor(coerced ?? {}) : undefined;
  if (!compiled || !prepared || !coerced) return executeByGraphql(args);
  const run = new QueryRun(prepared, rootValue, contextValue, coerced, args.meter);
  try {
    const data =
      prepared.operation.operation === 'mutation'
        ? run.executeSerially(compiled.root, rootValue)
        : run.executeFields(compiled.root, rootValue, undefined);
    if (!isPromise(data)) return respond(data, run.errors);
    return data.then(
      (known) => respond(known, run.errors),
      (error) => refuse(error, run.errors),
    ) as Promise<ExecutionResult>;
  } catch (error) {
    return refuse(error, run.errors);
  }
}

function executeByGraphql(args: ExecuteArgs): ExecutionResult | Promise<ExecutionResult> {
  const result = graphqlExecute(args);
  return result instanceof Promise ? result.then((known) => measured(known, args)) : measured(result, args);
}

function measured(result: ExecutionResult, { meter }: ExecuteArgs): ExecutionResult {
  try {
    if (!meter) return result;
    measureAnswer(result.data, meter);
    for (const _ of result.errors ?? []) meter.addError();
    return result;
  } catch (error) {
    if (error instanceof AnswerRefused) return { errors: [error.reason as GraphQLError] };
    throw error;
  }
}

/** Whether what is known beforehand is of this document, and nothing else is asked for. */
function isPrepared({
  schema,
  document,
  prepared,
  coerced,
  fieldResolver,
  typeResolver,
}: ExecuteArgs): boolean {
  if (!prepared || !coerced || fieldResolver || typeResolver) return false;
  return prepared.document === document && prepared.schema === schema;
}

/** The error has come up to the root: there is no data. */
function refuse(error: unknown, errors: FieldErrors): ExecutionResult {
  if (error instanceof AnswerRefused) return { errors: [error.reason as GraphQLError] };
  errors.add(error as GraphQLError, undefined);
  return respond(null, errors);
}

function respond(data: unknown, { list }: FieldErrors): ExecutionResult {
  const result = { data: data as ExecutionResult['data'] };
  return list.length === 0 ? result : { errors: list, ...result };
}
