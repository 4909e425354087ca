import type { Clock } from './clock.ts';

/** A member of an answer that is not as the API documents it. Holds names and types, never a value. */
export interface Difference {
  /** Its path, such as `sessions[].job_id`. A key of a map is `*`. */
  readonly member: string;
  /** Documented but absent, of another type, or not documented. */
  readonly kind: 'missing' | 'type' | 'new';
  readonly documented: string | undefined;
  readonly found: string | undefined;
}

export interface EndpointDifference extends Difference {
  readonly endpoint: string;
}

export interface AnswerWatch {
  /** Whether to compare an answer in which the decoder has found nothing wrong. */
  isDue(endpoint: string): boolean;
  differs(endpoint: string, differences: readonly Difference[]): void;
}

/** Comparing every answer would cost more than decoding it. */
const COMPARE_EVERY_MS = 1_000;
const REPORT_AGAIN_AFTER_MS = 3_600_000;
/** With a series of each kind for all others, metrics have 200 series. The API chooses the names, so they need a bound. */
const MAX_KNOWN = 197;
const OTHERS = 'others';

/** One answer of each endpoint a second, and each that the decoder cannot use. `isFirstReport`: the first in an hour. */
export function createAnswerWatch(
  clock: Clock,
  report: (difference: EndpointDifference, isFirstReport: boolean) => void,
): AnswerWatch {
  const comparedAt = new Map<string, number>();
  const reportedAt = new Map<string, number>();
  return {
    isDue(endpoint) {
      const now = clock.now();
      const last = comparedAt.get(endpoint);
      if (last !== undefined && now - last < COMPARE_EVERY_MS) return false;
      comparedAt.set(endpoint, now);
      return true;
    },
    differs(endpoint, differences) {
      const now = clock.now();
      for (const found of differences) {
        const nameOf = ({ endpoint, member, kind }: EndpointDifference) => `${kind} ${endpoint} ${member}`;
        let difference: EndpointDifference = { endpoint, ...found };
        if (reportedAt.size >= MAX_KNOWN && !reportedAt.has(nameOf(difference)))
          difference = { ...difference, endpoint: OTHERS, member: OTHERS };
        const name = nameOf(difference);
        const last = reportedAt.get(name);
        const isFirstReport = last === undefined || now - last >= REPORT_AGAIN_AFTER_MS;
        if (isFirstReport) reportedAt.set(name, now);
        report(difference, isFirstReport);
      }
    },
  };
}
