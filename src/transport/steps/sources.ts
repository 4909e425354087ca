import type { Answer, Call, Interceptor, Progress, Send, WhyAsked } from '../call.ts';

/** How many calls of an operation a report names. */
const MAX_SOURCES = 100;

/**
 * Notes where the answer of each call came from, for operations that want to know. Leaves out the calls that find out
 * whether an object is within a caller's reach: their endpoints would tell whether the object exists.
 */
export function sources(whyAsked: (call: Call<unknown>) => WhyAsked): Interceptor {
  const note = async <T>(
    next: Send,
    call: Call<T>,
    progress: Progress,
    why: WhyAsked,
  ): Promise<Answer<T>> => {
    const { endpoint } = call;
    const noted = progress.sources ?? [];
    const isRoom = () => noted.length < MAX_SOURCES;
    try {
      const answer = await next(call, progress);
      const isCached = answer.source === 'fresh' || answer.source === 'stale';
      if (isRoom()) noted.push(isCached ? { endpoint, from: 'cache' } : { endpoint, from: 'api', why });
      return answer;
    } catch (failure) {
      if (isRoom()) noted.push({ endpoint, from: 'api', why });
      throw failure;
    }
  };

  return (next) => (call, progress) => {
    if (!progress.sources || call.isUnshared) return next(call, progress);
    return note(next, call, progress, whyAsked(call));
  };
}
