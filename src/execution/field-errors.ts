import { type ASTNode, GraphQLError, locatedError, responsePathAsArray } from 'graphql';
import type { FieldError } from '../errors/masking.ts';
import type { FieldPlan } from '../plan/tree.ts';
import { withoutStacks } from '../transport/errors.ts';

/** The place of a value in the response, like `info.path`. */
export interface ResponsePath {
  readonly prev: ResponsePath | undefined;
  readonly key: string | number;
  readonly typename: string | undefined;
}

type ErrorLocation = Pick<GraphQLError, 'nodes' | 'source' | 'positions' | 'locations'>;

export class FieldErrors {
  readonly list: GraphQLError[] = [];
  /** The paths that errors made null. Undefined stands for all data. */
  readonly #nulled = new Set<ResponsePath | undefined>();
  /** GraphQL searches the whole document for line and column of every error. Here each field is looked up once. */
  readonly #places = new Map<readonly ASTNode[], ErrorLocation>();

  /** Like graphql's `locatedError`. An error of a field below stays as it is. */
  locate(rawError: unknown, field: FieldPlan, path: ResponsePath): FieldError {
    // A stack would be most of the cost. The error gets the stack of its cause.
    const error = withoutStacks(() => locatedError(rawError, undefined, responsePathAsArray(path)));
    if (error === rawError) return error;
    const { nodes, parentType, definition } = field;
    const place = error.nodes ? undefined : this.#placeOf(nodes);
    return Object.assign(error, place, { coordinate: `${parentType.name}.${definition.name}` });
  }

  /** Adds an error, unless the value at `path` or above is null already. */
  add(error: GraphQLError, path: ResponsePath | undefined): void {
    for (let at = path; at !== undefined; at = at.prev) if (this.#nulled.has(at)) return;
    if (this.#nulled.has(undefined)) return;
    this.#nulled.add(path);
    this.list.push(error);
  }

  /** `nodes` is the same array for all errors of a field. */
  #placeOf(nodes: readonly ASTNode[]): ErrorLocation {
    const known = this.#places.get(nodes);
    if (known) return known;
    const { source, positions, locations } = new GraphQLError('', { nodes });
    const place = { nodes, source, positions, locations };
    this.#places.set(nodes, place);
    return place;
  }
}
