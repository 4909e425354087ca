import { type ASTNode, GraphQLError, locatedError, responsePathAsArray } from 'graphql';

/** The place of a value in the response, like `info.path`. */
export interface ResponsePath {
  readonly prev: ResponsePath | undefined;
  readonly key: string | number;
  readonly typename: string | undefined;
}

export class FieldErrors {
  readonly list: GraphQLError[] = [];
  /** The paths that errors made null. Undefined stands for all data. */
  readonly #nulled = new Set<ResponsePath | undefined>();
  readonly #places = new ErrorLocations();

  /** Like graphql's `locatedError`. */
  locate(rawError: unknown, nodes: readonly ASTNode[], path: ResponsePath): GraphQLError {
    const { stackTraceLimit } = Error;
    try {
      // A stack would be most of the cost. The error gets the stack of its cause.
      Error.stackTraceLimit = 0;
      const error = locatedError(rawError, undefined, responsePathAsArray(path));
      return error === rawError || error.nodes ? error : this.#places.put(error, nodes);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  }

  /** Adds an error, unless the value at `path` or above is null already. */
  add(error: GraphQLError, path: ResponsePath | undefined): void {
    for (let at = path; at !== undefined; at = at.prev) if (this.#nulled.has(at)) return;
    if (this.#nulled.has(undefined)) return;
    this.#nulled.add(path);
    this.list.push(error);
  }
}

type ErrorLocation = Pick<GraphQLError, 'nodes' | 'source' | 'positions' | 'locations'>;

/** GraphQL searches the whole document for line and column of every error. Here each field is looked up once. */
export class ErrorLocations {
  readonly #known = new Map<readonly ASTNode[], ErrorLocation>();

  /** `nodes` is the same array for all errors of a field; `written` are the original nodes if these are copies. */
  put(error: GraphQLError, nodes: readonly ASTNode[], written = nodes): GraphQLError {
    let place = this.#known.get(nodes);
    if (!place) {
      const { source, positions, locations } = new GraphQLError('', { nodes: written });
      place = { nodes: written, source, positions, locations };
      this.#known.set(nodes, place);
    }
    return Object.assign(error, place);
  }
}
