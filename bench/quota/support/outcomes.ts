import type { GraphAnswer } from './client.ts';

/** How the operations of one kind ended. */
export interface Outcomes {
  readonly served: number;
  /** The age in ms of what was served from cache entries that may have been overtaken, one for each such answer. */
  readonly staleAges: readonly number[];
  /** GraphQL errors by code; NO_ANSWER counts operations whose connection broke. */
  readonly errors: ReadonlyMap<string, number>;
  /** The latencies of the served operations, in ms from the time when each was due. */
  readonly latencies: readonly number[];
}

/** Collects how operations end. */
export interface OutcomeLog extends Outcomes {
  /** Waits for an answer, notes its outcome and returns it. Undefined if the request failed. */
  note(scheduledAt: number, answer: Promise<GraphAnswer>): Promise<GraphAnswer | undefined>;
}

export const NO_ANSWER = 'NO_ANSWER';

export function createOutcomes(): OutcomeLog {
  const errors = new Map<string, number>();
  const latencies: number[] = [];
  const staleAges: number[] = [];

  const fail = (code: string) => {
    errors.set(code, (errors.get(code) ?? 0) + 1);
    return undefined;
  };

  return {
    errors,
    latencies,
    staleAges,
    get served() {
      return latencies.length;
    },
    async note(scheduledAt, pending) {
      let answer: GraphAnswer;
      try {
        answer = await pending;
      } catch {
        return fail(NO_ANSWER);
      }
      if (answer.errors) {
        for (const { extensions } of answer.errors) fail(extensions?.code ?? 'NO_CODE');
        return undefined;
      }
      latencies.push(performance.now() - scheduledAt);
      const { stale, oldestMs } = answer.extensions?.upstream ?? {};
      if (stale) staleAges.push(oldestMs ?? Number.NaN);
      return answer;
    },
  };
}

/** The value below which this share of the numbers lies; NaN for none. */
export function percentile(numbers: readonly number[], share: number): number {
  const sorted = Float64Array.from(numbers).sort();
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
