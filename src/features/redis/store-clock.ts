import { WINDOW_MS } from '../../state/sliding-window-log.ts';

/** The clock of Redis may gain this share of time, as a clock that is being adjusted does. */
const MAX_DRIFT = 0.05;
/** Gains beyond the drift that are no jump, in ms. */
const MAX_STEP_MS = 50;
const INTERVAL_MS = 250;
/** A request counts for a window, and for what the clock has gained meanwhile. */
const HORIZON_MS = 1_100;
/** The shortest trip is known to this, in ms: Redis reports whole ms. */
const TRIP_STEP_MS = 1;
/** The clock never gains more within the horizon without a jump, in ms. */
export const MAX_GAIN_MS = 120;

/**
 * Compares the clock of Redis with the monotonic clock of this process. The lead of Redis is known within the round trip of each
 * report: at least what remains when the report is read, at most what remained when Redis was asked.
 */
export class StoreClock {
  /** The largest lead that earlier reports allow, and when. */
  #mostMs = Number.POSITIVE_INFINITY;
  #mostAt = 0;
  /** How long a command takes at least, there and back, in ms. */
  #tripMs = 0;
  /** The largest certain lead of each interval, the oldest first. */
  #leads: { readonly from: number; leadMs: number }[] = [];

  /** Takes the time that Redis has reported. Returns whether its clock has jumped forward. */
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
   * The time on the clock of Redis at which a command will be carried out that is sent now, in whole ms, or less. It may be
   * later than that if the network has become faster, or the clock of Redis slower.
   */
  expectedAt(now: number): number {
    const last = this.#leads.at(-1);
    return last ? Math.max(0, Math.floor(now + last.leadMs + this.#tripMs)) : 0;
  }

  /** Redis had not come to the time that was expected. */
  correct(time: number, now: number): void {
    this.#leads = [{ from: now, leadMs: time - now }];
    this.#tripMs = Math.max(0, this.#tripMs - TRIP_STEP_MS);
  }

  /** How far the clock of Redis has gained on this process within the last window, or more, in ms. */
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
