import type { GraphQLError } from 'graphql';

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

/** The errors of one execution in the order in which they became known. */
export class FieldErrors {
  readonly list: GraphQLError[] = [];
  /** What has become null by an error; undefined: all data. */
  readonly #nulled = new Set<ResponsePath | undefined>();

  /** Adds an error that makes the value at `path` null, unless it is null already, or something above it. */
  add(error: GraphQLError, path: ResponsePath | undefined): void {
    for (let at = path; at !== undefined; at = at.prev) if (this.#nulled.has(at)) return;
    if (this.#nulled.has(undefined)) return;
    this.#nulled.add(path);
    this.list.push(error);
  }
}
