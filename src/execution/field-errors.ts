import { type ASTNode, GraphQLError, locatedError, responsePathAsArray } from 'graphql';

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
  readonly #places = new Places();

  /** As graphql's `locatedError`. */
  locate(rawError: unknown, nodes: readonly ASTNode[], path: ResponsePath): GraphQLError {
    const error = locatedError(rawError, undefined, responsePathAsArray(path));
    return error === rawError || error.nodes ? error : this.#places.put(error, nodes);
  }

  /** Adds an error that makes the value at `path` null, unless it is null already, or something above it. */
  add(error: GraphQLError, path: ResponsePath | undefined): void {
    for (let at = path; at !== undefined; at = at.prev) if (this.#nulled.has(at)) return;
    if (this.#nulled.has(undefined)) return;
    this.#nulled.add(path);
    this.list.push(error);
  }
}

/** Where an error stands in the document. */
type Place = Pick<GraphQLError, 'nodes' | 'source' | 'positions' | 'locations'>;

/**
 * Says of errors where they stand. GraphQL looks up line and column for each of them, in the time of the whole document, though
 * one field can fail at every index of a list. Here that is done once for each field.
 */
export class Places {
  readonly #known = new Map<readonly ASTNode[], Place>();

  /** `nodes` is the same array for all errors of a field; `written` are those nodes in the document, if they are copies. */
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
