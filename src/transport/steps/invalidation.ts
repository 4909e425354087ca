import type { Clock } from '../../base/clock.ts';
import { type MaybePromise, whenKnown } from '../../base/maybe-promise.ts';
import type { Generation, Generations } from '../../state/port.ts';
import type { Answer, Call } from '../call.ts';
import { CallFailure } from '../errors.ts';
import type { Interceptor, Send } from '../step.ts';
import type { Usage } from '../usage.ts';

/** An endpoint answers within this time or not at all (`docs/luaauth-api.md#in-general`). */
const LONGEST_CALL_MS = 100_000;

/**
 * Generation numbers, not times, decide what is older. A read notes the generations of its resources when it begins.
 * Other reads may share its answer until a later write touches these resources. A write raises the generations of its
 * resources when it ends, if it was, or may have been, carried out. LuaAuth may carry out a write of unknown outcome later, so
 * such a write raises them once more when it can no longer be carried out.
 * @param clock - its timers do not keep the process alive
 */
export function invalidation(generations: Generations, clock: Clock): Interceptor {
  const write = async <T>(next: Send, call: Call<T>, usage: Usage): Promise<Answer<T>> => {
    // A timer must not keep the body of the call.
    const { resources } = call;
    const { account, snapshot = generations.snapshot(account) } = call.origin;
    const count = async () => {
      if (!(await snapshot.wrote(resources))) usage.isLost = true;
    };
    const answer = await next(call, usage).catch(async (failure) => {
      if (failure instanceof CallFailure && failure.executed !== 'unknown') throw failure;
      await count();
      clock.after(LONGEST_CALL_MS, () => void generations.snapshot(account).wrote(resources));
      throw failure;
    });
    await count();
    return answer;
  };

  const read = <T>(next: Send, call: Call<T>, usage: Usage, generation: Generation) => {
    if (generation.isLost) usage.isLost = true;
    const { number, isLost } = generation;
    return next({ ...call, notes: { ...call.notes, generation: number, isLost } }, usage);
  };

  return (next) => (call, usage) => {
    if (call.kind === 'write') return write(next, call, usage);
    const generation = generationOf(generations, call);
    if (generation instanceof Promise) return generation.then((known) => read(next, call, usage, known));
    return read(next, call, usage, generation);
  };
}

export function createGenerationCheck(generations: Generations) {
  return <T>(call: Call<T>) =>
    whenKnown(generationOf(generations, call), ({ number }) => number === call.notes.generation);
}

/** The combined generation of all resources of a read. A write to any of them makes an answer old. */
function generationOf<T>(generations: Generations, call: Call<T>): MaybePromise<Generation> {
  const { snapshot = generations.snapshot(call.origin.account) } = call.origin;
  let all = snapshot.read(call.resources[0] ?? '');
  for (let index = 1; index < call.resources.length; index += 1) {
    const next = snapshot.read(call.resources[index] as string);
    const before = all;
    all = whenKnown(before, (one) => whenKnown(next, (other) => both(one, other)));
  }
  return all;
}

function both(one: Generation, other: Generation): Generation {
  return { number: `${one.number}.${other.number}`, isLost: one.isLost || other.isLost };
}
