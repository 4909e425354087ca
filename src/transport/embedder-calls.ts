import { isThenable, type MaybePromise } from '../state/maybe-promise.ts';
import type { Clock } from './clock.ts';

interface QuestionOptions {
  /** The function, as its embedder knows it. */
  readonly name: string;
  readonly withinMs: number;
  readonly clock: Clock;
}

/**
 * Asks a function of an embedder, which may answer later, but not for ever. The answer is of an unknown type: TypeScript
 * does not check what JavaScript gives.
 * @throws what the function throws, at once or as a rejection; an Error when its time is over
 */
export function askEmbedder(ask: () => unknown, options: QuestionOptions): MaybePromise<unknown> {
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

/** A value of an embedder in words: its type, and nothing of what it holds, which may be a key. */
export function typeInWords(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Error) return 'an Error';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
