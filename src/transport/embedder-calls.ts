import type { Clock } from '../base/clock.ts';
import { isThenable, type MaybePromise } from '../base/maybe-promise.ts';

interface QuestionOptions {
  readonly name: string;
  readonly withinMs: number;
  readonly clock: Clock;
}

/**
 * The promise must settle in time. TypeScript does not check an embedder's values.
 * @throws what the function throws, at once or as a rejection; an Error when its time is over
 */
export function askEmbedder<T>(ask: () => T | PromiseLike<T>, options: QuestionOptions): MaybePromise<T> {
  const given = ask();
  if (!isThenable(given)) return given;
  const { name, withinMs, clock } = options;
  return new Promise((resolve, reject) => {
    const cancel = clock.after(withinMs, () =>
      reject(new Error(`${name} gave a promise that is not settled after ${withinMs} ms.`)),
    );
    Promise.resolve(given).finally(cancel).then(resolve, reject);
  });
}

/** Describes the type of an embedder's value. Never shows the content, which may be a key. */
export function typeInWords(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Error) return 'an Error';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
