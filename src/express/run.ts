import type { GraphQLResolveInfo } from 'graphql';
import type { Values } from './arguments.ts';
import { isThenable } from './complete.ts';
import type { Complete, FieldPlan, ObjectPlan, Program, Running } from './plan.ts';

export type Data = Record<string, unknown>;

/**
 * Runs a program as far as all goes well; `variables` are coerced. The data is what the general executor gives. With
 * anything that is an error in GraphQL this stops at once and gives undefined: the general executor tells what the error
 * is, and finds all that has been read so far in the context's loaders.
 */
export function run(program: Program, context: object, variables: Values): Promise<Data | undefined> {
  return new Promise((resolve) => new Run(program, context, variables, resolve).start());
}

class Run implements Running {
  readonly #program: Program;
  readonly #context: object;
  readonly #variables: Values;
  readonly #done: (data: Data | undefined) => void;
  /** Promises that the answer waits for, and the pass over what is there. */
  #pending = 1;
  #data: Data | undefined;
  /** By the numbers of the fields: in a list each is resolved many times. */
  readonly #infos: (Info | undefined)[] = [];

  constructor(program: Program, context: object, variables: Values, done: (data: Data | undefined) => void) {
    this.#program = program;
    this.#context = context;
    this.#variables = variables;
    this.#done = done;
  }

  start(): void {
    try {
      this.#data = this.resolve(this.#program.root, undefined);
      this.#settleOne();
    } catch {
      this.#giveUp();
    }
  }

  resolve({ fields, blank }: ObjectPlan, source: unknown): Data {
    const data: Data = { ...blank };
    for (const field of fields) {
      const value = field.resolve(source, field.args(this.#variables), this.#context, this.#infoOf(field));
      this.put(data, field.key, value, field.complete);
    }
    return data;
  }

  put(
    target: Record<string | number, unknown>,
    key: string | number,
    value: unknown,
    complete: Complete,
  ): void {
    if (!isThenable(value)) {
      target[key] = complete(value, this);
      return;
    }
    target[key] = undefined;
    this.#pending += 1;
    value.then((result) => {
      try {
        target[key] = complete(result, this);
        this.#settleOne();
      } catch {
        this.#giveUp();
      }
    }, this.#giveUp);
  }

  #infoOf(field: FieldPlan): Info {
    this.#infos[field.number] ??= new Info(this.#program, field, this.#variables);
    return this.#infos[field.number] as Info;
  }

  #settleOne(): void {
    this.#pending -= 1;
    if (this.#pending === 0) this.#done(this.#data);
  }

  readonly #giveUp = () => this.#done(undefined);
}

/** What a resolver is told of its field, made when it looks. Where in the answer it stands is not among it. */
class Info implements GraphQLResolveInfo {
  readonly #program: Program;
  readonly #field: FieldPlan;
  readonly variableValues: GraphQLResolveInfo['variableValues'];

  constructor(program: Program, field: FieldPlan, variables: Values) {
    this.#program = program;
    this.#field = field;
    this.variableValues = variables;
  }

  get fieldName() {
    return this.#field.field.name;
  }

  get fieldNodes() {
    return this.#field.nodes;
  }

  get returnType() {
    return this.#field.field.type;
  }

  get parentType() {
    return this.#field.parentType;
  }

  get schema() {
    return this.#program.schema;
  }

  get fragments() {
    return this.#program.fragments;
  }

  get operation() {
    return this.#program.operation;
  }

  get rootValue() {
    return undefined;
  }

  get path(): never {
    throw new TypeError('only the general executor knows the path');
  }
}
