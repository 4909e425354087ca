export interface LoadOptions {
  readonly perSecond: number;
  readonly seconds: number;
  /** Begins the operation with this number; `scheduledAt` is when it was due, on `performance.now()`. */
  readonly begin: (index: number, scheduledAt: number) => Promise<void>;
}

/** The outcome of the schedule. */
export interface Offered {
  readonly operations: number;
  /** How late an operation was begun at most, in ms: what the harness itself adds to a latency. */
  readonly latestMs: number;
}

/**
 * Offers operations at a steady rate whatever becomes of them (an open loop), and waits for the last. A latency that is
 * taken from `scheduledAt` holds all that a caller would have waited, also where the harness could not keep up.
 */
export async function offerLoad({ perSecond, seconds, begin }: LoadOptions): Promise<Offered> {
  const operations = Math.round(perSecond * seconds);
  const intervalMs = 1_000 / perSecond;
  const startedAt = performance.now() + intervalMs;
  const underWay = new Set<Promise<void>>();
  let latestMs = 0;
  for (let index = 0; index < operations; ) {
    const now = performance.now();
    for (; index < operations; index += 1) {
      const scheduledAt = startedAt + index * intervalMs;
      if (scheduledAt > now) break;
      latestMs = Math.max(latestMs, now - scheduledAt);
      const operation = begin(index, scheduledAt).finally(() => underWay.delete(operation));
      underWay.add(operation);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(underWay);
  return { operations, latestMs };
}
