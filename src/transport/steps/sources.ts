import type { Answer, Call, WhyAsked } from '../call.ts';
import type { Usage } from '../usage.ts';

/** How many calls of an operation a report names. */
const MAX_SOURCES = 100;

/**
 * Notes where the answer of a call came from, if its operation wants to know. `why`: why the API was asked, if it was.
 */
export function noted<T>(
  answer: Promise<Answer<T>>,
  { endpoint }: Call<T>,
  { sources }: Usage,
  why: WhyAsked,
): Promise<Answer<T>> {
  if (!sources) return answer;
  const note = (isCached: boolean) => {
    if (sources.length >= MAX_SOURCES) return;
    sources.push(isCached ? { endpoint, from: 'cache' } : { endpoint, from: 'api', why });
  };
  return answer.then(
    (given) => {
      note(given.source === 'fresh' || given.source === 'stale');
      return given;
    },
    (failure) => {
      note(false);
      throw failure;
    },
  );
}
