/** Time as an argument, so that deadlines and pacing can be tested without waiting. */
export interface Clock {
  /** Milliseconds on a line that never goes back; only differences mean anything. */
  now(): number;
  /** Runs `action` once after `delayMs`; the returned function calls it off. */
  after(delayMs: number, action: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};
