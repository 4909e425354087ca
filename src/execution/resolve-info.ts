import type { GraphQLResolveInfo } from 'graphql';
import type { ResponsePath } from './field-errors.ts';
import type { PreparedOperation } from './prepare.ts';
import type { FieldPlan } from './query-plan.ts';
import type { CoercedVariables } from './read-arguments.ts';

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
