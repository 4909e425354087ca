/** Calls count for this time to twice as long, in ms. */
const COUNTED_MS = 1_500;
/** From this part of the calls on, refusals come from a limit. An API that refuses fewer refuses at random. */
const LIMITED_PART = 1 / 10;

interface Count {
  refused: number;
  passed: number;
}

/** How many calls the API refused as too many of late, and how many it took. */
export class Refusals {
  #before: Count = { refused: 0, passed: 0 };
  #now: Count = { refused: 0, passed: 0 };
  #from = Number.NEGATIVE_INFINITY;

  passed(now: number): void {
    this.#at(now).passed += 1;
  }

  /** Tells whether the call was `first` in a few seconds, one `ofMany`, or one of a few, as an API at random refuses. */
  refused(now: number): 'first' | 'of many' | 'of few' {
    this.#at(now).refused += 1;
    const refused = this.#before.refused + this.#now.refused;
    const calls = refused + this.#before.passed + this.#now.passed;
    if (refused < calls * LIMITED_PART) return 'of few';
    return refused === 1 ? 'first' : 'of many';
  }

  #at(now: number): Count {
    const ageMs = now - this.#from;
    if (ageMs >= COUNTED_MS) {
      this.#before = ageMs < 2 * COUNTED_MS ? this.#now : { refused: 0, passed: 0 };
      this.#now = { refused: 0, passed: 0 };
      this.#from = now;
    }
    return this.#now;
  }
}
