import { WINDOW_MS } from '../../state/sliding-window-log.ts';

/** The most that the clock of Redis gains without a jump, as a share of time. The clock may be under adjustment. */
const MAX_DRIFT = 0.05;
/** The largest gain beyond the drift that is no jump, in ms. */
const MAX_STEP_MS = 50;
const INTERVAL_MS = 250;
/** How far back gains are kept, in ms: a request counts for a window, and for the gain within it. */
const HORIZON_MS = 1_100;
/** The precision of the shortest trip, in ms: Redis reports whole ms. */
const TRIP_STEP_MS = 1;
/** The most that the clock gains within the horizon without a jump, in ms. */
export const MAX_GAIN_MS = 120;

/**
 * Compares the clock of Redis with the monotonic clock of this process. Each report bounds the lead of Redis. The lead is at
 * least the difference at the answer, and at most the difference at the question.
 */
export class StoreClock {
  /** The largest lead that earlier reports allow, in ms, and the time of the last report. */
  #mostMs = Number.POSITIVE_INFINITY;
  #mostAt = 0;
  /** The shortest round trip of a command, in ms. */
  #tripMs = 0;
  /** The largest certain lead of each interval, the oldest first. */
  #leads: { readonly from: number; leadMs: number }[] = [];

  /** Takes the time that Redis has reported. Returns whether the clock of Redis has jumped forward. */
  hear(time: number, askedAt: number, now: number): boolean {
    const leadMs = time - now;
    const expectedMs = this.#mostMs + MAX_DRIFT * (now - this.#mostAt);
    const hasJumped = leadMs - expectedMs > MAX_STEP_MS;
    this.#mostMs = hasJumped ? time - askedAt : Math.min(expectedMs, time - askedAt);
    this.#mostAt = now;
    if (hasJumped) this.#leads = [];
    this.#note(leadMs, now);
    this.#tripMs = Math.max(0, Math.min(now - askedAt - TRIP_STEP_MS, this.#tripMs + TRIP_STEP_MS / 4));
    return hasJumped;
  }

  /**
   * Estimates the time on the clock of Redis at which Redis runs a command that is sent now. Rounds down to whole ms. The
   * estimate is too late if the network has become faster, or the clock of Redis slower.
   */
  expectedAt(now: number): number {
    const last = this.#leads.at(-1);
    return last ? Math.max(0, Math.floor(now + last.leadMs + this.#tripMs)) : 0;
  }

  /** Corrects an estimate that was too late: Redis had not reached the expected time. */
  correct(time: number, now: number): void {
    this.#leads = [{ from: now, leadMs: time - now }];
    this.#tripMs = Math.max(0, this.#tripMs - TRIP_STEP_MS);
  }

  /** The most that the clock of Redis may have gained on this process within the last window, in ms. */
  gainedMs(now: number): number {
    const leads = this.#leads.map((interval) => interval.leadMs);
    const gainedMs = leads.length > 0 ? Math.max(...leads) - Math.min(...leads) : 0;
    const [oldest] = this.#leads;
    const isKnown = oldest && oldest.from + INTERVAL_MS <= now - HORIZON_MS;
    return Math.min(MAX_GAIN_MS, isKnown ? gainedMs : Math.max(gainedMs, MAX_DRIFT * WINDOW_MS));
  }

  #note(leadMs: number, now: number): void {
    const leads = this.#leads;
    const last = leads.at(-1);
    if (last && now < last.from + INTERVAL_MS) last.leadMs = Math.max(last.leadMs, leadMs);
    else leads.push({ from: now, leadMs });
    while (leads[1] && leads[1].from + INTERVAL_MS <= now - HORIZON_MS) leads.shift();
  }
}
