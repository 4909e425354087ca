import { defaultTypeResolver, type ExecutionResult, GraphQLError, type GraphQLResolveInfo } from 'graphql';
import type { Limits } from '../plan/limits.ts';
import type { PlannedInfo } from '../plan/look-ahead.ts';
import type { PreparedOperation } from '../plan/prepared-operation.ts';
import { AnswerMeter, AnswerRefused } from '../plan/size.ts';
import type { CompositePlan, FieldPlan, ListPlan, ObjectPlan, ValuePlan } from '../plan/tree.ts';
import type { CoercedVariables } from '../plan/variables.ts';
import { FieldErrors, type ResponsePath } from './field-errors.ts';

export interface ExecuteArgs {
  readonly prepared: PreparedOperation;
  readonly coerced: CoercedVariables;
  /** Limits of the answer, checked while it is made. */
  readonly limits: Limits;
  readonly contextValue?: unknown;
  readonly rootValue?: unknown;
}

/**
 * Like graphql's `execute`, for an operation of a valid document: the same data, and the same errors in the same order.
 * Reads the tree of the prepared operation instead of the document.
 *
 * A resolver gets `info` only if its field has the extension `usesInfo`; otherwise reading it throws. No resolver may
 * change its arguments: every execution shares them.
 */
export function execute(args: ExecuteArgs): ExecutionResult | Promise<ExecutionResult> {
  const { prepared, coerced, rootValue } = args;
  const run = new QueryRun(args);
  try {
    const root = prepared.treeFor(coerced);
    const isMutation = prepared.facts.type === 'mutation';
    const data = isMutation ? run.executeSerially(root) : run.executeFields(root, rootValue, undefined);
    if (!isPromise(data)) return run.answer(data);
    return data.then(
      (known) => run.answer(known),
      (error) => run.refuse(error),
    ) as Promise<ExecutionResult>;
  } catch (error) {
    return run.refuse(error);
  }
}

/** The events of a subscription, whose only root field gives them. @throws the error of the field */
export async function subscribe({
  prepared,
  coerced,
  contextValue,
}: ExecuteArgs): Promise<AsyncIterable<unknown>> {
  // Validation allows no other root field, and no introspection.
  const [field] = prepared.treeFor(coerced).fields as [FieldPlan];
  const { definition, readArguments } = field;
  try {
    const events = await definition.subscribe?.(undefined, readArguments(coerced), contextValue, NO_INFO);
    return events as AsyncIterable<unknown>;
  } catch (error) {
    throw new FieldErrors().locate(error, field, pathOf(field, undefined));
  }
}

/** Stands for `info` where a field does not say that its resolver reads it. */
const NO_INFO = new Proxy({} as GraphQLResolveInfo, {
  get(_info, member) {
    throw new TypeError(
      `The resolver reads info.${String(member)}, but its field does not have the option usesInfo: true.`,
    );
  },
});

/** An object of the answer. Its prototype has no setter `__proto__`, because that is a valid response key. */
class Data {
  [key: string]: unknown;
}
Object.setPrototypeOf(Data.prototype, null);

type MaybeData = Data | PromiseLike<Data>;
type Path = ResponsePath | undefined;

/** Creates the same promises as graphql-js, for the same order, without what graphql-js computes again for every value. */
class QueryRun {
  readonly #prepared: PreparedOperation;
  readonly #variables: CoercedVariables;
  readonly #rootValue: unknown;
  readonly #context: unknown;
  readonly #meter: AnswerMeter;
  /** Undefined in most executions. */
  #errors: FieldErrors | undefined;

  constructor({ prepared, coerced, rootValue, contextValue, limits }: ExecuteArgs) {
    this.#prepared = prepared;
    this.#variables = coerced;
    this.#rootValue = rootValue;
    this.#context = contextValue;
    this.#meter = new AnswerMeter(limits);
  }

  answer(data: unknown): ExecutionResult {
    const answer = { data: data as ExecutionResult['data'] };
    return this.#errors?.list.length ? { errors: this.#errors.list, ...answer } : answer;
  }

  /** An error reached the root, so there is no data. */
  refuse(error: unknown): ExecutionResult {
    if (error instanceof AnswerRefused) return { errors: [error.reason] };
    this.#errors ??= new FieldErrors();
    this.#errors.add(error as GraphQLError, undefined);
    return this.answer(null);
  }

