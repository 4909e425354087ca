/** Two clocks differ by at most this share of the time that passes. */
const DRIFT = 0.002;
/** A difference up to this is no jump, in ms. */
const TOLERANCE_MS = 5;

/**
 * Notices when the clock of Redis is set. Each reply of Redis has its time, and came between two times of the process. So it
 * bounds the difference between the clocks. Bounds that exclude each other show that one of the clocks was set.
 */
export function createClockWatch() {
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  let heardAt = 0;
  return {
    /** Takes the time of a reply in whole ms. Returns whether the clock of Redis was set since the reply before. */
    hear(time: number, sentAt: number, receivedAt: number): boolean {
      const drifted = Math.max(0, receivedAt - heardAt) * DRIFT;
      heardAt = receivedAt;
      const from = time - receivedAt;
      const to = time + 1 - sentAt;
      const isSet = from > most + drifted + TOLERANCE_MS || to < least - drifted - TOLERANCE_MS;
      least = isSet ? from : Math.max(from, least - drifted);
      most = isSet ? to : Math.max(least, Math.min(to, most + drifted));
      return isSet;
    },
  };
}
