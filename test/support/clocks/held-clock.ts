import { type Clock, systemClock } from '../../../src/transport/clock.ts';
import type { Respond } from '../api/recorder.ts';

/** The real time, on which long waits do not end by themselves. */
export interface HeldClock extends Clock {
  /** Ends the waits that were to be no longer than this. */
  pass(ms: number): void;
}

/** Answers, or ends waits. */
export type RespondInTime = (...call: [...Parameters<Respond>, HeldClock]) => ReturnType<Respond>;

/** As long as between two polls. */
const HELD_FROM_MS = 2_000;

export function createHeldClock(): HeldClock {
  const held = new Set<{ readonly ms: number; readonly action: () => void }>();
  return {
    now: systemClock.now,
    after(ms, action) {
      if (ms < HELD_FROM_MS) return systemClock.after(ms, action);
      const wait = { ms, action };
      held.add(wait);
      return () => void held.delete(wait);
    },
    pass(most) {
      for (const wait of [...held]) {
        if (wait.ms <= most && held.delete(wait)) wait.action();
      }
    },
  };
}
