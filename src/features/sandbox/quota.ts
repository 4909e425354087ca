const windowMs = 1000;

/** Admits exactly `rate` requests per key in any 1000 ms; 0 admits all. A refused request does not count. */
export function createQuota(rate: number) {
  const logs = new Map<string, { starts: Float64Array; oldest: number }>();
  return {
    take(key: string, at: number): boolean {
      if (rate === 0) return true;
      let log = logs.get(key);
      if (!log) {
        log = { starts: new Float64Array(rate).fill(Number.NEGATIVE_INFINITY), oldest: 0 };
        logs.set(key, log);
      }
      // Also if the clock was set back, which would otherwise refuse all requests until it has caught up.
      if (Math.abs(at - (log.starts[log.oldest] ?? 0)) < windowMs) return false;
      log.starts[log.oldest] = at;
      log.oldest = (log.oldest + 1) % rate;
      return true;
    },
    clear(): void {
      logs.clear();
    },
  };
}
