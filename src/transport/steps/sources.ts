import type { Answer, Call, WhyAsked } from '../call.ts';
import type { Interceptor, Send } from '../step.ts';
import type { Usage } from '../usage.ts';

/** How many calls of an operation a report names. */
const MAX_SOURCES = 100;

/**
 * Notes where the answer of each call came from, for operations that want to know. Leaves out the calls that find out
 * whether an object is within a caller's reach: their endpoints would tell whether the object exists.
 */
export function sources(whyAsked: (call: Call<unknown>) => WhyAsked): Interceptor {
  const note = async <T>(next: Send, call: Call<T>, usage: Usage, why: WhyAsked): Promise<Answer<T>> => {
    const { endpoint } = call;
    const noted = usage.sources ?? [];
    const isRoom = () => noted.length < MAX_SOURCES;
    try {
      const answer = await next(call, usage);
      const isCached = answer.source === 'fresh' || answer.source === 'stale';
      if (isRoom()) noted.push(isCached ? { endpoint, from: 'cache' } : { endpoint, from: 'api', why });
      return answer;
    } catch (failure) {
      if (isRoom()) noted.push({ endpoint, from: 'api', why });
      throw failure;
    }
  };

  return (next) => (call, usage) => {
    if (!usage.sources || call.isUnshared) return next(call, usage);
    return note(next, call, usage, whyAsked(call));
  };
}
