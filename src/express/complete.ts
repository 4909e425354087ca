import type { GraphQLLeafType } from 'graphql';
import type { Complete, ObjectPlan } from './plan.ts';

export function optional(complete: Complete): Complete {
  return (value, run) => (value === null || value === undefined ? null : complete(value, run));
}

export function required(complete: Complete): Complete {
  return (value, run) => {
    if (value === null || value === undefined) throw new TypeError('a value is missing');
    return complete(value, run);
  };
}

export function leaf(type: GraphQLLeafType): Complete {
  return (value) => {
    throwError(value);
    const serialized = type.serialize(value);
    if (serialized === null || serialized === undefined) throw new TypeError('a value is missing');
    return serialized;
  };
}

export function list(complete: Complete): Complete {
  return (value, run) => {
    if (!Array.isArray(value)) throw new TypeError('not a list');
    const items: unknown[] = new Array(value.length);
    let index = 0;
    try {
      for (; index < value.length; index += 1) run.put(items as never, index, value[index], complete);
    } catch (error) {
      // Nobody will wait for the others.
      for (const item of value.slice(index)) if (isThenable(item)) item.then(undefined, () => undefined);
      throw error;
    }
    return items;
  };
}

export function object(plan: ObjectPlan): Complete {
  return (value, run) => {
    throwError(value);
    return run.resolve(plan, value);
  };
}

function throwError(value: unknown): void {
  if (typeof value === 'object' && value instanceof Error) throw value;
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function'
  );
}
