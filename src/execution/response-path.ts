import { type ASTNode, type GraphQLError, locatedError, responsePathAsArray } from 'graphql';
import type { CoercedVariables } from '../plan/arguments.ts';
import type { PlannedInfo } from '../plan/look-ahead.ts';
import type { PreparedOperation } from '../plan/prepared-operation.ts';
import type { FieldPlan } from '../plan/select.ts';
import { Places } from './places.ts';

/** Where in the response a value stands, as `info.path`. */
export interface ResponsePath {
  readonly prev: ResponsePath | undefined;
  readonly key: string | number;
  readonly typename: string | undefined;
}

/** The errors of one execution in the order in which they became known. */
export class FieldErrors {
  readonly list: GraphQLError[] = [];
  /** The paths that an error has made null; undefined: all data. */
  readonly #nulled = new Set<ResponsePath | undefined>();
  /** Most executions have no error. */
  #places: Places | undefined;

  /** As graphql's `locatedError`. */
  locate(rawError: unknown, nodes: readonly ASTNode[], path: ResponsePath): GraphQLError {
    const error = locatedError(rawError, undefined, responsePathAsArray(path));
    if (error === rawError || error.nodes) return error;
    this.#places ??= new Places();
    return this.#places.put(error, nodes);
  }

  /** Adds an error that makes the value at `path` null, unless it is null already, or something above it. */
  add(error: GraphQLError, path: ResponsePath | undefined): void {
    for (let at = path; at !== undefined; at = at.prev) if (this.#nulled.has(at)) return;
    if (this.#nulled.has(undefined)) return;
    this.#nulled.add(path);
    this.list.push(error);
  }
}

/** The part of `info` that is the same for all fields of one execution. */
export interface InfoSource {
  readonly prepared: PreparedOperation;
  readonly rootValue: unknown;
  readonly variables: CoercedVariables;
}

/** The `info` that a resolver is given. */
export function resolveInfo(source: InfoSource, field: FieldPlan, path: ResponsePath): PlannedInfo {
  const { prepared, rootValue, variables } = source;
  const { definition, nodes, parentType, value } = field;
  return {
    value,
    fieldName: definition.name,
    fieldNodes: nodes,
    returnType: definition.type,
    parentType,
    path,
    schema: prepared.schema,
    fragments: prepared.fragments,
    operation: prepared.operation,
    rootValue,
    variableValues: variables,
  };
}
