import { type ASTNode, GraphQLError, locatedError, responsePathAsArray } from 'graphql';
import type { CoercedVariables } from '../plan/arguments.ts';
import type { PlannedInfo } from '../plan/look-ahead.ts';
import type { PreparedOperation } from '../plan/prepared-operation.ts';
import type { FieldPlan } from '../plan/select.ts';

/** Where in the response a value stands, as `info.path`. */
export class ResponsePath {
  readonly prev: ResponsePath | undefined;
  readonly key: string | number;
  readonly typename: string | undefined;

  constructor(prev: ResponsePath | undefined, key: string | number, typename: string | undefined) {
    this.prev = prev;
    this.key = key;
    this.typename = typename;
  }
}

/** Where an error stands in the document. */
type Place = Pick<GraphQLError, 'nodes' | 'source' | 'positions' | 'locations'>;

/** The errors of one execution in the order in which they became known. */
export class FieldErrors {
  readonly list: GraphQLError[] = [];
  /** The paths that an error has made null; undefined: all data. */
  readonly #nulled = new Set<ResponsePath | undefined>();
  readonly #places = new Map<readonly ASTNode[], Place>();

  /**
   * As graphql's `locatedError`. Line and column are found once for each field: that takes the time of the document, and one
   * field can fail at every index of a list.
   */
  locate(rawError: unknown, nodes: readonly ASTNode[], path: ResponsePath): GraphQLError {
    const error = locatedError(rawError, undefined, responsePathAsArray(path));
    if (error === rawError || error.nodes) return error;
    let place = this.#places.get(nodes);
    if (!place) {
      const { source, positions, locations } = new GraphQLError('', { nodes });
      place = { nodes, source, positions, locations };
      this.#places.set(nodes, place);
    }
    return Object.assign(error, place);
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
