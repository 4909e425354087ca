import type { Clock } from './clock.ts';

/** A timer that fires this long after its time shows that the process was busy or stood still meanwhile. */
const LATE_MS = 50;

/**
 * Runs `expire` once `delayMs` have passed, unless the returned function calls it off. A process that was busy or stood
 * still finds its timers due before it finds the answers that came in time: then those are read first, and `wasLate`
 * says that the wait tells nothing about the API.
 */
export function atDeadline(clock: Clock, delayMs: number, expire: (wasLate: boolean) => void): () => void {
  const dueAt = clock.now() + delayMs;
  let cancel = clock.after(delayMs, () => {
    if (clock.now() - dueAt <= LATE_MS) expire(false);
    else cancel = clock.after(0, () => expire(true));
  });
  return () => cancel();
}
