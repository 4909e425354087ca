import { defaultTypeResolver, type ExecutionResult, GraphQLError } from 'graphql';
import type { CoercedVariables } from '../plan/arguments.ts';
import type { PlannedInfo } from '../plan/look-ahead.ts';
import type { PreparedOperation } from '../plan/prepared-operation.ts';
import type { CompositePlan, FieldPlan, ListPlan, ObjectPlan, ValuePlan } from '../plan/select.ts';
import { type AnswerMeter, AnswerRefused } from '../plan/size.ts';
import { FieldErrors, type InfoSource, type ResponsePath, resolveInfo } from './response-path.ts';

export type Data = Record<string, unknown>;
type Path = ResponsePath | undefined;

/**
 * One execution of a compiled query. It goes as graphql-js goes, promise by promise, so that data and errors come out the
 * same in the same order; what it spares is what graphql-js works out again for every value.
 */
export class QueryRun implements InfoSource {
  readonly prepared: PreparedOperation;
  readonly rootValue: unknown;
  readonly variables: CoercedVariables;
  #errors: FieldErrors | undefined;
  readonly #context: unknown;
  readonly #meter: AnswerMeter | undefined;

  constructor(
    prepared: PreparedOperation,
    rootValue: unknown,
    context: unknown,
    variables: CoercedVariables,
    meter: AnswerMeter | undefined,
  ) {
    this.prepared = prepared;
    this.rootValue = rootValue;
    this.variables = variables;
    this.#context = context;
    this.#meter = meter;
  }

  /** Its errors so far: most executions have none. */
  get errors(): FieldErrors {
    this.#errors ??= new FieldErrors();
    return this.#errors;
  }

  /** The answer with this data. */
  answer(data: unknown): ExecutionResult {
    const answer = { data: data as ExecutionResult['data'] };
    return this.#errors?.list.length ? { errors: this.#errors.list, ...answer } : answer;
  }

  /** The fields of an object, side by side. */
  executeFields(object: ObjectPlan, source: unknown, path: Path): Data | PromiseLike<Data> {
    const { fields, template } = object;
    this.#meter?.addObject(object.keyCharacters);
    const data: Data = { ...template };
    let promised: string[] | undefined;
    try {
      for (const field of fields) {
        const value = this.#executeField(field, source, path);
        data[field.key] = value;
        if (isPromise(value)) {
          promised ??= [];
          promised.push(field.key);
        }
      }
    } catch (error) {
      if (!promised) throw error;
      // Those that were begun may fail as well, and somebody has to hear of it.
      return whenAllThere(data, promised).finally(() => {
        throw error;
      });
    }
    return promised ? whenAllThere(data, promised) : data;
  }

  /** The fields of a mutation, each when all of the one before is there. */
  executeSerially({ fields, template }: ObjectPlan, source: unknown): Data | PromiseLike<Data> {
    return fields.reduce<Data | PromiseLike<Data>>(
      (data, field) =>
        isPromise(data)
          ? data.then((known) => this.#addField(known as Data, field, source))
          : this.#addField(data, field, source),
      { ...template },
    );
  }

  #addField(data: Data, field: FieldPlan, source: unknown): Data | PromiseLike<Data> {
    const value = this.#executeField(field, source, undefined);
    if (!isPromise(value)) {
      data[field.key] = value;
      return data;
    }
    return value.then((known) => {
      data[field.key] = known;
      return data;
    });
  }

  #executeField(field: FieldPlan, source: unknown, above: Path): unknown {
    const { value: plan, usesInfo, resolve, constantArguments } = field;
    // The path of a leaf is only seen in an error, so it is made with the error.
    const path = usesInfo || plan.kind !== 'leaf' ? pathOf(field, above) : undefined;
    try {
      const args = constantArguments ?? field.readArguments(this.variables);
      // It is only undefined for resolvers that declare no fourth parameter.
      const info = usesInfo ? resolveInfo(this, field, path as ResponsePath) : undefined;
      const result = resolve
        ? resolve(source, args, this.#context, info as PlannedInfo)
        : this.#propertyOf(source, args, field, above, path);
      if (isPromise(result)) {
        return result
          .then((value) => this.#complete(plan, field, value, path))
          .then(undefined, (error) => this.#handle(error, plan, field, path ?? pathOf(field, above)));
      }
      const completed = this.#complete(plan, field, result, path);
      if (!isPromise(completed)) return completed;
      return completed.then(undefined, (error) =>
        this.#handle(error, plan, field, path ?? pathOf(field, above)),
      );
    } catch (error) {
      return this.#handle(error, plan, field, path ?? pathOf(field, above));
    }
  }

  /** A field without a resolver. */
  #propertyOf(source: unknown, args: Data, field: FieldPlan, above: Path, path: Path): unknown {
    const hasProperties = (typeof source === 'object' && source !== null) || typeof source === 'function';
    const property = hasProperties ? (source as Data)[field.definition.name] : undefined;
    if (typeof property !== 'function') return property;
    return property.call(source, args, this.#context, resolveInfo(this, field, path ?? pathOf(field, above)));
  }

  /** Adds an error to the response, where there is null for it. @throws it, located, where there cannot be null. */
  #handle(rawError: unknown, plan: ValuePlan, { nodes }: FieldPlan, path: ResponsePath): null {
    if (rawError instanceof AnswerRefused) throw rawError;
    // Before it is made: once an answer is refused, none of those that follow is.
    if (!plan.isNonNull) this.#meter?.addError();
    const error = this.errors.locate(rawError, nodes, path);
    if (plan.isNonNull) throw error;
    this.errors.add(error, path);
    return null;
  }

  #complete(plan: ValuePlan, field: FieldPlan, value: unknown, path: Path): unknown {
    if (value instanceof Error) throw value;
    if (value === null || value === undefined) {
      if (plan.isNonNull) throw missing(field);
      return null;
    }
    switch (plan.kind) {
      case 'leaf': {
        const serialized = plan.type.serialize(value);
        if (serialized === null || serialized === undefined)
          throw new Error(`${plan.type.name} has serialized a value to ${serialized}.`);
        this.#meter?.addLeaf(serialized);
        return serialized;
      }
      case 'list':
        return this.#completeList(plan, field, value, path);
      case 'composite': {
        const { onlyObject } = plan;
        if (!onlyObject) return this.#completeAbstract(plan, field, value, path);
        return onlyObject.type.isTypeOf
          ? this.#completeObject(onlyObject, field, value, path)
          : this.executeFields(onlyObject, value, path);
      }
    }
  }

