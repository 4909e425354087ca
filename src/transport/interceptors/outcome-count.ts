import type { Clock } from '../clock.ts';

const BUCKET_MS = 1_000;
const BUCKETS = 10;

/** Counts outcomes of the last 10 s, in buckets of one second, so that a busy gateway keeps no list of its calls. */
export function createOutcomeCount(clock: Clock) {
  let buckets: { readonly second: number; all: number; failures: number }[] = [];

  const current = () => {
    const second = Math.floor(clock.now() / BUCKET_MS);
    if (buckets[0] && buckets[0].second <= second - BUCKETS) {
      buckets = buckets.filter((bucket) => bucket.second > second - BUCKETS);
    }
    let last = buckets.at(-1);
    if (last?.second !== second) {
      last = { second, all: 0, failures: 0 };
      buckets.push(last);
    }
    return last;
  };

  return {
    add(failed: boolean): void {
      const bucket = current();
      bucket.all += 1;
      if (failed) bucket.failures += 1;
    },
    total(): { all: number; failures: number } {
      current();
      const sum = { all: 0, failures: 0 };
      for (const { all, failures } of buckets) {
        sum.all += all;
        sum.failures += failures;
      }
      return sum;
    },
    clear(): void {
      buckets = [];
    },
  };
}
