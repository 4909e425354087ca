/** A value that is known now or later. A value from memory costs no tick of the event loop. */
export type MaybePromise<T> = T | Promise<T>;

/** Calls `next` with the value: at once, unless the value is a promise. */
export function whenKnown<T, Result>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<Result>,
): MaybePromise<Result> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Whether a value is a promise, of any library. @throws what a getter named `then` throws */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  const canHaveMembers = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return canHaveMembers && typeof (value as { readonly then?: unknown }).then === 'function';
}

/** Calls a function of an embedder for its effect. A throw or a rejection goes to `onFailure`, which must not throw. */
export function notify(call: () => unknown, onFailure: (error: unknown) => void): void {
  try {
    const given = call();
    if (isThenable(given)) Promise.resolve(given).catch(onFailure);
  } catch (error) {
    onFailure(error);
  }
}
