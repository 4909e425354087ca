import {
  type ExecutionArgs,
  type ExecutionResult,
  execute as executeGenerally,
  type GraphQLError,
} from 'graphql';
import type { FieldErrors } from './field-errors.ts';
import type { PreparedOperation } from './prepare.ts';
import { isPromise, QueryRun } from './query-run.ts';
import type { CoercedVariables } from './read-arguments.ts';

export interface ExecuteArgs extends ExecutionArgs {
  /** The operation that `document` and `operationName` name, made ready. */
  readonly prepared?: PreparedOperation | undefined;
  /** What `variableValues` have been coerced to without an error. */
  readonly coerced?: CoercedVariables | undefined;
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
  if (!compiled || !prepared || !coerced) return executeGenerally(args);
  const run = new QueryRun(prepared, rootValue, contextValue, coerced);
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
  errors.add(error as GraphQLError, undefined);
  return respond(null, errors);
}

function respond(data: unknown, { list }: FieldErrors): ExecutionResult {
  const result = { data: data as ExecutionResult['data'] };
  return list.length === 0 ? result : { errors: list, ...result };
}