  executeFields({ fields, bytes, failure }: ObjectPlan, source: unknown, path: Path): MaybeData {
    if (failure) throw failure;
    this.#meter.countObject(bytes);
    const data = new Data();
    let promised: string[] | undefined;
    try {
      for (const field of fields) {
        if (!this.#addField(data, field, source, path)) continue;
        // An empty list that grows allocates room for 17 items.
        if (promised) promised.push(field.key);
        else promised = [field.key];
      }
    } catch (error) {
      if (!promised) throw error;
      // Fields that have begun may fail as well: waits for them, so that no rejection is unhandled.
      return whenAllThere(data, promised).finally(() => {
        throw error;
      });
    }
    return promised ? whenAllThere(data, promised) : data;
  }

  executeSerially({ fields, bytes, failure }: ObjectPlan): MaybeData {
    if (failure) throw failure;
    this.#meter.countObject(bytes);
    const add = (data: Data, field: FieldPlan): MaybeData => {
      if (!this.#addField(data, field, this.#rootValue, undefined)) return data;
      return (data[field.key] as PromiseLike<unknown>).then((value) => {
        data[field.key] = value;
        return data;
      });
    };
    return fields.reduce<MaybeData>(
      (data, field) => (isPromise(data) ? data.then((known) => add(known as Data, field)) : add(data, field)),
      new Data(),
    );
  }

  #addField(data: Data, field: FieldPlan, source: unknown, above: Path): boolean {
    const { value: plan, usesInfo, resolve, constantArguments } = field;
    // The path of a leaf is needed only in an error, and is made there.
    const path = usesInfo || plan.kind !== 'leaf' ? pathOf(field, above) : undefined;
    let value: unknown;
    try {
      const args = constantArguments ?? field.readArguments(this.#variables);
      const info = usesInfo ? this.#infoOf(field, path as ResponsePath) : NO_INFO;
      value = resolve
        ? resolve(source, args, this.#context, info)
        : this.#propertyOf(source, args, field, path, above);
    } catch (error) {
      data[field.key] = this.#handle(error, plan, field, path, above);
      return false;
    }
    const shown = this.#show(value, plan, field, path, above);
    data[field.key] = shown;
    return isPromise(shown);
  }

  #addItem(items: unknown[], plan: ValuePlan, field: FieldPlan, item: unknown, above: Path): boolean {
    this.#meter.countItem();
    const path = { prev: above, key: items.length, typename: undefined };
    const shown = this.#show(item, plan, field, path, above);
    items.push(shown);
    return isPromise(shown);
  }

  /**
   * What the answer shows of a value that a resolver or a list gave, or a promise of it: null for an error.
   * `path` is undefined for a field that is a leaf, and `above` is the path of its object.
   * @throws the located error if the value is non-null
   */
  #show(value: unknown, plan: ValuePlan, field: FieldPlan, path: Path, above: Path): unknown {
    let shown: unknown;
    try {
      shown = isPromise(value)
        ? value.then((known) => this.#complete(plan, field, known, path))
        : this.#complete(plan, field, value, path);
    } catch (error) {
      return this.#handle(error, plan, field, path, above);
    }
    return isPromise(shown)
      ? shown.then(undefined, (error) => this.#handle(error, plan, field, path, above))
      : shown;
  }

  #propertyOf(source: unknown, args: Data, field: FieldPlan, path: Path, above: Path): unknown {
    const hasProperties = (typeof source === 'object' && source !== null) || typeof source === 'function';
    const property = hasProperties ? (source as Data)[field.definition.name] : undefined;
    if (typeof property !== 'function') return property;
    return property.call(source, args, this.#context, this.#infoOf(field, path ?? pathOf(field, above)));
  }

  #infoOf(field: FieldPlan, path: ResponsePath): PlannedInfo {
    const { definition, nodes, parentType } = field;
    const { schema, fragments, operation } = this.#prepared;
    return {
      field,
      fieldName: definition.name,
      fieldNodes: nodes,
      returnType: definition.type,
      parentType,
      path,
      schema,
      fragments,
      operation,
      rootValue: this.#rootValue,
      variableValues: this.#variables,
    };
  }

  /** Adds an error to the response and returns null. @throws the located error if the value is non-null */
  #handle(rawError: unknown, plan: ValuePlan, field: FieldPlan, given: Path, above: Path): null {
    if (rawError instanceof AnswerRefused) throw rawError;
    const path = given ?? pathOf(field, above);
    // Counts before it makes the error, because a refused answer needs no further errors.
    if (!plan.isNonNull) this.#meter.countError(rawError);
    this.#errors ??= new FieldErrors();
    const error = this.#errors.locate(rawError, field, path);
    if (plan.isNonNull) throw error;
    this.#errors.add(error, path);
    return null;
  }

  #complete(plan: ValuePlan, field: FieldPlan, value: unknown, path: Path): unknown {
    if (value instanceof Error) throw value;
    if (value === null || value === undefined) {
      if (!plan.isNonNull) return null;
      const { parentType, definition } = field;
      throw new Error(`Cannot return null for non-nullable field ${parentType.name}.${definition.name}.`);
    }
    switch (plan.kind) {
      case 'leaf': {
        const serialized = plan.type.serialize(value);
        if (serialized === null || serialized === undefined)
          throw new Error(`${plan.type.name} has serialized a value to ${serialized}.`);
        this.#meter.countLeaf(serialized);
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
    if (typeof value !== 'object' || value === null || !(Symbol.iterator in value)) {
      const { parentType, definition } = field;
      throw new GraphQLError(
        `Expected Iterable, but did not find one for field "${parentType.name}.${definition.name}".`,
      );
    }
    const items: unknown[] = [];
    let isPromised = false;
    try {
      for (const item of value as Iterable<unknown>)
        if (this.#addItem(items, plan, field, item, path)) isPromised = true;
    } catch (error) {
      // The other values are ignored, so their rejections must not be unhandled.
      const others = Array.isArray(value) ? [...items, ...value.slice(items.length)] : items;
      for (const other of others) if (isPromise(other)) other.then(undefined, () => undefined);
      throw error;
    }
    return isPromised ? Promise.all(items) : items;
  }

  #completeAbstract(plan: CompositePlan, field: FieldPlan, value: unknown, path: Path): unknown {
    const type = plan.abstractType as NonNullable<CompositePlan['abstractType']>;
    const complete = (name: unknown) => {
      const object = typeof name === 'string' ? plan.objects.get(name) : undefined;
      if (!object) throw new Error(`${type.name} was resolved to a type that it does not have.`);
      return this.#completeObject(object, field, value, path);
    };
    const resolveType = type.resolveType ?? defaultTypeResolver;
    const name = resolveType(value, this.#context, this.#infoOf(field, fieldPathOf(path)), type);
    return isPromise(name) ? name.then(complete) : complete(name);
  }

  #completeObject(object: ObjectPlan, field: FieldPlan, value: unknown, path: Path): unknown {
    const { type, failure } = object;
    // Like graphql-js, which collects the fields before it checks the type.
    if (failure) throw failure;
    if (!type.isTypeOf) return this.executeFields(object, value, path);
    const complete = (isOfType: unknown) => {
      if (!isOfType) throw new Error(`A value does not have its type ${type.name}.`);
      return this.executeFields(object, value, path);
    };
    const isOfType: unknown = type.isTypeOf(value, this.#context, this.#infoOf(field, fieldPathOf(path)));
    return isPromise(isOfType) ? isOfType.then(complete) : complete(isOfType);
  }
}

function fieldPathOf(path: Path): ResponsePath {
  let at = path as ResponsePath;
  while (typeof at.key === 'number' && at.prev) at = at.prev;
  return at;
}

function pathOf({ key, parentType }: FieldPlan, above: Path): ResponsePath {
  return { prev: above, key, typename: parentType.name };
}

/** Waits until every value is known. Not an async function, which would keep 0.3 kB more. */
function whenAllThere(data: Data, keys: readonly string[]): Promise<Data> {
  // Most objects promise one field. `then` takes the same tick as a promise of all, with a tenth of the memory.
  const [key = ''] = keys;
  const single = keys.length === 1 && Promise.resolve(data[key]).then(Array.of<unknown>);
  return (single || Promise.all(keys.map((each) => data[each]))).then((values) => {
    for (let index = 0; index < keys.length; index += 1) data[keys[index] as string] = values[index];
    return data;
  });
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function'
  );
}