  #completeList({ item: plan }: ListPlan, field: FieldPlan, value: unknown, path: Path): unknown {
    if (!isIterable(value)) {
      const { parentType, definition } = field;
      throw new GraphQLError(
        `Expected Iterable, but did not find one for field "${parentType.name}.${definition.name}".`,
      );
    }
    const items: unknown[] = [];
    let hasPromise = false;
    try {
      for (const item of value) {
        const completed = this.#completeItem(plan, field, item, items.length, path);
        if (isPromise(completed)) hasPromise = true;
        items.push(completed);
      }
    } catch (error) {
      // Nobody will wait for the others.
      const others = Array.isArray(value) ? [...items, ...value.slice(items.length)] : items;
      for (const other of others) if (isPromise(other)) other.then(undefined, () => undefined);
      throw error;
    }
    return hasPromise ? Promise.all(items) : items;
  }

  #completeItem(plan: ValuePlan, field: FieldPlan, item: unknown, index: number, above: Path): unknown {
    const path = plan.kind === 'leaf' ? undefined : { prev: above, key: index, typename: undefined };
    const handle = (error: unknown) =>
      this.#handle(error, plan, field, path ?? { prev: above, key: index, typename: undefined });
    try {
      const completed = isPromise(item)
        ? item.then((value) => this.#complete(plan, field, value, path))
        : this.#complete(plan, field, item, path);
      return isPromise(completed) ? completed.then(undefined, handle) : completed;
    } catch (error) {
      return handle(error);
    }
  }

  #completeAbstract(plan: CompositePlan, field: FieldPlan, value: unknown, path: Path): unknown {
    const type = plan.abstractType as NonNullable<CompositePlan['abstractType']>;
    const info = resolveInfo(this, field, fieldPathOf(path));
    const complete = (name: unknown) => {
      const object = typeof name === 'string' ? plan.objects.get(name) : undefined;
      if (!object) throw new Error(`${type.name} was resolved to what is none of its types.`);
      return this.#completeObject(object, field, value, path);
    };
    const resolveType = type.resolveType ?? defaultTypeResolver;
    const name = resolveType(value, this.#context, info, type);
    return isPromise(name) ? name.then(complete) : complete(name);
  }

  #completeObject(object: ObjectPlan, field: FieldPlan, value: unknown, path: Path): unknown {
    const { type } = object;
    if (!type.isTypeOf) return this.executeFields(object, value, path);
    const info = resolveInfo(this, field, fieldPathOf(path));
    const complete = (isOfType: unknown) => {
      if (!isOfType) throw new Error(`A value of the type ${type.name} is none.`);
      return this.executeFields(object, value, path);
    };
    const isOfType: unknown = type.isTypeOf(value, this.#context, info);
    return isPromise(isOfType) ? isOfType.then(complete) : complete(isOfType);
  }
}

/** The path of the field in whose list an item stands. */
function fieldPathOf(path: Path): ResponsePath {
  let at = path as ResponsePath;
  while (typeof at.key === 'number' && at.prev) at = at.prev;
  return at;
}

function pathOf({ key, parentType }: FieldPlan, above: Path): ResponsePath {
  return { prev: above, key, typename: parentType.name };
}

function missing({ parentType, definition }: FieldPlan): Error {
  return new Error(`Cannot return null for non-nullable field ${parentType.name}.${definition.name}.`);
}

/** Puts what is promised into its place, when all of it is there. */
async function whenAllThere(data: Data, keys: readonly string[]): Promise<Data> {
  const promised: unknown[] = [];
  for (const key of keys) promised.push(data[key]);
  const values = await Promise.all(promised);
  for (let index = 0; index < keys.length; index += 1) data[keys[index] as string] = values[index];
  return data;
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function'
  );
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}
