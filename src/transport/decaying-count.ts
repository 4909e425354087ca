/** Counts events. An event of `meanMs` ago counts for about a third. All times come from the same clock, in ms. */
export class DecayingCount {
  readonly #meanMs: number;
  #count = 0;
  #at = 0;

  constructor(meanMs: number) {
    this.#meanMs = meanMs;
  }

  add(now: number): void {
    this.#count = this.at(now) + 1;
    this.#at = now;
  }

  at(now: number): number {
    return this.#count * Math.exp((this.#at - now) / this.#meanMs);
  }
}
