import type { Permit } from './port.ts';

/** The second of the quota, plus a margin for errors of clocks and timers, in ms. */
export const WINDOW_MS = 1_002;
/**
 * LuaAuth counts a request when it arrives, which is at its answer at the latest. If the answer takes longer than this after
 * the sending, in ms, the request is taken to have arrived. So the way to LuaAuth may need up to this time, however much it
 * changes from one request to the next.
 */
export const LONGEST_WAY_MS = 700;

/** A permit and the time at which it returns: a second after the latest moment at which its request can have arrived. */
export class TimedPermit implements Permit {
  /** On the clock, in ms. Infinity: no request was sent. -Infinity: the permit was given back without a request. */
  returnsAt = Number.POSITIVE_INFINITY;
  readonly #now: () => number;
  readonly #onChange: (permit: TimedPermit) => void;

  /** @param onChange - called when `returnsAt` has changed */
  constructor(now: () => number, onChange: (permit: TimedPermit) => void) {
    this.#now = now;
    this.#onChange = onChange;
  }

  get mayBeUsed(): boolean {
    return true;
  }

  sent(): void {
    if (this.returnsAt === Number.POSITIVE_INFINITY) this.#returnAt(this.#now() + LONGEST_WAY_MS + WINDOW_MS);
  }

  answered(): void {
    const at = this.#now() + WINDOW_MS;
    if (this.returnsAt !== Number.POSITIVE_INFINITY && at < this.returnsAt) this.#returnAt(at);
  }

  release(): void {
    if (this.returnsAt === Number.POSITIVE_INFINITY) this.#returnAt(Number.NEGATIVE_INFINITY);
  }

  #returnAt(at: number): void {
    this.returnsAt = at;
    this.#onChange(this);
  }
}
