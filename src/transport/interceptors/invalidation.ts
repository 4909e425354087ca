import { type MaybePromise, whenKnown } from '../../state/maybe-promise.ts';
import type { Generation, Generations } from '../../state/port.ts';
import type { Answer, Call, Interceptor, Send } from '../call.ts';
import { CallFailure } from '../errors.ts';
import type { Progress } from '../progress.ts';

/** An endpoint answers within this time or not at all (`upstream-api.md`). */
const LONGEST_CALL_MS = 100_000;

/**
 * Numbers, not times, decide what is older: a read notes the generation of its resource when it begins, as a part of its
 * key, and its answer is good for others only while no later write has touched the resource, however long the read was
 * under way. A write bumps the generations of what it touches once it was, or may have been, carried out.
 */
export function invalidation(generations: Generations): Interceptor {
  const write = async <T>(next: Send, call: Call<T>, progress: Progress): Promise<Answer<T>> => {
    try {
      const answer = await next(call, progress);
      await generations.bump(call.invalidates, 0);
      return answer;
    } catch (failure) {
      const executed = failure instanceof CallFailure ? failure.executed : 'unknown';
      if (executed === 'unknown') await generations.bump(call.invalidates, LONGEST_CALL_MS);
      throw failure;
    }
  };

  return (next) => (call, progress) => {
    if (call.kind === 'write') return write(next, call, progress);
    const generation = generationOf(generations, call);
    if (generation instanceof Promise) {
      return generation.then((known) => next(begun(call, known), progress));
    }
    return next(begun(call, generation), progress);
  };
}

/** Whether no write has touched a read's resource since the read began. */
export function createKeyCheck(generations: Generations) {
  return <T>(call: Call<T>) =>
    whenKnown(generationOf(generations, call), (generation) => keyOf(call, generation) === call.key);
}

/** Of the resource, and of the wider one if there is one: what touches either makes an answer old. */
interface CallGeneration {
  readonly number: number | string;
  readonly isInDoubt: boolean;
}

function generationOf<T>(
  generations: Generations,
  { resource, widerResource }: Call<T>,
): MaybePromise<CallGeneration> {
  const own = generations.read(resource);
  if (widerResource === undefined) return own;
  const wider = generations.read(widerResource);
  return whenKnown(own, (narrow) => whenKnown(wider, (wide) => both(narrow, wide)));
}

function both(own: Generation, wider: Generation): CallGeneration {
  return { number: `${own.number}.${wider.number}`, isInDoubt: own.isInDoubt || wider.isInDoubt };
}

function begun<T>(call: Call<T>, generation: CallGeneration): Call<T> {
  return { ...call, key: keyOf(call, generation), isInDoubt: generation.isInDoubt };
}

function keyOf<T>({ origin, method, path, body }: Call<T>, { number }: CallGeneration): string {
  return `${origin.account} ${number} ${method} ${path} ${body ?? ''}`;
}
