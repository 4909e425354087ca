import type { GraphQLError, GraphQLResolveInfo } from 'graphql';
import type { PreparedOperation } from './compile.ts';
import type { FieldPlan } from './query-plan.ts';
import type { CoercedVariables } from './read-arguments.ts';

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

/** What is the same for all fields of one execution. */
export interface InfoSource {
  readonly prepared: PreparedOperation;
  readonly rootValue: unknown;
  readonly variables: CoercedVariables;
}

/** What a resolver is given to know of its field. */
export class ResolveInfo implements GraphQLResolveInfo {
  readonly path: ResponsePath;
  readonly #source: InfoSource;
  readonly #field: FieldPlan;

  constructor(source: InfoSource, field: FieldPlan, path: ResponsePath) {
    this.#source = source;
    this.#field = field;
    this.path = path;
  }

  get fieldName() {
    return this.#field.definition.name;
  }

  get fieldNodes() {
    return this.#field.nodes;
  }

  get returnType() {
    return this.#field.definition.type;
  }

  get parentType() {
    return this.#field.parentType;
  }

  get schema() {
    return this.#source.prepared.schema;
  }

  get fragments() {
    return this.#source.prepared.fragments;
  }

  get operation() {
    return this.#source.prepared.operation;
  }

  get rootValue() {
    return this.#source.rootValue;
  }

  get variableValues() {
    return this.#source.variables as Record<string, unknown>;
  }
}
