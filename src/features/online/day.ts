const PERIOD_MS = 10 * 60_000;
/** The numbers of a day. */
export const PERIODS = 144;

/** The most connected users in each ten minutes of the last day: 144 numbers at most. */
export function createDay() {
  const counts = new Map<number, number>();
  return {
    /** `at` is in ms since 1970. */
    enter(at: number, sessions: number): void {
      const period = Math.floor(at / PERIOD_MS);
      counts.set(period, Math.max(sessions, counts.get(period) ?? 0));
      for (const known of counts.keys())
        if (known <= period - PERIODS || known > period) counts.delete(known);
    },
    /** The day that ends with the period of `now`. A period without a sample is null. */
    read(now: number) {
      const first = Math.floor(now / PERIOD_MS) - PERIODS + 1;
      return {
        from: new Date(first * PERIOD_MS),
        periodMs: PERIOD_MS,
        sessions: Array.from({ length: PERIODS }, (_, index) => counts.get(first + index) ?? null),
      };
    },
  };
}
